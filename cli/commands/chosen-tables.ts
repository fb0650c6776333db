/** How the commands of the catalog say which tables they mean. */
import type { Command } from 'commander';
import type { TableChoice } from '../../lambdas/usecases/catalog-tables.ts';

export interface TableOptions {
  readonly target?: string;
}

export const withTables = (command: Command): Command =>
  command
    .argument('[table]', 'name of a table in branchline.yaml; all that are published without it')
    .option('--target <target>', 'tables of this target alone: REPOSITORY/TARGET, or the target alone');

/** Neither a repository nor a branch has a slash in its name. */
export const tablesOf = (table: string | undefined, { target }: TableOptions): TableChoice => {
  const at = target?.indexOf('/') ?? -1;
  return {
    ...(target === undefined ? {} : { target: target.slice(at + 1) }),
    ...(target === undefined || at < 0 ? {} : { repository: target.slice(0, at) }),
    ...(table === undefined ? {} : { table }),
  };
};

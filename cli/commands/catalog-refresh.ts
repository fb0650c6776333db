import type { Command } from 'commander';
import type { TableStatus } from '../../lambdas/usecases/catalog-status.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseDuration } from '../options.ts';
import { during } from '../progress.ts';
import { catalogTable } from '../views/catalog-table.ts';
import { exitCodeOfTables, waitForTables } from '../wait-for-tables.ts';
import { type TableOptions, tablesOf, withTables } from './chosen-tables.ts';

interface RefreshOptions extends TableOptions {
  readonly wait: boolean;
  readonly timeout?: number;
  readonly dryRun?: boolean;
}

export const addCatalogRefresh = (catalog: Command, session: Session): void => {
  const refresh = withTables(
    catalog.command('refresh').description('Has tables show the newest verified commit now, and waits until they do.'),
  )
    .option('--no-wait', 'only ask for it')
    .option('--timeout <duration>', 'wait no longer than that, such as 10m', parseDuration)
    .option('--dry-run', 'only tell which tables are behind')
    .action(async (table: string | undefined, options: RefreshOptions, command: Command) => {
      const context = session.open(command);
      const { catalog: deployed } = context.deployment;
      const choice = tablesOf(table, options);
      const isTrial = options.dryRun === true;
      const answer = await during(context, 'asking for a refresh', () =>
        deployed.refresh({ ...choice, ...(isTrial ? { dryRun: true } : {}) }),
      );
      if (!options.wait || isTrial || answer.outcome !== 'woken') {
        context.answer(answer, () => context.terminal.out(`${answer.outcome}\n`));
        return;
      }
      const isDone = ({ state, failure }: TableStatus): boolean =>
        state === 'shown' || (failure?.triedAt ?? 0) > answer.askedAt;
      const tables = await waitForTables(context, choice, isDone, options.timeout);
      session.exitCode = exitCodeOfTables(tables);
      context.answer({ ...answer, tables }, () => context.terminal.out(catalogTable(context.terminal, tables)));
    });
  withExamples(
    refresh,
    ['branchline catalog refresh', 'all tables that are behind'],
    ['branchline catalog refresh sales --timeout 10m', 'one table; exit code 7 if it takes longer'],
    ['branchline catalog refresh --dry-run', 'changes nothing'],
  );
};

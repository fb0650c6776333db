/** Which published tables a request means, each with what the ledger says about it. */
import type { Publications } from '../catalog-ports.ts';
import type { Publication, Wanted } from '../domain/catalog/publication.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { Target } from '../domain/target.ts';
import type { LakePorts } from '../ports.ts';
import { knownConfig, wantedOf } from './known-tables.ts';

export interface TableChoice {
  readonly repository?: string | undefined;
  readonly target?: string | undefined;
  /** Name in the configuration. */
  readonly table?: string | undefined;
}

/** A target with the chosen ones of its tables. */
export interface ChosenTarget extends Wanted {
  readonly repository: string;
  readonly branch: string;
  /** Absent before the first look at the target. */
  readonly target: Target | undefined;
  readonly publication: Publication | undefined;
}

const namesOf = (choice: TableChoice): string =>
  [
    choice.table === undefined ? undefined : `table "${choice.table}"`,
    choice.repository === undefined ? undefined : `repository "${choice.repository}"`,
    choice.target === undefined ? undefined : `target "${choice.target}"`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');

/** @throws BL7005 where something is named that is not published. */
export const chosenTargets = async (
  ports: LakePorts & { readonly publications: Publications },
  choice: TableChoice,
): Promise<readonly ChosenTarget[]> => {
  const config = await knownConfig(ports);
  const chosen: ChosenTarget[] = [];
  const known: string[] = [];
  for (const { name: repository, targets } of config.repositories) {
    for (const branch of targets) {
      const { tables: all, isDescribed } = wantedOf(config, repository, branch);
      known.push(...all.map(({ name }) => `${repository}/${branch} ${name}`));
      if ((choice.repository ?? repository) !== repository || (choice.target ?? branch) !== branch) continue;
      const tables = all.filter(({ name }) => (choice.table ?? name) === name);
      if (tables.length === 0 && !(isDescribed && choice.table === undefined)) continue;
      const target = await ports.ledger.getTarget(repository, branch);
      const publication = await ports.publications.get(repository, branch);
      chosen.push({ repository, branch, tables, isDescribed, target, publication });
    }
  }
  const names = namesOf(choice);
  if (chosen.length > 0 || names === '') return chosen;
  throw new BranchlineError('BL7005', `nothing published fits ${names}; published: ${known.join(', ') || 'nothing'}`);
};

/**
 * What a person asks of the catalog's writer. The work itself is refresh-catalog's, which alone has the right to write: what is
 * asked for stands in the ledger, so that a message that is lost, or a function that dies, loses none of it.
 */
import type { CatalogPorts } from '../catalog-ports.ts';
import { SCHEMA_VERSION } from '../contract.ts';
import { isPublished, type Publication, type PublishedTable } from '../domain/catalog/publication.ts';
import { digestOfTable } from '../domain/catalog/table.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ChosenTarget } from './catalog-tables.ts';

type WakePorts = Omit<CatalogPorts, 'catalog' | 'manifests' | 'iceberg' | 'pause'>;

/** Others write the entry too: once for each table of a refresh. */
const MAX_RACES = 8;

/** @returns the targets that were woken: those whose readers do not see all that is verified. */
export const wakeBehind = async (
  ports: WakePorts,
  chosen: readonly ChosenTarget[],
  isTrial: boolean,
): Promise<readonly ChosenTarget[]> => {
  const now = ports.clock.now();
  const behind = chosen.filter(
    (each) => each.target !== undefined && !isPublished(each, each.publication, each.target, now),
  );
  if (!isTrial) for (const each of behind) await wake(ports, each);
  return behind;
};

/** A person's call is an order of its own: it must not be dropped as a repeat of an earlier one. */
const wake = async (ports: WakePorts, { target }: ChosenTarget): Promise<void> => {
  if (target !== undefined) await ports.refreshes.wake(target, ports.ids.owner());
};

/** Notes that a comparison is owed, then wakes who makes it. Asked for twice, it is made once or twice, and is right after either. */
export const askComparison = (ports: WakePorts, chosen: ChosenTarget): Promise<EpochMs> =>
  ask(ports, chosen, (now) => ({ compareAskedAt: now }));

/** Notes that the tables are to become of the configured kind, then wakes who does it. */
export const askSwitch = (ports: WakePorts, chosen: ChosenTarget): Promise<EpochMs> =>
  ask(ports, chosen, (now) => ({ switchAskedAt: now }));

const ask = async (
  ports: WakePorts,
  chosen: ChosenTarget,
  what: (now: EpochMs) => Partial<PublishedTable>,
): Promise<EpochMs> => {
  const { repository, branch, tables } = chosen;
  const now = ports.clock.now();
  let found = chosen.publication;
  for (let race = 0; ; race += 1) {
    if (race === MAX_RACES) {
      throw new BranchlineError('BL4003', `${repository}/${branch} is being written again and again`);
    }
    const asked = tables.map((table): readonly [string, PublishedTable] => [
      table.name,
      { ...(found?.tables[table.name] ?? { descriptor: digestOfTable(table) }), ...what(now) },
    ]);
    const next: Publication = {
      ...(found ?? { schemaVersion: SCHEMA_VERSION, version: 0, repository, branch, tables: {} }),
      version: (found?.version ?? 0) + 1,
      tables: { ...found?.tables, ...Object.fromEntries(asked) },
      updatedAt: now,
    };
    const answer = await ports.publications.put(next);
    if (answer.outcome === 'written') break;
    found = answer.publication;
  }
  await wake(ports, chosen);
  return now;
};

/**
 * Brings what readers see of a target to its newest verified commit. What leads here is only a wake-up: a hundred of them find
 * their work done by the first. Interrupted anywhere, the next call goes on.
 */
import type { CatalogPorts, Publisher } from '../catalog-ports.ts';
import { isPublished, type Publication, paceOf, stepOfTable, type TableStep } from '../domain/catalog/publication.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import type { Target } from '../domain/target.ts';
import { careful } from './careful.ts';
import { rememberFooters } from './footer-memory.ts';
import { knownConfig, wantedOf } from './known-tables.ts';
import { leave } from './left-tables.ts';
import { Notes } from './noted.ts';
import { type PublicationWriter, takePublication } from './publication-writer.ts';
import { sayPublished } from './published-view.ts';
import { publisherOfKind } from './publisher.ts';
import { putTable, refreshTable, type Work } from './refresh-table.ts';
import { refreshTogether } from './refresh-together.ts';
import { removedSparkTables } from './spark-tables.ts';
import { isSwitchAsked, obstacleOf, switchesLast, withoutSwitch } from './switch-order.ts';
import { touchedTables } from './table-source.ts';
import { wantedBefore, wantedTables } from './wanted-tables.ts';

export interface RefreshRequest {
  readonly repository: string;
  readonly target: string;
  /** No step is begun after that. */
  readonly until: EpochMs;
  /** Compare every table in full, though the ledger says that all is well. */
  readonly compare?: boolean;
}

export interface RefreshAnswer {
  readonly outcome:
    | 'published'
    | 'up-to-date'
    /** No table of this target names a database, and none is described. */
    | 'nothing-to-publish'
    /** Somebody else is at it, and looks for what is new when it is done. */
    | 'busy'
    /** The time was up: to be called again. */
    | 'unfinished'
    /** Some tables could not be refreshed, each with its cause in the ledger; the others are. */
    | 'failed'
    /** lakeFS is away: reconcile wakes the refresh when it is back. */
    | 'waiting';
  readonly publication?: Publication;
}

export const refreshCatalog = async (
  ports: CatalogPorts,
  request: RefreshRequest,
  publisher: Publisher = publisherOfKind(),
): Promise<RefreshAnswer> => {
  const { repository, target: branch } = request;
  const wanted = wantedOf(await knownConfig(ports, repository), repository, branch);
  const target = await ports.ledger.getTarget(repository, branch);
  if (target === undefined || (wanted.tables.length === 0 && !wanted.isDescribed))
    return { outcome: 'nothing-to-publish' };
  const before = await ports.publications.get(repository, branch);
  const isIdle = before?.lease === undefined && before?.commit === target.verifiedCommit;
  if (isIdle && request.compare !== true && isPublished(wanted, before, target, ports.clock.now())) {
    return { outcome: 'up-to-date', publication: before };
  }
  if (!(await keepPace(ports, before, request.until))) return { outcome: 'unfinished' };
  const writer = await takePublication(ports, repository, branch);
  if (writer === undefined) return { outcome: 'busy' };
  // What was promoted while we waited is shown with it.
  const start = (await ports.ledger.getTarget(repository, branch)) ?? target;
  // What columns are read off is what manifests say, too.
  const reading = { ...ports, footers: rememberFooters(ports.lakefs) };
  // After a fault the right is not given back: a call without an answer may still take effect. Whoever takes it over when it has
  // expired compares in full.
  const outcome = await work(
    { ...wanted, ports: reading, writer, publisher, until: request.until, notes: new Notes() },
    request,
    start,
  );
  await writer.release();
  // Who was woken between our last look and the release found us at it, and went.
  const latest = await ports.ledger.getTarget(repository, branch);
  const isNew = outcome === 'published' && latest?.verifiedCommit !== writer.entry.commit;
  if (isNew && ports.clock.now() < request.until)
    return refreshCatalog(ports, { ...request, compare: false }, publisher);
  return { outcome: isNew ? 'unfinished' : outcome, publication: writer.entry };
};

/** @returns false where there is no time for it: the next invocation goes on. */
const keepPace = async (
  ports: CatalogPorts,
  publication: Publication | undefined,
  until: EpochMs,
): Promise<boolean> => {
  const now = ports.clock.now();
  const wait = paceOf(publication, now);
  if (now + wait >= until && wait > 0) return false;
  if (wait > 0) await ports.pause(wait);
  return true;
};

type WorkOutcome = 'published' | 'unfinished' | 'failed' | 'waiting';

/** Table by table; then again where the target moved on meanwhile: who is woken while we work finds it held, and goes. */
const work = async (known: Work, request: RefreshRequest, start: Target): Promise<WorkOutcome> => {
  const { ports, writer } = known;
  let target = start;
  let compare = request.compare === true || writer.tookOver;
  for (;;) {
    const of = await workAt({ ...known, byHandAt: target.byHand?.at }, target.verifiedCommit, compare);
    if (typeof of === 'string') return of;
    const outcome = await refreshTables(of, target.verifiedCommit, compare);
    if (outcome !== 'published') return outcome;
    const current = (await ports.ledger.getTarget(request.repository, request.target)) ?? target;
    const now = ports.clock.now();
    if (isPublished(of, writer.entry, target, now)) {
      await sayPublished(of, target.verifiedCommit);
      await recordPublished(writer, target, now);
    }
    if (isPublished(of, writer.entry, current, now)) return 'published';
    if (now >= request.until || !(await keepPace(ports, writer.entry, request.until))) return 'unfinished';
    target = (await ports.ledger.getTarget(request.repository, request.target)) ?? current;
    compare = false;
  }
};

/** With the tables that the commit describes. What was begun by earlier descriptions is ended by them. */
const workAt = async (
  known: Work,
  commit: string,
  compare: boolean,
): Promise<Work | Exclude<WorkOutcome, 'published' | 'failed'>> =>
  unlessAway(known.ports, async () => {
    const { ports, writer, isDescribed } = known;
    const { described } = writer.entry;
    if (isDescribed && described !== undefined && described.commit !== commit) {
      const ended = await endBegun({ ...known, tables: await wantedBefore(ports, writer.entry) }, described.commit);
      if (ended === 'unfinished') return 'unfinished';
    }
    return { ...known, tables: await wantedTables(ports, writer, commit, compare) };
  });

/** Tables of which a refresh died, each on its way to a commit. One that failed may need the new description to be mended. */
const endBegun = async (of: Work, verified: string): Promise<'done' | 'unfinished'> => {
  const { ports, writer, tables, until } = of;
  for (const table of tables) {
    const record = writer.entry.tables[table.name];
    if (record?.towards === undefined || record.failure !== undefined) continue;
    if (ports.clock.now() >= until) return 'unfinished';
    const compare = writer.tookOver;
    const step = stepOfTable(table, record, verified, { compare, now: ports.clock.now() });
    if (step.step === 'none') continue;
    const done = await careful(of, table, () => refreshAlone(of, table, step, { verified, compare }));
    if (done === 'unfinished') return 'unfinished';
  }
  return 'done';
};

const recordPublished = (writer: PublicationWriter, target: Target, now: EpochMs): Promise<void> =>
  writer.save((entry) => ({
    ...entry,
    ...(entry.commit === target.verifiedCommit
      ? {}
      : { publishedAt: now, lagMs: Math.max(0, now - (target.verifiedAt ?? target.updatedAt)) }),
    commit: target.verifiedCommit,
  }));

const refreshAlone = async (
  of: Work,
  table: TableDescriptor,
  planned: Exclude<TableStep, { step: 'none' }>,
  { verified, compare }: { readonly verified: string; readonly compare: boolean },
): Promise<'done' | 'unfinished'> => {
  const obstacle = obstacleOf(of, table);
  const step = obstacle === undefined ? planned : withoutSwitch(of, table, planned, { verified, compare });
  const switches = obstacle === undefined && isSwitchAsked(of, table);
  const done = step.step === 'none' ? 'done' : await refreshTable(of, table, step, { verified, switches });
  if (typeof done === 'object' || done === 'unfinished') return 'unfinished';
  if (obstacle !== undefined) throw obstacle;
  return done;
};

const refreshTables = async (of: Work, verified: string, compare: boolean): Promise<WorkOutcome> => {
  const { ports, writer, tables, until } = of;
  const now = ports.clock.now();
  const steps = new Map<TableDescriptor, TableStep>(
    tables.map((table) => [table, stepOfTable(table, writer.entry.tables[table.name], verified, { compare, now })]),
  );
  await leave(ports, writer, tables);
  let failed = false;
  for (const { table, remove } of removedSparkTables(of))
    if ((await careful(of, table, remove)) === 'failed') failed = true;
  const outcome = await unlessAway(ports, async () => {
    await passOver(of, steps);
    const together = await refreshTogether(of, steps, verified);
    if (together === 'unfinished') return 'unfinished';
    if (together === 'failed') failed = true;
    for (const [table, step] of switchesLast(of, steps)) {
      if (step.step === 'none') continue;
      if (ports.clock.now() >= until) return 'unfinished';
      const done = await careful(of, table, () => refreshAlone(of, table, step, { verified, compare }));
      if (done === 'unfinished') return 'unfinished';
      if (done === 'failed') failed = true;
    }
    return 'published';
  });
  return outcome === 'published' && failed ? 'failed' : outcome;
};

const unlessAway = async <T>(ports: CatalogPorts, refresh: () => Promise<T>): Promise<T | 'waiting'> => {
  try {
    return await refresh();
  } catch (error) {
    if (!isBranchlineError(error, 'BL3001', 'BL3002', 'BL3003', 'BL3007')) throw error;
    ports.log.warn('refresh put off', { reason: error.message });
    return 'waiting';
  }
};

/** Tables of which the commits between hold no change show the new commit already: one call to lakeFS, none to Glue. */
const passOver = async ({ ports, writer }: Work, steps: Map<TableDescriptor, TableStep>): Promise<void> => {
  const following = [...steps].flatMap(([table, step]) => (step.step === 'follow' ? [{ table, ...step }] : []));
  const groups = Map.groupBy(following, ({ from, to }) => `${from} ${to}`);
  for (const group of groups.values()) {
    const [first] = group;
    // One table alone is asked about by its own diff, and one for Spark beside it is not asked about at all.
    if (first === undefined || group.filter(({ table }) => table.spark === undefined).length <= 1) continue;
    const touched = await touchedTables(
      ports,
      group.map(({ table }) => table),
      first.from,
      first.to,
    ).catch((error: unknown) => {
      // A commit that lakeFS does not know any more: each table is compared in full.
      if (isBranchlineError(error, 'BL3004')) return undefined;
      throw error;
    });
    const still = group.filter(
      ({ table }) => touched?.has(table.name) === false && writer.entry.tables[table.name]?.towards === undefined,
    );
    if (still.length === 0) continue;
    await writer.save((entry) =>
      still.reduce((next, { table, to }) => {
        const record = next.tables[table.name];
        return record === undefined ? next : putTable(next, table.name, { ...record, commit: to });
      }, entry),
    );
    for (const { table } of still) steps.set(table, { step: 'none' });
  }
};

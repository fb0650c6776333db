/**
 * By which snapshots Iceberg tables show an earlier state of their target: what a person writes behind `FOR VERSION AS OF`. Changes
 * nothing.
 *
 * A refresh that brings several promotions makes one snapshot, and a commit that leaves a table alone makes none. So it is the newest
 * snapshot of the state asked for or of one before it, and the answer says whether the table has the same files in both.
 */
import type { CatalogReader, IcebergReader, Publications } from '../catalog-ports.ts';
import { SYMLINK_SUFFIX } from '../contract.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { TableMetadata } from '../domain/iceberg/metadata.ts';
import { type Snapshot, SUMMARY } from '../domain/iceberg/snapshot.ts';
import type { EpochMs, Run } from '../domain/run.ts';
import { RUN_ID_PATTERN } from '../payloads.ts';
import { type ChosenTarget, chosenTargets, type TableChoice } from './catalog-tables.ts';
import { differs } from './iceberg-refs.ts';
import { openIceberg } from './iceberg-table.ts';
import { presentKind } from './publisher.ts';
import { type StatePorts, stateOfTarget } from './state-of-target.ts';
import { historySince } from './target-history.ts';

export interface AtPorts extends StatePorts {
  readonly catalog: CatalogReader;
  readonly iceberg: IcebergReader;
  readonly publications: Publications;
}

export interface TableAt {
  readonly repository: string;
  readonly target: string;
  readonly table: string;
  readonly database: string;
  readonly tableName: string;
  /** The commit that was asked for. */
  readonly asked: string;
  readonly state: /** The snapshot has the files of the commit that was asked for. */
    | 'same'
    /** That state was never shown by itself: the snapshot is of the newest one before it. */
    | 'earlier'
    /** The snapshots that showed it have left. */
    | 'expired'
    /** The table was first shown at a later commit. */
    | 'not-yet-shown'
    /** Glue shows it without snapshots: by symlinks, to Spark, or not at all. */
    | 'no-snapshots';
  /** The commit that the snapshot shows. */
  readonly commit?: string;
  readonly snapshot?: string;
  /** When readers began to see it. */
  readonly shownAt?: EpochMs;
  readonly query?: string;
}

export interface AtAnswer {
  readonly at: readonly TableAt[];
}

export interface AtRequest extends TableChoice {
  /** A commit, tag, snapshot or branch of lakeFS, the id of a run, or a time with its zone. */
  readonly ref: string;
}

/** Attempts of a run id that are looked for: Glue's own limit for retries is 10. Source: AWS Glue API, `MaxRetries`. */
const MAX_ATTEMPTS = 11;

/** @throws BL7021 where no target that is meant ever had that state, BL7022 where no table can be read at it. */
export const tablesAt = async (ports: AtPorts, request: AtRequest): Promise<AtAnswer> => {
  const at: TableAt[] = [];
  const refusals: BranchlineError[] = [];
  for (const chosen of await chosenTargets(ports, request)) {
    try {
      const commit = await commitOf(ports, chosen, request.ref);
      for (const table of tablesOf(chosen, request)) at.push(await tableAt(ports, chosen, table, commit));
    } catch (error) {
      // It may be the state of another repository, or of another target.
      if (!isBranchlineError(error, 'BL1005', 'BL2022', 'BL3004')) throw error;
      refusals.push(error);
    }
  }
  const [refusal] = refusals;
  if (at.length === 0 && refusal !== undefined) {
    throw refusal.code === 'BL2022' ? new BranchlineError('BL7021', refusal.message) : refusal;
  }
  if (at.some(({ query }) => query !== undefined)) return { at };
  throw new BranchlineError('BL7022', at.map(whyNot).join('; ') || 'no table is published');
};

const whyNot = ({ table, state, asked }: TableAt): string => {
  const commit = asked.slice(0, 12);
  if (state === 'expired') return `the snapshot of table "${table}" that showed ${commit} has expired`;
  if (state === 'not-yet-shown') return `table "${table}" was first shown at a later commit than ${commit}`;
  return `table "${table}" is no Iceberg table`;
};

/** Those beside another have its rows: the other answers for them, unless they are asked for by name. */
const tablesOf = ({ tables }: ChosenTarget, { table: name }: AtRequest): readonly TableDescriptor[] => {
  const besides = new Set(
    tables.filter(({ iceberg }) => iceberg !== undefined).map((t) => `${t.name}${SYMLINK_SUFFIX}`),
  );
  return tables.filter((table) => name !== undefined || (table.spark === undefined && !besides.has(table.name)));
};

const commitOf = async (ports: AtPorts, { repository, branch }: ChosenTarget, ref: string): Promise<string> => {
  const asked = { repository, target: branch, to: ref };
  try {
    return (await stateOfTarget(ports, asked)).id;
  } catch (error) {
    const run = isBranchlineError(error, 'BL3004') ? await runOf(ports, repository, branch, ref) : undefined;
    if (run === undefined) throw error;
    if (run.mergeCommit !== undefined) return (await stateOfTarget(ports, { ...asked, to: run.mergeCommit })).id;
    throw new BranchlineError('BL1005', `run ${ref} is ${run.state}: readers have seen only what was promoted`);
  }
};

/** The newest attempt, one that was promoted before all others. */
const runOf = async (ports: AtPorts, repository: string, target: string, id: string): Promise<Run | undefined> => {
  if (!RUN_ID_PATTERN.test(id)) return undefined;
  const attempts = Array.from({ length: MAX_ATTEMPTS }, (_, attempt) => ({ runId: id, attempt }));
  const runs = (await ports.ledger.getRuns(attempts))
    .filter((run) => run.repository === repository && run.target === target)
    .sort((a, b) => b.attempt - a.attempt);
  return runs.find(({ mergeCommit }) => mergeCommit !== undefined) ?? runs[0];
};

const tableAt = async (
  ports: AtPorts,
  { repository, branch }: ChosenTarget,
  table: TableDescriptor,
  asked: string,
): Promise<TableAt> => {
  const { database, tableName, name, path } = table;
  const id = { repository, target: branch, table: name, database, tableName, asked };
  const stored = await ports.catalog.getTable(database, tableName);
  const { metadata } =
    presentKind(table, stored) === 'iceberg'
      ? await openIceberg(ports, table, { table: stored })
      : { metadata: undefined };
  if (metadata === undefined) return { ...id, state: 'no-snapshots' };
  const snapshot = await newestUpTo(ports, table, metadata, asked);
  if (snapshot === undefined) return { ...id, state: startsIn(metadata) ? 'not-yet-shown' : 'expired' };
  const commit = snapshot.summary[SUMMARY.commit] ?? '';
  const isSame = commit === asked || !(await differs(ports.lakefs, repository, commit, asked, path));
  return {
    ...{ ...id, state: isSame ? 'same' : 'earlier', commit, snapshot: String(snapshot['snapshot-id']) },
    shownAt: snapshot['timestamp-ms'],
    query: `SELECT * FROM "${database}"."${tableName}" FOR VERSION AS OF ${String(snapshot['snapshot-id'])}`,
  };
};

/** In the order of the target's history, which times of snapshots do not tell: the newest of the commit, or of one before it. */
const newestUpTo = async (
  ports: AtPorts,
  { repository, target }: TableDescriptor,
  metadata: TableMetadata,
  asked: string,
): Promise<Snapshot | undefined> => {
  // A repair makes another of the same commit, which stands behind it.
  const byCommit = new Map((metadata.snapshots ?? []).map((each) => [each.summary[SUMMARY.commit] ?? '', each]));
  const { newestFirst } = await historySince(ports, repository, target, asked);
  for (const { id } of newestFirst) if (id !== asked) byCommit.delete(id);
  byCommit.delete('');
  if (byCommit.size === 0) return undefined;
  for await (const { id } of ports.lakefs.log(repository, asked, {})) {
    const found = byCommit.get(id);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Whether no snapshot before those that are there has left. */
const startsIn = ({ snapshots = [] }: TableMetadata): boolean =>
  snapshots.some((snapshot) => snapshot['parent-snapshot-id'] === undefined);

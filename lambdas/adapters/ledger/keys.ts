/**
 * Where things lie in the ledger table. One table:
 *
 * | item         | pk                         | sk                                        | found by                         |
 * | ------------ | -------------------------- | ----------------------------------------- | -------------------------------- |
 * | run          | `RUN#<run id>`             | `ATTEMPT#<6 digits>`                      | all three indexes                |
 * | its changes  | `RUN#<run id>`             | `CHANGES#<6 digits>#<chunk, 4 digits>`    | key only                         |
 * | target       | `TARGET#<repo>#<branch>`   | `TARGET`                                  | recent-index, `TARGETS`          |
 * | publication  | `TARGET#<repo>#<branch>`   | `PUBLICATION`                             | key only                         |
 * | columns      | `TARGET#<repo>#<branch>`   | `COLUMNS#<table>#<digest>`                | key only                         |
 * | descriptions of tables | `TARGET#<repo>#<branch>` | `DESCRIBED#<digest>#<chunk, 4 digits>` | key only |
 * | snapshot     | `SNAPSHOT#<repo>#<id>`     | `SNAPSHOT`                                | recent-index, `SNAPSHOTS`        |
 * | restore      | `RESTORE#<repo>`           | `<time>-<owner>`                          | key only                         |
 * | rotation     | `ROTATION`                 | `ROTATION`                                | key only                         |
 * | unnamed manifests | `TARGET#<repo>#<branch>` | `UNNAMED#<table, URL-encoded>#<chunk, 4 digits>` | key only; goes after 30 days |
 * | preview      | `PREVIEW#<name>`           | `PREVIEW`                                 | recent-index, `PREVIEWS`         |
 * | rollback     | `ROLLBACK#<id>`            | `ROLLBACK`                                | recent-index, `ROLLBACKS`; state-index |
 * | export       | `EXPORT#<name>`            | `EXPORT`                                  | key only                         |
 * | collections  | `COLLECTION#<repo>`        | `COLLECTION`                              | key only                         |
 * | drill        | `DRILL#<kind>`             | `<id>`                                    | key only                         |
 * | second region | `REPLICATION#<repo>`      | `REPLICATION`                             | key only                         |
 * | erasure      | `ERASURE#<repo>`           | `<id>`                                    | key only                         |
 * | request      | `REQUEST#<id>`             | `REQUEST`                                 | recent-index, `REQUESTS`; goes after 400 days |
 * | unmanaged    | `UNMANAGED#<job run id>`   | `UNMANAGED`                               | job-run-index; goes after 90 days |
 */
import { formatRunKey, isSettled, needsCleanUp, type Run, type RunKey, type RunState } from '../../domain/run.ts';

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

const sixDigits = (attempt: number): string => String(attempt).padStart(6, '0');

export const runItemKey = ({ runId, attempt }: RunKey): ItemKey => ({
  pk: `RUN#${runId}`,
  sk: `ATTEMPT#${sixDigits(attempt)}`,
});

export const changesPrefix = ({ attempt }: RunKey): string => `CHANGES#${sixDigits(attempt)}#`;
export const changesItemKey = (key: RunKey, chunk: number): ItemKey => ({
  pk: `RUN#${key.runId}`,
  sk: `${changesPrefix(key)}${String(chunk).padStart(4, '0')}`,
});

/** Neither repository nor branch can hold a `#`. */
export const targetItemKey = (repository: string, branch: string): ItemKey => ({
  pk: `TARGET#${repository}#${branch}`,
  sk: 'TARGET',
});

export const publicationItemKey = (repository: string, branch: string): ItemKey => ({
  pk: `TARGET#${repository}#${branch}`,
  sk: 'PUBLICATION',
});

export const columnsItemKey = (
  { repository, target, name }: { readonly repository: string; readonly target: string; readonly name: string },
  digest: string,
): ItemKey => ({ pk: `TARGET#${repository}#${target}`, sk: `COLUMNS#${name}#${digest}` });

export const describedItemKey = (
  { repository, branch }: { readonly repository: string; readonly branch: string },
  digest: string,
  chunk: number,
): ItemKey => ({
  pk: `TARGET#${repository}#${branch}`,
  sk: `DESCRIBED#${digest}#${String(chunk).padStart(4, '0')}`,
});

export const restoreItemKey = (repository: string, id: string): ItemKey => ({ pk: `RESTORE#${repository}`, sk: id });

/** One for the deployment: it has one key pair. */
export const ROTATION_ITEM_KEY: ItemKey = { pk: 'ROTATION', sk: 'ROTATION' };

export const snapshotItemKey = (repository: string, id: string): ItemKey => ({
  pk: `SNAPSHOT#${repository}#${id}`,
  sk: 'SNAPSHOT',
});
export const rollbackItemKey = (id: string): ItemKey => ({ pk: `ROLLBACK#${id}`, sk: 'ROLLBACK' });
export const collectionItemKey = (repository: string): ItemKey => ({
  pk: `COLLECTION#${repository}`,
  sk: 'COLLECTION',
});
/** Ids of one kind sort by time. */
export const drillItemKey = (kind: string, id: string): ItemKey => ({ pk: `DRILL#${kind}`, sk: id });
export const replicationItemKey = (repository: string): ItemKey => ({
  pk: `REPLICATION#${repository}`,
  sk: 'REPLICATION',
});
export const erasureItemKey = (repository: string, id: string): ItemKey => ({ pk: `ERASURE#${repository}`, sk: id });
export const exportItemKey = (name: string): ItemKey => ({ pk: `EXPORT#${name}`, sk: 'EXPORT' });

/** A name may hold a `#`. */
export const unnamedPrefix = ({ name }: { readonly name: string }): string => `UNNAMED#${encodeURIComponent(name)}#`;
export const unnamedItemKey = (
  of: { readonly repository: string; readonly target: string; readonly name: string },
  chunk: number,
): ItemKey => ({
  pk: `TARGET#${of.repository}#${of.target}`,
  sk: `${unnamedPrefix(of)}${String(chunk).padStart(4, '0')}`,
});

export const previewItemKey = (name: string): ItemKey => ({ pk: `PREVIEW#${name}`, sk: 'PREVIEW' });

/** Ids begin with the time: they sort by it. */
export const requestItemKey = (id: string): ItemKey => ({ pk: `REQUEST#${id}`, sk: 'REQUEST' });

export const unmanagedItemKey = (jobRunId: string): ItemKey => ({ pk: `UNMANAGED#${jobRunId}`, sk: 'UNMANAGED' });

export const RUNS_LIST = 'RUNS';
export const TARGETS_LIST = 'TARGETS';
export const PREVIEWS_LIST = 'PREVIEWS';
export const SNAPSHOTS_LIST = 'SNAPSHOTS';
export const ROLLBACKS_LIST = 'ROLLBACKS';
export const REQUESTS_LIST = 'REQUESTS';
/** Partition of the state index for rollbacks that are not finished. */
export const UNFINISHED_ROLLBACKS = 'STATE#ROLLBACK';
/** Partition of the state index for settled runs that still owe something. */
export const CLEAN_UP = 'STATE#CLEANUP';

export const stateKeyOf = (state: RunState): string => `STATE#${state}`;

/** Order of listings: by the time of opening, then by run key so that two runs of one millisecond have one order. */
export const sortKeyOf = (run: Run): string => `${new Date(run.openedAt).toISOString()}#${formatRunKey(run)}`;

export interface IndexKeys {
  readonly listKey: string;
  readonly sortKey: string;
  readonly stateKey?: string;
}

/** The state index is sparse: a run that has ended and owes nothing is not in it. */
export const indexKeysOf = (run: Run): IndexKeys => {
  const keys = { listKey: RUNS_LIST, sortKey: sortKeyOf(run) };
  if (!isSettled(run.state)) return { ...keys, stateKey: stateKeyOf(run.state) };
  return needsCleanUp(run) ? { ...keys, stateKey: CLEAN_UP } : keys;
};

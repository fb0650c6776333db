/**
 * Entries as items and back. An entry lies in its item as it is, beside keys that only the table needs. Items of every
 * earlier schema version stay readable (test/fixtures/ledger holds one of each); fields of a later version are carried along
 * and written back, so that going back one deployment loses nothing.
 */
import { LEDGER_TTL, SCHEMA_VERSION } from '../../contract.ts';
import type { TableColumns } from '../../domain/catalog/columns.ts';
import type { Publication } from '../../domain/catalog/publication.ts';
import type { CollectionRecord } from '../../domain/collection.ts';
import { DRILL_KINDS, DRILL_STATE, type Drill } from '../../domain/drill.ts';
import { ERASURE_STATE, type Erasure } from '../../domain/erasure-record.ts';
import { BranchlineError } from '../../domain/errors.ts';
import type { ExportRecord } from '../../domain/export.ts';
import type { ReplicationRecord } from '../../domain/replication.ts';
import type { RestoreRecord } from '../../domain/restore.ts';
import { isUnfinished, ROLLBACK_STATE, type Rollback } from '../../domain/rollback.ts';
import type { Rotation } from '../../domain/rotation.ts';
import type { Run } from '../../domain/run.ts';
import { RUN_STATE } from '../../domain/run.ts';
import { SNAPSHOT_STATE, type Snapshot } from '../../domain/snapshot.ts';
import type { Target } from '../../domain/target.ts';
import {
  collectionItemKey,
  drillItemKey,
  erasureItemKey,
  exportItemKey,
  type ItemKey,
  indexKeysOf,
  publicationItemKey,
  ROLLBACKS_LIST,
  ROTATION_ITEM_KEY,
  replicationItemKey,
  restoreItemKey,
  rollbackItemKey,
  runItemKey,
  SNAPSHOTS_LIST,
  snapshotItemKey,
  TARGETS_LIST,
  targetItemKey,
  UNFINISHED_ROLLBACKS,
} from './keys.ts';

export type Item = Readonly<Record<string, unknown>>;

export const ITEM_KIND = {
  run: 'run',
  changes: 'changes',
  target: 'target',
  publication: 'publication',
  columns: 'columns',
  described: 'described',
  snapshot: 'snapshot',
  unnamed: 'unnamed',
  preview: 'preview',
  rollback: 'rollback',
  export: 'export',
  unmanaged: 'unmanaged',
  rotation: 'rotation',
  restore: 'restore',
  collection: 'collection',
  drill: 'drill',
  replication: 'replication',
  erasure: 'erasure',
  request: 'request',
} as const;

/** Attributes of the table, none of the entry. */
const TABLE_ATTRIBUTES = ['pk', 'sk', 'kind', 'listKey', 'sortKey', 'stateKey', 'writtenBy', 'ttl'];

export const entryOf = (item: Item): Record<string, unknown> =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !TABLE_ATTRIBUTES.includes(name)));

export const unreadable = (item: Item, field: string, allowed: string): BranchlineError =>
  new BranchlineError(
    'BL5001',
    `ledger item ${String(item.pk)} / ${String(item.sk)} has ${field} ${JSON.stringify(item[field]) ?? 'missing'}, expected ${allowed}`,
  );

export const requireStrings = (item: Item, fields: readonly string[]): void => {
  for (const field of fields) if (typeof item[field] !== 'string') throw unreadable(item, field, 'a text');
};
export const requireNumbers = (item: Item, fields: readonly string[]): void => {
  for (const field of fields) if (typeof item[field] !== 'number') throw unreadable(item, field, 'a number');
};

/**
 * @param writtenBy name of this one write. The SDK repeats a write whose answer was lost; the repeat then fails its condition
 *   on what the first try wrote, and the name tells that from another writer.
 */
export const runItem = (run: Run, writtenBy: string): Item => ({
  ...run,
  ...runItemKey(run),
  ...indexKeysOf(run),
  kind: ITEM_KIND.run,
  writtenBy,
});

const RUN_TEXTS = ['runId', 'job', 'pipeline', 'repository', 'target', 'branch', 'baseCommit'];
const RUN_NUMBERS = ['attempt', 'version', 'openedAt', 'updatedAt'];
const RUN_DEFAULTS = { schemaVersion: SCHEMA_VERSION, rerunNumber: 0, branchDeleted: false, steps: [] };

/** @throws BL5001 where the item is no run: naming item, field, what was found and what is expected. */
export const toRun = (item: Item): Run => {
  requireStrings(item, RUN_TEXTS);
  requireNumbers(item, RUN_NUMBERS);
  if (typeof item.state !== 'string' || !Object.hasOwn(RUN_STATE, item.state)) {
    throw unreadable(item, 'state', `one of ${Object.keys(RUN_STATE).join(', ')}`);
  }
  return { ...RUN_DEFAULTS, ...entryOf(item) } as unknown as Run;
};

export const targetItem = (target: Target, writtenBy: string): Item => ({
  ...target,
  ...targetItemKey(target.repository, target.branch),
  kind: ITEM_KIND.target,
  listKey: TARGETS_LIST,
  sortKey: `${target.repository}#${target.branch}`,
  writtenBy,
});

/** @throws BL5001 as `toRun`. */
export const toTarget = (item: Item): Target => {
  requireStrings(item, ['repository', 'branch', 'verifiedCommit']);
  requireNumbers(item, ['version', 'updatedAt']);
  return { schemaVersion: SCHEMA_VERSION, ...entryOf(item) } as unknown as Target;
};

export const publicationItem = (publication: Publication, writtenBy: string): Item => ({
  ...publication,
  ...publicationItemKey(publication.repository, publication.branch),
  kind: ITEM_KIND.publication,
  writtenBy,
});

/** @throws BL5001 as `toRun`. */
export const toPublication = (item: Item): Publication => {
  requireStrings(item, ['repository', 'branch']);
  requireNumbers(item, ['version', 'updatedAt']);
  return { schemaVersion: SCHEMA_VERSION, tables: {}, ...entryOf(item) } as unknown as Publication;
};

export const columnsItem = (key: ItemKey, columns: TableColumns): Item => ({
  ...columns,
  ...key,
  kind: ITEM_KIND.columns,
  schemaVersion: SCHEMA_VERSION,
});

/** @throws BL5001 as `toRun`. */
export const toColumns = (item: Item): TableColumns => {
  if (!Array.isArray(item.columns)) throw unreadable(item, 'columns', 'a list');
  const { columns, leftOut = [], misfits = [] } = entryOf(item);
  return { columns, leftOut, misfits } as TableColumns;
};

/** Who asked for what is wanted for more than a year; then a pruned snapshot is forgotten. */
const PRUNED_DAYS = 400;

export const snapshotItem = (snapshot: Snapshot, writtenBy: string): Item => ({
  ...snapshot,
  ...snapshotItemKey(snapshot.repository, snapshot.id),
  kind: ITEM_KIND.snapshot,
  // `kind` is the table's own attribute: the entry's has another name here.
  snapshotKind: snapshot.kind,
  writtenBy,
  ...(snapshot.state === SNAPSHOT_STATE.PRUNED
    ? { [LEDGER_TTL]: Math.floor(snapshot.updatedAt / 1000) + PRUNED_DAYS * 86_400 }
    : {
        listKey: SNAPSHOTS_LIST,
        sortKey: `${new Date(snapshot.startedAt).toISOString()}#${snapshot.repository}#${snapshot.id}`,
      }),
});

/** @throws BL5001 as `toRun`. */
export const toSnapshot = (item: Item): Snapshot => {
  requireStrings(item, ['id', 'repository', 'target', 'commit', 'metaRangeId', 'keeperBranch', 'snapshotKind']);
  requireNumbers(item, ['version', 'startedAt', 'updatedAt']);
  if (typeof item.state !== 'string' || !Object.hasOwn(SNAPSHOT_STATE, item.state))
    throw unreadable(item, 'state', `one of ${Object.keys(SNAPSHOT_STATE).join(', ')}`);
  const { snapshotKind, ...entry } = entryOf(item);
  return { schemaVersion: SCHEMA_VERSION, requestedBy: '', ...entry, kind: snapshotKind } as unknown as Snapshot;
};

export const rotationItem = (rotation: Rotation, writtenBy: string): Item => ({
  ...rotation,
  ...ROTATION_ITEM_KEY,
  kind: ITEM_KIND.rotation,
  writtenBy,
});

/** In order of the asking; the state index is sparse here too. */
export const rollbackItem = (rollback: Rollback, writtenBy: string): Item => ({
  ...rollback,
  ...rollbackItemKey(rollback.id),
  kind: ITEM_KIND.rollback,
  listKey: ROLLBACKS_LIST,
  sortKey: `${new Date(rollback.requestedAt).toISOString()}#${rollback.id}`,
  ...(isUnfinished(rollback) ? { stateKey: UNFINISHED_ROLLBACKS } : {}),
  writtenBy,
});

export const exportItem = (record: ExportRecord, writtenBy: string): Item => ({
  ...record,
  ...exportItemKey(record.name),
  kind: ITEM_KIND.export,
  writtenBy,
});

/** @throws BL5001 as `toRun`. */
export const toRotation = (item: Item): Rotation => {
  requireNumbers(item, ['version', 'updatedAt']);
  return { schemaVersion: SCHEMA_VERSION, ...entryOf(item) } as unknown as Rotation;
};

export const restoreItem = (restore: RestoreRecord, writtenBy: string): Item => ({
  ...restore,
  ...restoreItemKey(restore.repository, restore.id),
  kind: ITEM_KIND.restore,
  writtenBy,
});

/** @throws BL5001 as `toRun`. */
export const toRestore = (item: Item): RestoreRecord => {
  requireStrings(item, ['id', 'repository', 'what', 'requestedBy']);
  requireNumbers(item, ['version', 'startedAt', 'updatedAt']);
  return { schemaVersion: SCHEMA_VERSION, ...entryOf(item) } as unknown as RestoreRecord;
};

/** @throws BL5001 as `toRun`. */
export const toRollback = (item: Item): Rollback => {
  requireStrings(item, ['id', 'repository', 'target', 'requestedBy']);
  requireNumbers(item, ['version', 'requestedAt', 'updatedAt']);
  if (typeof item.state !== 'string' || !Object.hasOwn(ROLLBACK_STATE, item.state)) {
    throw unreadable(item, 'state', `one of ${Object.keys(ROLLBACK_STATE).join(', ')}`);
  }
  return {
    schemaVersion: SCHEMA_VERSION,
    dryRun: false,
    asked: {},
    steps: [],
    ...entryOf(item),
  } as unknown as Rollback;
};

/** @throws BL5001 as `toRun`. */
export const toExport = (item: Item): ExportRecord => {
  requireStrings(item, ['name']);
  requireNumbers(item, ['version', 'updatedAt', 'sequence']);
  return { schemaVersion: SCHEMA_VERSION, ...entryOf(item) } as unknown as ExportRecord;
};

export const collectionItem = (record: CollectionRecord, writtenBy: string): Item => ({
  ...record,
  ...collectionItemKey(record.repository),
  kind: ITEM_KIND.collection,
  writtenBy,
});

/** @throws BL5001 as `toRun`. */
export const toCollection = (item: Item): CollectionRecord => {
  requireStrings(item, ['repository']);
  requireNumbers(item, ['version', 'updatedAt']);
  return { schemaVersion: SCHEMA_VERSION, past: [], ...entryOf(item) } as unknown as CollectionRecord;
};

export const drillItem = (drill: Drill, writtenBy: string): Item => ({
  ...drill,
  ...drillItemKey(drill.drillKind, drill.id),
  kind: ITEM_KIND.drill,
  writtenBy,
});

export const replicationItem = (record: ReplicationRecord, writtenBy: string): Item => ({
  ...record,
  ...replicationItemKey(record.repository),
  kind: ITEM_KIND.replication,
  writtenBy,
});

export const erasureItem = (erasure: Erasure, writtenBy: string): Item => ({
  ...erasure,
  ...erasureItemKey(erasure.repository, erasure.id),
  kind: ITEM_KIND.erasure,
  writtenBy,
});

/** @throws BL5001 as `toRun`. */
export const toDrill = (item: Item): Drill => {
  requireStrings(item, ['id', 'drillKind', 'repository', 'storageNamespace', 'requestedBy']);
  requireNumbers(item, ['version', 'startedAt', 'updatedAt', 'leaseUntil']);
  if (!(DRILL_KINDS as readonly unknown[]).includes(item['drillKind']))
    throw unreadable(item, 'drillKind', `one of ${DRILL_KINDS.join(', ')}`);
  if (typeof item.state !== 'string' || !Object.hasOwn(DRILL_STATE, item.state))
    throw unreadable(item, 'state', `one of ${Object.keys(DRILL_STATE).join(', ')}`);
  return { schemaVersion: SCHEMA_VERSION, steps: [], isRemoved: false, ...entryOf(item) } as unknown as Drill;
};

/** @throws BL5001 as `toRun`. */
export const toReplication = (item: Item): ReplicationRecord => {
  requireStrings(item, ['repository', 'region']);
  requireNumbers(item, ['version', 'updatedAt']);
  const defaults = { schemaVersion: SCHEMA_VERSION, targets: {}, metadata: { begun: 0, whole: 0 }, pointsGivenUp: 0 };
  return { ...defaults, ...entryOf(item) } as unknown as ReplicationRecord;
};

/** @throws BL5001 as `toRun`. */
export const toErasure = (item: Item): Erasure => {
  requireStrings(item, ['id', 'repository', 'digest', 'requestedBy', 'reason']);
  requireNumbers(item, ['version', 'requestedAt', 'updatedAt']);
  if (typeof item.state !== 'string' || !Object.hasOwn(ERASURE_STATE, item.state))
    throw unreadable(item, 'state', `one of ${Object.keys(ERASURE_STATE).join(', ')}`);
  return {
    schemaVersion: SCHEMA_VERSION,
    removeTags: [],
    replacements: [],
    runs: {},
    ...entryOf(item),
  } as unknown as Erasure;
};

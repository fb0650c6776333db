/**
 * The metadata file of a table: schemas, specs, snapshots, tags. Pure.
 *
 * Source: Iceberg specification, "Table metadata", format version 2.
 */
import type { SnapshotId } from './manifest-file.ts';
import type { NameMapping } from './name-mapping.ts';
import { NO_SPECS, type PartitionSpec, type Specs } from './partition-spec.ts';
import { type Keep, keptSnapshots, type LakeRefs, REFS, refsOf, refsProperty } from './retention.ts';
import { NO_SCHEMAS, type Schema, type Schemas } from './schema.ts';
import { type Snapshot, type SnapshotRef, SUMMARY } from './snapshot.ts';

interface Logged {
  readonly 'timestamp-ms': number;
  readonly [what: string]: unknown;
}

export interface TableMetadata {
  readonly 'format-version': number;
  readonly 'table-uuid': string;
  readonly location: string;
  readonly 'last-sequence-number': number;
  readonly 'last-updated-ms': number;
  readonly 'last-column-id': number;
  readonly 'current-schema-id': number;
  readonly schemas: readonly Schema[];
  readonly 'default-spec-id': number;
  readonly 'partition-specs': readonly PartitionSpec[];
  readonly 'last-partition-id': number;
  readonly 'default-sort-order-id': number;
  readonly 'sort-orders': readonly unknown[];
  readonly properties: Readonly<Record<string, string>>;
  readonly 'current-snapshot-id'?: SnapshotId | null;
  readonly snapshots?: readonly Snapshot[];
  readonly 'snapshot-log'?: readonly Logged[];
  readonly 'metadata-log'?: readonly Logged[];
  readonly refs?: Readonly<Record<string, SnapshotRef>>;
}

/** Ids of snapshots are longs; JavaScript's numbers are not. */
export const parseMetadata = (text: string): TableMetadata => {
  const reviver = (_: string, value: unknown, { source }: { source: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as TableMetadata;
};

const rawJson = (text: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
export const writeMetadata = (metadata: TableMetadata): string =>
  JSON.stringify(metadata, (_, value: unknown) => (typeof value === 'bigint' ? rawJson(String(value)) : value));

export const schemasOf = (metadata: TableMetadata | undefined): Schemas =>
  metadata === undefined
    ? NO_SCHEMAS
    : {
        schemas: metadata.schemas,
        current: metadata['current-schema-id'],
        lastColumnId: metadata['last-column-id'],
      };

export const specsOf = (metadata: TableMetadata | undefined): Specs =>
  metadata === undefined
    ? NO_SPECS
    : {
        specs: metadata['partition-specs'],
        current: metadata['default-spec-id'],
        lastPartitionId: metadata['last-partition-id'],
      };

export const currentSnapshot = (metadata: TableMetadata | undefined): Snapshot | undefined =>
  metadata?.snapshots?.find((snapshot) => snapshot['snapshot-id'] === metadata['current-snapshot-id']);

/** A snapshot that an engine made: somebody wrote to the table, or compacted it. */
const isForeign = (snapshot: Snapshot): boolean => snapshot.summary[SUMMARY.commit] === undefined;

/** Newest last; somebody else's may stand behind it. */
export const lastOwnSnapshot = (metadata: TableMetadata | undefined): Snapshot | undefined =>
  (metadata?.snapshots ?? [])
    .filter((snapshot) => !isForeign(snapshot))
    .reduce<Snapshot | undefined>(
      (last, snapshot) =>
        last === undefined || snapshot['sequence-number'] > last['sequence-number'] ? snapshot : last,
      undefined,
    );

const NAME_MAPPING = 'schema.name-mapping.default';

export const mappingIn = (metadata: TableMetadata | undefined): readonly NameMapping[] =>
  JSON.parse(metadata?.properties[NAME_MAPPING] ?? '[]') as readonly NameMapping[];

/** Previous metadata files that are still named. */
const LOGGED = 20;

/**
 * Properties that keep engines from what would hurt: `gc.enabled` makes them refuse to remove files, which are lakeFS's.
 * Source: Iceberg documentation, "Table properties".
 */
const ownProperties = (mapping: readonly NameMapping[]): Readonly<Record<string, string>> => ({
  [NAME_MAPPING]: JSON.stringify(mapping),
  'gc.enabled': 'false',
  'write.metadata.delete-after-commit.enabled': 'false',
  'write.metadata.previous-versions-max': String(LOGGED),
  comment:
    'Read-only: shows commits of lakeFS. Whatever is written here is undone; see branchline.commit in $snapshots.',
});

/**
 * Tried with Iceberg's runtime 1.10.0 for Spark 3.5: read in batches, milliseconds are taken for microseconds, or the query fails; row by
 * row they are read right. Of no other engine.
 */
const ROW_BY_ROW = { 'read.parquet.vectorization.enabled': 'false' } as const;

export interface NextMetadata {
  readonly before: TableMetadata | undefined;
  /** Where `before` lies. */
  readonly beforeAt: string | undefined;
  readonly uuid: string;
  readonly location: string;
  readonly schemas: Schemas;
  readonly specs: Specs;
  readonly mapping: readonly NameMapping[];
  /** Files that come hold points in time in milliseconds. */
  readonly hasMillis: boolean;
  readonly now: number;
  /** Absent where only the description changes. */
  readonly snapshot?: Snapshot;
  readonly keep: Keep;
  /** What lakeFS names and keeps. */
  readonly refs: LakeRefs;
}

export const nextMetadata = (of: NextMetadata): TableMetadata => {
  const { before, beforeAt, snapshot, now, schemas, specs } = of;
  const current = snapshot?.['snapshot-id'] ?? before?.['current-snapshot-id'] ?? undefined;
  const all = [...(before?.snapshots ?? []), ...(snapshot === undefined ? [] : [snapshot])];
  const snapshots = keptSnapshots(all, current, of.refs, of.keep, now);
  const ids = new Set(snapshots.map((each) => each['snapshot-id']));
  const log = [
    ...(before?.['snapshot-log'] ?? []),
    ...(snapshot === undefined ? [] : [{ 'timestamp-ms': now, 'snapshot-id': snapshot['snapshot-id'] }]),
  ];
  // What stands before a snapshot that has left tells of no time any more: from the last such on.
  const lost = log.findLastIndex((each) => !ids.has(each['snapshot-id'] as SnapshotId));
  const files = [
    ...(before?.['metadata-log'] ?? []),
    ...(before === undefined || beforeAt === undefined
      ? []
      : [{ 'timestamp-ms': before['last-updated-ms'], 'metadata-file': beforeAt }]),
  ];
  return {
    ...{ 'format-version': 2, 'table-uuid': of.uuid, location: of.location },
    'last-sequence-number': snapshot?.['sequence-number'] ?? before?.['last-sequence-number'] ?? 0,
    ...{ 'last-updated-ms': now, 'last-column-id': schemas.lastColumnId, 'current-schema-id': schemas.current },
    ...{ schemas: schemas.schemas, 'default-spec-id': specs.current, 'partition-specs': specs.specs },
    ...{ 'last-partition-id': specs.lastPartitionId, 'default-sort-order-id': 0 },
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    properties: {
      ...{ ...before?.properties, ...ownProperties(of.mapping), ...(of.hasMillis ? ROW_BY_ROW : {}) },
      [REFS]: refsProperty(snapshots, of.refs),
    },
    ...(current === undefined ? {} : { 'current-snapshot-id': current }),
    ...{ snapshots, 'snapshot-log': log.slice(lost + 1), 'metadata-log': files.slice(-LOGGED) },
    refs: refsOf(snapshots, current, of.refs),
  };
};

export interface Delta {
  readonly addedFiles: number;
  readonly deletedFiles: number;
  readonly addedRows: number;
  readonly deletedRows: number;
  readonly addedBytes: number;
  readonly deletedBytes: number;
}

/** Source: Iceberg specification, appendix F, "Optional snapshot summary fields". */
export const summaryOf = (
  before: Snapshot | undefined,
  delta: Delta,
  /** Live files and rows, as the manifests count them. */
  total: { readonly files: number; readonly rows: number },
  own: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const operation = delta.deletedFiles === 0 ? 'append' : delta.addedFiles === 0 ? 'delete' : 'overwrite';
  const bytes = Number(before?.summary['total-files-size'] ?? 0);
  return {
    operation,
    'added-data-files': String(delta.addedFiles),
    'deleted-data-files': String(delta.deletedFiles),
    'added-records': String(delta.addedRows),
    'deleted-records': String(delta.deletedRows),
    'added-files-size': String(delta.addedBytes),
    'removed-files-size': String(delta.deletedBytes),
    'total-data-files': String(total.files),
    'total-records': String(total.rows),
    'total-files-size': String(bytes + delta.addedBytes - delta.deletedBytes),
    ...own,
  };
};

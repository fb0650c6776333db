/**
 * Manifests, which list data files, and the manifest list of a snapshot. Pure: from entries to bytes and back.
 *
 * Source: Iceberg specification, "Manifests" and "Manifest lists", format version 2.
 */
import type { AvroField, AvroRecord, AvroSchema } from './avro-binary.ts';
import { readAvro, writeAvro } from './avro-file.ts';
import type { Metrics } from './metrics.ts';
import { avroName, type PartitionSpec, partitionFields, type TypedPartition } from './partition-spec.ts';
import type { Schema } from './schema.ts';
import { asDecimal } from './types.ts';
import { boundOf, compareValues, type Value } from './values.ts';

export type SnapshotId = number | bigint;

export const STATUS = { existing: 0, added: 1, deleted: 2 } as const;

export interface DataFile extends Metrics {
  readonly content: 0;
  readonly file_path: string;
  readonly file_format: 'PARQUET';
  readonly partition: Readonly<Record<string, Value>>;
  readonly file_size_in_bytes: number;
}

/** One that is held in little memory. */
export interface PackedFile extends DataFile {
  unpack(): DataFile;
}

export const unpackFile = (file: DataFile | PackedFile): DataFile => ('unpack' in file ? file.unpack() : file);

export interface Entry {
  readonly status: number;
  readonly snapshot_id: SnapshotId | null;
  /** Null for what this manifest adds: it takes that of the manifest. */
  readonly sequence_number: SnapshotId | null;
  readonly file_sequence_number: SnapshotId | null;
  readonly data_file: DataFile;
}

const optional = (type: AvroSchema) => ({ type: ['null', type], default: null });
const field = (id: number, name: string, type: AvroSchema): AvroField => ({ name, type, 'field-id': id });
const maybe = (id: number, name: string, type: AvroSchema): AvroField => ({ name, ...optional(type), 'field-id': id });

const pairs = (id: number, name: string, [key, value]: readonly [number, number], type: AvroSchema): AvroField => {
  const items = {
    ...{ type: 'record', name: `k${String(key)}_v${String(value)}` },
    fields: [field(key, 'key', 'int'), field(value, 'value', type)],
  };
  return maybe(id, name, { type: 'array', logicalType: 'map', items });
};

/** Of the columns of a file. */
export const METRIC_FIELDS: readonly AvroField[] = [
  pairs(108, 'column_sizes', [117, 118], 'long'),
  pairs(109, 'value_counts', [119, 120], 'long'),
  pairs(110, 'null_value_counts', [121, 122], 'long'),
  pairs(125, 'lower_bounds', [126, 127], 'bytes'),
  pairs(128, 'upper_bounds', [129, 130], 'bytes'),
];

export const entrySchema = (partitions: readonly TypedPartition[]): AvroSchema => ({
  ...{ type: 'record', name: 'manifest_entry' },
  fields: [
    field(0, 'status', 'int'),
    maybe(1, 'snapshot_id', 'long'),
    maybe(3, 'sequence_number', 'long'),
    maybe(4, 'file_sequence_number', 'long'),
    field(2, 'data_file', {
      ...{ type: 'record', name: 'r2' },
      fields: [
        field(134, 'content', 'int'),
        field(100, 'file_path', 'string'),
        field(101, 'file_format', 'string'),
        field(102, 'partition', { type: 'record', name: 'r102', fields: partitionFields(partitions) }),
        field(103, 'record_count', 'long'),
        field(104, 'file_size_in_bytes', 'long'),
        ...METRIC_FIELDS,
      ],
    }),
  ],
});

/** As the manifest list has it. */
export interface ManifestFile {
  readonly manifest_path: string;
  readonly manifest_length: number;
  readonly partition_spec_id: number;
  readonly content: number;
  readonly sequence_number: SnapshotId;
  readonly min_sequence_number: SnapshotId;
  readonly added_snapshot_id: SnapshotId;
  readonly added_files_count: number;
  readonly existing_files_count: number;
  readonly deleted_files_count: number;
  readonly added_rows_count: number;
  readonly existing_rows_count: number;
  readonly deleted_rows_count: number;
  readonly partitions: readonly Summary[] | null;
}

interface Summary {
  readonly contains_null: boolean;
  readonly contains_nan: boolean | null;
  readonly lower_bound: Uint8Array | null;
  readonly upper_bound: Uint8Array | null;
}

const LIST_SCHEMA: AvroSchema = {
  ...{ type: 'record', name: 'manifest_file' },
  fields: [
    field(500, 'manifest_path', 'string'),
    field(501, 'manifest_length', 'long'),
    field(502, 'partition_spec_id', 'int'),
    field(517, 'content', 'int'),
    field(515, 'sequence_number', 'long'),
    field(516, 'min_sequence_number', 'long'),
    field(503, 'added_snapshot_id', 'long'),
    field(504, 'added_files_count', 'int'),
    field(505, 'existing_files_count', 'int'),
    field(506, 'deleted_files_count', 'int'),
    field(512, 'added_rows_count', 'long'),
    field(513, 'existing_rows_count', 'long'),
    field(514, 'deleted_rows_count', 'long'),
    maybe(507, 'partitions', {
      ...{ type: 'array', 'element-id': 508 },
      items: {
        ...{ type: 'record', name: 'r508' },
        fields: [
          field(509, 'contains_null', 'boolean'),
          maybe(518, 'contains_nan', 'boolean'),
          maybe(510, 'lower_bound', 'bytes'),
          maybe(511, 'upper_bound', 'bytes'),
        ],
      },
    }),
  ],
};

/** Of all live and deleted entries, as engines read manifests by them. */
const summaryOf = ({ field: of, type }: TypedPartition, entries: readonly Entry[]): Summary => {
  const name = avroName(of.name);
  const isDecimal = asDecimal(type) !== undefined;
  let hasNull = false;
  let [least, most]: [Exclude<Value, null> | undefined, Exclude<Value, null> | undefined] = [undefined, undefined];
  let last: Value | undefined;
  for (const { data_file: file } of entries) {
    const value = file.partition[name] ?? null;
    // Files of one partition follow one another.
    if (value === last) continue;
    last = value;
    if (value === null) hasNull = true;
    else {
      if (least === undefined || compareValues(value, least, isDecimal) < 0) least = value;
      if (most === undefined || compareValues(value, most, isDecimal) > 0) most = value;
    }
  }
  const bound = (value: Exclude<Value, null> | undefined) =>
    value === undefined ? null : (boundOf(type, value) ?? null);
  return { contains_null: hasNull, contains_nan: false, lower_bound: bound(least), upper_bound: bound(most) };
};

/** Ours among the entries of the headers: readers take no notice of them. */
const GROUPS = 'branchline.groups';
const PREFIXES = 'branchline.prefixes';

/** Partitions whose directory is not what their values alone would say: key of the partition → prefixes, one a line. */
export type Prefixes = Readonly<Record<string, string>>;

export interface ManifestForm {
  readonly schema: Schema;
  readonly spec: PartitionSpec;
  readonly partitions: readonly TypedPartition[];
}

function* unpacked(entries: readonly Entry[]): Iterable<AvroRecord> {
  for (const entry of entries) {
    yield { ...entry, data_file: unpackFile(entry.data_file) };
  }
}

/** Bytes of a manifest, and what the list says about it besides its place. */
export const writeManifest = (
  { schema, spec, partitions }: ManifestForm,
  snapshot: { readonly id: SnapshotId; readonly sequence: number },
  entries: readonly Entry[],
  prefixes: Prefixes = {},
): { readonly bytes: Buffer; readonly listed: Omit<ManifestFile, 'manifest_path'> } => {
  const header = {
    ...{ schema: JSON.stringify(schema), 'schema-id': String(schema['schema-id']) },
    ...{ 'partition-spec': JSON.stringify(spec.fields), 'partition-spec-id': String(spec['spec-id']) },
    ...{ 'format-version': '2', content: 'data', [PREFIXES]: JSON.stringify(prefixes) },
  };
  const bytes = writeAvro(entrySchema(partitions), header, entries.length, unpacked(entries));
  const counts = { files: [0, 0, 0], rows: [0, 0, 0] };
  let least: SnapshotId = snapshot.sequence;
  for (const { status, sequence_number: sequence, data_file: file } of entries) {
    counts.files[status] = (counts.files[status] ?? 0) + 1;
    counts.rows[status] = (counts.rows[status] ?? 0) + file.record_count;
    if (status === STATUS.existing && sequence !== null && sequence < least) least = sequence;
  }
  const [existing = 0, added = 0, deleted = 0] = counts.files;
  const [existingRows = 0, addedRows = 0, deletedRows = 0] = counts.rows;
  return {
    bytes,
    listed: {
      ...{ manifest_length: bytes.length, partition_spec_id: spec['spec-id'], content: 0 },
      ...{ sequence_number: snapshot.sequence, min_sequence_number: least, added_snapshot_id: snapshot.id },
      ...{ added_files_count: added, existing_files_count: existing, deleted_files_count: deleted },
      ...{ added_rows_count: addedRows, existing_rows_count: existingRows, deleted_rows_count: deletedRows },
      partitions: partitions.map((partition) => summaryOf(partition, entries)),
    },
  };
};

/** Entries that are in force, with what they took from the manifest written out. Those that it deleted are history. */
export const readManifest = (
  bytes: Buffer,
  manifest: Pick<ManifestFile, 'added_snapshot_id' | 'sequence_number'>,
): { readonly entries: readonly Entry[]; readonly prefixes: Prefixes } => {
  const { header, records } = readAvro(bytes);
  const entries = (records as unknown as readonly Entry[])
    .filter(({ status }) => status !== STATUS.deleted)
    .map((entry) => ({
      status: STATUS.existing,
      snapshot_id: entry.snapshot_id ?? manifest.added_snapshot_id,
      sequence_number: entry.sequence_number ?? manifest.sequence_number,
      file_sequence_number: entry.file_sequence_number ?? manifest.sequence_number,
      data_file: entry.data_file,
    }));
  return { entries, prefixes: JSON.parse(header[PREFIXES] ?? '{}') as Prefixes };
};

export interface ManifestList {
  readonly manifests: readonly ManifestFile[];
  /** Where each manifest's part of the table begins; absent where somebody else wrote the list. */
  readonly groups?: readonly string[];
}

export const writeManifestList = (
  snapshot: { readonly id: SnapshotId; readonly parent?: SnapshotId | undefined; readonly sequence: number },
  { manifests, groups }: Required<ManifestList>,
): Buffer =>
  writeAvro(
    LIST_SCHEMA,
    {
      ...{ 'snapshot-id': String(snapshot.id), 'sequence-number': String(snapshot.sequence), 'format-version': '2' },
      ...(snapshot.parent === undefined ? {} : { 'parent-snapshot-id': String(snapshot.parent) }),
      [GROUPS]: JSON.stringify(groups),
    },
    manifests.length,
    manifests as readonly (ManifestFile & AvroRecord)[],
  );

export const readManifestList = (bytes: Buffer): ManifestList => {
  const { header, records } = readAvro(bytes);
  const groups = header[GROUPS] === undefined ? undefined : (JSON.parse(header[GROUPS]) as readonly string[]);
  return {
    manifests: records as unknown as readonly ManifestFile[],
    ...(groups?.length === records.length ? { groups } : {}),
  };
};

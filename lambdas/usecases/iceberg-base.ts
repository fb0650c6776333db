/** What the next state of an Iceberg table follows: our last snapshot, and the schema and partitioning that the table has and is to have. */
import type { IcebergReader, TableWork } from '../catalog-ports.ts';
import { type ManifestFile, type ManifestForm, readManifestList } from '../domain/iceberg/manifest-file.ts';
import {
  currentSnapshot,
  lastOwnSnapshot,
  schemasOf,
  specsOf,
  type TableMetadata,
} from '../domain/iceberg/metadata.ts';
import { currentSpec, type Specs, typed, withPartitions } from '../domain/iceberg/partition-spec.ts';
import { currentSchema, type Schemas, withColumns } from '../domain/iceberg/schema.ts';
import type { Snapshot } from '../domain/iceberg/snapshot.ts';
import type { OpenIceberg } from './iceberg-table.ts';

/** The state that the next snapshot follows: our last one. What somebody else made behind it is undone by ours. */
export interface Base {
  readonly snapshot: Snapshot | undefined;
  readonly manifests: readonly ManifestFile[];
  readonly starts: readonly string[];
  /** The current snapshot, where it is not our last one. */
  readonly foreign?: string;
  readonly isForeign: boolean;
  readonly drift?: string;
}

export const readBase = async (
  ports: { readonly iceberg: IcebergReader },
  { metadata }: OpenIceberg,
  follows?: string,
): Promise<Base> => {
  const nothing = { snapshot: undefined, manifests: [], starts: [''], isForeign: false };
  if (metadata === undefined) return { ...nothing, drift: 'there is no table yet' };
  const current = currentSnapshot(metadata);
  const snapshot = lastOwnSnapshot(metadata);
  // Also where somebody put it back to an earlier one of ours.
  const foreign = current !== undefined && current['snapshot-id'] !== snapshot?.['snapshot-id'];
  const who = foreign ? { foreign: String(current['snapshot-id']) } : {};
  if (snapshot === undefined) return { ...nothing, ...who, isForeign: foreign, drift: 'it has no snapshot of ours' };
  const key = ports.iceberg.keyOf(snapshot['manifest-list']);
  const bytes = key === undefined ? undefined : await ports.iceberg.get(key);
  const list = bytes === undefined ? undefined : readManifestList(Buffer.from(bytes));
  if (list?.groups === undefined) return { ...nothing, ...who, isForeign: foreign, drift: 'its manifest list is gone' };
  const live = list.manifests.flatMap((manifest, i) =>
    manifest.added_files_count + manifest.existing_files_count > 0 ? [{ manifest, start: list.groups?.[i] ?? '' }] : [],
  );
  return {
    ...{ ...who, snapshot, isForeign: foreign, manifests: live.map(({ manifest }) => manifest) },
    starts: live.length === 0 ? [''] : live.map(({ start }) => start),
    ...driftOf(snapshot, foreign, follows),
  };
};

const driftOf = (
  { 'snapshot-id': id }: Snapshot,
  isForeign: boolean,
  follows: string | undefined,
): Pick<Base, 'drift'> => {
  if (isForeign) return { drift: 'somebody else wrote to it' };
  return follows === undefined || follows === String(id) ? {} : { drift: 'it was put back to another snapshot' };
};

/** What the table is described by from now on. */
export interface Next {
  readonly schemas: Schemas;
  readonly specs: Specs;
  readonly form: ManifestForm;
  /** Schema or spec are not those of the table. */
  readonly isOther: boolean;
  readonly isSameSpec: boolean;
}

/** @param zones paths of new columns that the files hold in UTC; ids do not depend on them. */
export const planForm = (
  { table }: Pick<TableWork, 'table'>,
  metadata: TableMetadata | undefined,
  base: Base,
  zones: ReadonlySet<string> = new Set(),
): Next => {
  const schemas = withColumns(schemasOf(metadata), [...table.columns, ...table.partitionColumns], zones);
  const schema = currentSchema(schemas);
  const sources = table.partitionColumns.flatMap(({ name }) => schema.fields.filter((field) => field.name === name));
  const specs = withPartitions(specsOf(metadata), sources, schema.fields);
  const spec = currentSpec(specs);
  const isSameSpec = specs.current === metadata?.['default-spec-id'];
  return {
    ...{ schemas, specs, isOther: schemas.current !== metadata?.['current-schema-id'] || !isSameSpec },
    isSameSpec: isSameSpec && base.manifests.every((manifest) => manifest.partition_spec_id === specs.current),
    form: { schema, spec, partitions: typed(spec, schema.fields) },
  };
};

/**
 * An Iceberg table as Glue and its metadata file have it, and the one call that switches it to a new state.
 *
 * What is written before that call no reader knows of: interrupted anywhere, the table shows the old state, and what lies around is
 * removed by a later comparison.
 */
import type { Catalog, CatalogPorts, CatalogTable, IcebergReader, StoredTable, TableWork } from '../catalog-ports.ts';
import { isOwnTable, sameColumns, TABLE_PARAMETER } from '../domain/catalog/storage.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { BranchlineError } from '../domain/errors.ts';
import { parseMetadata, type TableMetadata, writeMetadata } from '../domain/iceberg/metadata.ts';
import type { UnderWay } from '../domain/under-way.ts';

/** Parameters of Glue's table. Source: Iceberg documentation, "AWS integrations: Glue catalog". */
export const ICEBERG_PARAMETER = {
  type: 'table_type',
  metadata: 'metadata_location',
  previous: 'previous_metadata_location',
} as const;

export const isIcebergTable = (parameters: Readonly<Record<string, string>>): boolean =>
  parameters[ICEBERG_PARAMETER.type]?.toUpperCase() === 'ICEBERG';

const without = (parameters: Readonly<Record<string, string>>, ...names: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(parameters).filter(([key]) => !names.includes(key)));

/** Everything of a table lies below. */
export const icebergFolder = ({ repository, target, name }: TableDescriptor): string =>
  `${repository}/${target}/${encodeURIComponent(name)}/`;

export interface OpenIceberg {
  readonly stored: StoredTable | undefined;
  readonly metadata: TableMetadata | undefined;
  /** Where it lies. */
  readonly metadataAt: string | undefined;
}

/** What Glue calls a table, and whose it is. */
export type GlueTable = Pick<TableDescriptor, 'repository' | 'target' | 'name' | 'database' | 'tableName'>;

/** @throws BL7001 where a table of that name is there and is not ours. */
export const openIceberg = async (
  ports: { readonly catalog: Pick<Catalog, 'getTable'>; readonly iceberg: IcebergReader },
  descriptor: GlueTable,
  found?: TableWork['found'],
): Promise<OpenIceberg> => {
  const { database, tableName } = descriptor;
  const stored = found === undefined ? await ports.catalog.getTable(database, tableName) : found.table;
  if (stored !== undefined && !isOwnTable(descriptor, stored.parameters)) {
    throw new BranchlineError(
      'BL7001',
      `${database}.${tableName} was not made for table "${descriptor.name}" of ${descriptor.repository}/${descriptor.target}`,
    );
  }
  const metadataAt =
    stored !== undefined && isIcebergTable(stored.parameters)
      ? stored.parameters[ICEBERG_PARAMETER.metadata]
      : undefined;
  const key = metadataAt === undefined ? undefined : ports.iceberg.keyOf(metadataAt);
  const bytes = key === undefined ? undefined : await ports.iceberg.get(key);
  if (bytes === undefined) return { stored, metadata: undefined, metadataAt: undefined };
  return { stored, metadata: parseMetadata(Buffer.from(bytes).toString('utf8')), metadataAt };
};

/** Source: Iceberg documentation, "AWS integrations": Glue holds columns and location for those who look, engines read the metadata. */
const formOf = (
  ports: { readonly iceberg: IcebergReader },
  descriptor: TableDescriptor,
  partitionKeys: CatalogTable['partitionKeys'],
): Omit<CatalogTable, 'parameters'> => {
  const columns = [...descriptor.columns, ...descriptor.partitionColumns.map(({ name, type }) => ({ name, type }))];
  return {
    database: descriptor.database,
    name: descriptor.tableName,
    partitionKeys,
    storage: {
      location: ports.iceberg.uri(icebergFolder(descriptor)).replace(/\/$/, ''),
      columns: columns.filter(({ name }) => !partitionKeys.some((key) => key.name === name)),
      ...{ inputFormat: '', outputFormat: '', serde: '' },
    },
  };
};

/** An Iceberg table has none in Glue. Those of the symlink table that it was stay as long as its partitions do: Glue holds them against each other. */
const keysOf = (stored: StoredTable | undefined): CatalogTable['partitionKeys'] =>
  stored !== undefined && (isSwitched(stored) || !isIcebergTable(stored.parameters)) ? stored.partitionKeys : [];

export const isSwitched = ({ parameters }: StoredTable): boolean => parameters[TABLE_PARAMETER.switched] !== undefined;

/** The table without what was left of the symlink table. */
export const withoutPartitions = (
  ports: { readonly iceberg: IcebergReader },
  descriptor: TableDescriptor,
  { parameters }: StoredTable,
): CatalogTable => ({ ...formOf(ports, descriptor, []), parameters: without(parameters, TABLE_PARAMETER.switched) });

/** Whether Glue describes the table as it is to be. */
export const isInForm = (
  ports: { readonly iceberg: IcebergReader },
  descriptor: TableDescriptor,
  { stored, metadataAt }: OpenIceberg,
): boolean => {
  const form = formOf(ports, descriptor, keysOf(stored));
  return (
    stored !== undefined &&
    metadataAt !== undefined &&
    sameColumns(stored.partitionKeys, form.partitionKeys) &&
    stored.storage.location === form.storage.location &&
    sameColumns(stored.storage.columns, form.storage.columns)
  );
};

export interface Flip {
  readonly descriptor: TableDescriptor;
  readonly open: OpenIceberg;
  readonly metadata: TableMetadata;
  /** A name that nobody else gives. */
  readonly fileName: string;
  readonly commit: string;
}

const MAX_RACES = 4;

/**
 * Writes the metadata, beside what is on its way already.
 * @returns what switches readers over, by one compare-and-swap; `lost` where the table shows another state meanwhile than the one that
 * this follows.
 */
export const prepareFlip = async (
  ports: CatalogPorts,
  flip: Flip,
  puts: UnderWay,
): Promise<() => Promise<'flipped' | 'lost'>> => {
  const key = `${icebergFolder(flip.descriptor)}metadata/${flip.fileName}`;
  puts.begin(ports.iceberg.put(key, Buffer.from(writeMetadata(flip.metadata), 'utf8')));
  await puts.done();
  return () => switchTo(ports, flip, ports.iceberg.uri(key));
};

const switchTo = async (ports: CatalogPorts, flip: Flip, metadataAt: string): Promise<'flipped' | 'lost'> => {
  const { descriptor, open, commit } = flip;
  let { stored } = open;
  for (let race = 0; race < MAX_RACES; race += 1) {
    const kept = without(stored?.parameters ?? {}, 'classification', TABLE_PARAMETER.refreshing);
    const partitionKeys = keysOf(stored);
    const turns = partitionKeys.length > 0 && stored !== undefined && !isIcebergTable(stored.parameters);
    const next: CatalogTable = {
      ...formOf(ports, descriptor, partitionKeys),
      parameters: {
        ...kept,
        ...(turns ? { [TABLE_PARAMETER.switched]: new Date(ports.clock.now()).toISOString() } : {}),
        EXTERNAL: 'TRUE',
        [TABLE_PARAMETER.repository]: descriptor.repository,
        [TABLE_PARAMETER.target]: descriptor.target,
        [TABLE_PARAMETER.table]: descriptor.name,
        [TABLE_PARAMETER.commit]: commit,
        [ICEBERG_PARAMETER.type]: 'ICEBERG',
        [ICEBERG_PARAMETER.metadata]: metadataAt,
        ...(open.metadataAt === undefined ? {} : { [ICEBERG_PARAMETER.previous]: open.metadataAt }),
      },
    };
    const answer =
      stored === undefined
        ? await ports.catalog.createTable(next)
        : await ports.catalog.updateTable(next, stored.versionId);
    if (answer === 'created' || answer === 'updated') return 'flipped';
    stored = await ports.catalog.getTable(descriptor.database, descriptor.tableName);
    // A call whose answer was lost is made again, and comes late: nobody else gives this name.
    if (stored?.parameters[ICEBERG_PARAMETER.metadata] === metadataAt && isOwnTable(descriptor, stored.parameters))
      return 'flipped';
    // Somebody wrote a comment: the state is the one that we follow. Otherwise what we made is of no use.
    if (stored?.parameters[ICEBERG_PARAMETER.metadata] !== open.stored?.parameters[ICEBERG_PARAMETER.metadata])
      return 'lost';
    if (stored !== undefined && !isOwnTable(descriptor, stored.parameters)) return 'lost';
  }
  throw new BranchlineError(
    'BL7003',
    `${descriptor.database}.${descriptor.tableName} is being changed by somebody else`,
  );
};

/**
 * Glue's entry of a table around a refresh. Before the first partition changes it says which commit the refresh leads to, and
 * after the last one that it shows it. Each is a compare-and-swap on the entry's version, so that two writers never cross unseen.
 */
import type { CatalogPorts, CatalogTable, StoredTable, TableWork } from '../catalog-ports.ts';
import { manifestFolder } from '../domain/catalog/manifest.ts';
import { sparkLocation } from '../domain/catalog/spark.ts';
import {
  FILES_PARAMETER,
  isOwnTable,
  ownParameters,
  sameColumns,
  sameForm,
  storageOf,
  TABLE_PARAMETER,
} from '../domain/catalog/storage.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { BranchlineError } from '../domain/errors.ts';
import { ICEBERG_PARAMETER, isIcebergTable, isSwitched } from './iceberg-table.ts';

export interface TableSwitch {
  /** As it is to be: partitions take their columns and format from it. */
  readonly table: CatalogTable;
  /** Where Glue says that the table lies. */
  readonly location: string | undefined;
  /** What the table says of its files. */
  readonly files: string | undefined;
  /** A refresh is under way: begun here, or left by one that was interrupted. */
  readonly isOpen: boolean;
  /** Its partitions have another number of values: Glue takes none that does not fit the keys of the table, so they go before the keys change. */
  readonly isOtherLayout: boolean;
  /** Says which commit is on its way, and leaves the layout. */
  announce(): Promise<void>;
  /** Says that partitions are about to change. */
  open(): Promise<void>;
  /** Of an unpartitioned table: files and commit change in this one call. */
  switchTo(location: string, files?: string): Promise<void>;
  /** Says which commit the table shows, where anything of it changed. */
  finish(): Promise<void>;
  isContended(): BranchlineError;
}

const MAX_RACES = 4;

const without = (parameters: Readonly<Record<string, string>>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(parameters).filter(([key]) => key !== name));

/** Of what is there; a table that was an Iceberg table says since when it is none. */
const keptParameters = ({ clock }: Pick<CatalogPorts, 'clock'>, stored: StoredTable | undefined) => {
  if (stored === undefined || !isIcebergTable(stored.parameters)) return stored?.parameters;
  const { type, metadata, previous } = ICEBERG_PARAMETER;
  const iceberg: readonly string[] = [type, metadata, previous];
  const kept = Object.entries(stored.parameters).filter(([name]) => !iceberg.includes(name));
  return { ...Object.fromEntries(kept), [TABLE_PARAMETER.switched]: new Date(clock.now()).toISOString() };
};

/** Where Glue says that a partitioned table lies. */
export const folderOf = (
  { manifests }: { readonly manifests: Pick<CatalogPorts['manifests'], 'uri'> },
  table: TableDescriptor,
  commit: string | undefined,
): string =>
  table.spark === undefined ? manifests.uri(manifestFolder(table)) : sparkLocation(table, table.path, commit);

/** @throws BL7001 where a table of that name is there and is not ours. */
export const openTable = async (
  ports: CatalogPorts,
  descriptor: TableDescriptor,
  { commit, isWhole, found: given }: Pick<TableWork, 'commit' | 'isWhole' | 'found'>,
): Promise<TableSwitch> => {
  const { database, tableName } = descriptor;
  const folder = folderOf(ports, descriptor, commit);
  const isPartitioned = descriptor.partitionColumns.length > 0;
  const read = async (given?: TableWork['found']): Promise<StoredTable | undefined> => {
    const found = given === undefined ? await ports.catalog.getTable(database, tableName) : given.table;
    if (found === undefined || isOwnTable(descriptor, found.parameters)) return found;
    throw new BranchlineError(
      'BL7001',
      `${database}.${tableName} was not made for table "${descriptor.name}" of ${descriptor.repository}/${descriptor.target}`,
    );
  };
  let stored = await read(given);
  let isWritten = false;

  const partitionKeys = descriptor.partitionColumns.map(({ name, type }) => ({ name, type }));
  const formOf = (location: string): CatalogTable => ({
    ...{ database, name: tableName, partitionKeys, storage: storageOf(descriptor, location) },
    parameters: { ...keptParameters(ports, stored), ...ownParameters(descriptor) },
  });
  const isContended = (): BranchlineError =>
    new BranchlineError('BL7003', `${database}.${tableName} is being changed by somebody else`);

  const write = async (location: string, change: (parameters: Record<string, string>) => Record<string, string>) => {
    for (let race = 0; race < MAX_RACES; race += 1) {
      // A write gives the entry a new version, which nobody tells.
      if (isWritten || race > 0) stored = await read();
      isWritten = false;
      const form = formOf(location);
      const next = { ...form, parameters: change({ ...form.parameters }) };
      const answer =
        stored === undefined
          ? await ports.catalog.createTable(next)
          : await ports.catalog.updateTable(next, stored.versionId);
      if (answer === 'exists' || answer === 'stale') continue;
      stored = { ...next, versionId: '' };
      isWritten = true;
      return;
    }
    throw isContended();
  };

  /**
   * An Iceberg table that is to be one of symlinks: its partitions are made while its readers, who look at its metadata alone, see none of
   * them. Glue takes only such as have a value for each key. The end of the refresh turns the table, by one call.
   */
  const prepare = async (): Promise<void> => {
    for (let race = 0; race < MAX_RACES; race += 1) {
      if (isWritten || race > 0) stored = await read();
      isWritten = false;
      if (stored === undefined || !isIcebergTable(stored.parameters)) throw isContended();
      if (sameColumns(stored.partitionKeys, partitionKeys) && isSwitched(stored)) return;
      const { storage, parameters } = stored;
      const columns = storage.columns.filter(({ name }) => !partitionKeys.some((key) => key.name === name));
      const switched = new Date(ports.clock.now()).toISOString();
      const next: CatalogTable = {
        ...{ database, name: tableName, partitionKeys, storage: { ...storage, columns } },
        parameters: { ...parameters, [TABLE_PARAMETER.switched]: switched },
      };
      if ((await ports.catalog.updateTable(next, stored.versionId)) === 'stale') continue;
      stored = { ...next, versionId: '' };
      isWritten = true;
      return;
    }
    throw isContended();
  };

  const isInForm = (): boolean =>
    stored !== undefined &&
    sameForm(stored.storage, storageOf(descriptor, '')) &&
    (!isPartitioned || stored.storage.location === folder) &&
    sameColumns(stored.partitionKeys, formOf('').partitionKeys);
  const isOpen = (): boolean => stored?.parameters[TABLE_PARAMETER.refreshing] !== undefined;
  const shows = (parameters: Record<string, string>): Record<string, string> => ({
    ...without(parameters, TABLE_PARAMETER.refreshing),
    [TABLE_PARAMETER.commit]: commit,
  });

  return {
    get table() {
      return formOf(folder);
    },
    get location() {
      return stored?.storage.location;
    },
    get files() {
      return stored?.parameters[FILES_PARAMETER];
    },
    get isOpen() {
      return isOpen() || !isInForm();
    },
    get isOtherLayout() {
      if (stored === undefined || isIcebergTable(stored.parameters)) return false;
      return stored.partitionKeys.length !== partitionKeys.length;
    },
    async announce() {
      for (let race = 0; race < MAX_RACES; race += 1) {
        if (isWritten || race > 0) stored = await read();
        isWritten = false;
        if (stored === undefined || stored.parameters[TABLE_PARAMETER.refreshing] === commit) return;
        const { versionId, ...rest } = stored;
        const next = { ...rest, parameters: { ...rest.parameters, [TABLE_PARAMETER.refreshing]: commit } };
        if ((await ports.catalog.updateTable(next, versionId)) === 'stale') continue;
        stored = { ...next, versionId: '' };
        isWritten = true;
        return;
      }
      throw isContended();
    },
    async open() {
      if (stored !== undefined && isIcebergTable(stored.parameters)) return prepare();
      if (stored?.parameters[TABLE_PARAMETER.refreshing] === commit && isInForm()) return;
      await write(folder, (parameters) => ({ ...parameters, [TABLE_PARAMETER.refreshing]: commit }));
    },
    async switchTo(location, files) {
      const isThere = stored?.storage.location === location && stored.parameters[FILES_PARAMETER] === files;
      if (isThere && isInForm() && !isOpen()) return;
      await write(location, (parameters) => ({
        ...shows(without(parameters, FILES_PARAMETER)),
        ...(files === undefined ? {} : { [FILES_PARAMETER]: files }),
      }));
    },
    async finish() {
      // Where only changes were looked at, an earlier commit is as true: nothing of the table differs.
      const said = stored?.parameters[TABLE_PARAMETER.commit];
      if (!isOpen() && isInForm() && (isWhole ? said === commit : said !== undefined)) return;
      await write(isPartitioned ? folder : (stored?.storage.location ?? folder), shows);
    },
    isContended,
  };
};

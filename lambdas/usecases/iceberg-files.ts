/**
 * What manifests say about data files that they do not have yet: read off the ends of the files, many at a time. A publication of many
 * files that does not fit into one invocation leaves what it has read, and the next one goes on from there.
 */
import type { CatalogPorts, SourceFile } from '../catalog-ports.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { BranchlineError } from '../domain/errors.ts';
import { type FileStatistics, fileStatistics, zonedColumns } from '../domain/iceberg/footer-statistics.ts';
import {
  type DataFile,
  type ManifestForm,
  readManifest,
  STATUS,
  writeManifest,
} from '../domain/iceberg/manifest-file.ts';
import { metricsOf } from '../domain/iceberg/metrics.ts';
import type { Value } from '../domain/iceberg/values.ts';
import { parseFooter } from '../domain/parquet/footer.ts';
import type { EpochMs } from '../domain/run.ts';
import { readFooterBytes } from './read-footer.ts';

/** A file that is new to the table, with the values of its partition. */
export interface NewFile extends SourceFile {
  readonly partition: Readonly<Record<string, Value>>;
}

const AT_ONCE = 32;
/** So many footers are read before they are put aside: less is read again faster than it is written. */
const ASIDE = 500;

export const readStatistics = async (
  ports: CatalogPorts,
  { repository }: TableDescriptor,
  commit: string,
  { path, sizeBytes }: SourceFile,
): Promise<FileStatistics> => {
  const bytes = await readFooterBytes(ports.lakefs, { repository, ref: commit, path, sizeBytes });
  if (bytes === undefined) throw new BranchlineError('BL3004', `${path} of commit ${commit}`);
  return fileStatistics(bytes, parseFooter(bytes, path), path);
};

/** Paths of columns that the file holds in UTC. */
export const zonesOf = async (
  ports: CatalogPorts,
  table: TableDescriptor,
  commit: string,
  file: SourceFile | undefined,
): Promise<ReadonlySet<string>> =>
  new Set(file === undefined ? [] : zonedColumns(await readStatistics(ports, table, commit, file)));

export interface Reading {
  readonly table: TableDescriptor;
  readonly commit: string;
  readonly form: ManifestForm;
  /** Where what has been read is put aside. */
  readonly folder: string;
  /** Known already: of files that another manifest has. */
  readonly known: ReadonlyMap<string, DataFile>;
  readonly until: EpochMs;
}

export interface ReadFiles {
  readonly files: readonly DataFile[];
  /** How files write names of columns, by path. */
  readonly spellings: ReadonlyMap<string, ReadonlySet<string>>;
}

const SPELLINGS = 'spelling ';

/** @returns `undefined` where the time is up. */
export const readNewFiles = async (
  ports: CatalogPorts,
  { table, commit, form, folder, known, until }: Reading,
  files: readonly NewFile[],
): Promise<ReadFiles | undefined> => {
  const spellings = new Map<string, Set<string>>();
  const spell = (path: string, name: string): void => {
    spellings.set(path, (spellings.get(path) ?? new Set()).add(name));
  };
  const aside = files.length > ASIDE ? await readAside(ports, folder, spell) : new Map<string, DataFile>();
  const read: DataFile[] = [];
  let fresh: DataFile[] = [];
  const open = files.filter((file) => {
    const found = known.get(file.address) ?? aside.get(file.address);
    if (found !== undefined) read.push({ ...found, partition: file.partition });
    return found === undefined;
  });
  const putAside = async (): Promise<void> => {
    const some = fresh;
    fresh = [];
    await writeAside(ports, folder, form, some, spellings);
  };
  for (let at = 0; at < open.length; at += AT_ONCE) {
    if (ports.clock.now() >= until) {
      if (fresh.length > 0) await putAside();
      return undefined;
    }
    const batch = open.slice(at, at + AT_ONCE);
    const found = await Promise.all(
      batch.map(async (file): Promise<DataFile> => {
        const statistics = await readStatistics(ports, table, commit, file);
        for (const [path, name] of statistics.spellings) spell(path, name);
        return {
          ...{ content: 0, file_path: file.address, file_format: 'PARQUET', partition: file.partition },
          ...{ file_size_in_bytes: file.sizeBytes, ...metricsOf(form.schema, statistics) },
        };
      }),
    );
    read.push(...found);
    fresh.push(...found);
    if (files.length > ASIDE && fresh.length >= ASIDE) await putAside();
  }
  return { files: read, spellings };
};

/** As a manifest: it holds what manifests hold. */
const writeAside = async (
  ports: CatalogPorts,
  folder: string,
  form: ManifestForm,
  files: readonly DataFile[],
  spellings: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> => {
  const entries = files.map((file) => ({
    ...{ status: STATUS.added, snapshot_id: 0, sequence_number: 0, file_sequence_number: 0, data_file: file },
  }));
  const noted = Object.fromEntries(
    [...spellings].map(([path, names]) => [`${SPELLINGS}${path}`, [...names].join('\n')]),
  );
  const { bytes } = writeManifest(form, { id: 0, sequence: 0 }, entries, noted);
  await ports.iceberg.put(`${folder}${ports.ids.owner()}.avro`, bytes);
};

const readAside = async (
  ports: CatalogPorts,
  folder: string,
  spell: (path: string, name: string) => void,
): Promise<ReadonlyMap<string, DataFile>> => {
  const found = new Map<string, DataFile>();
  for await (const { key } of ports.iceberg.list(folder)) {
    const bytes = await ports.iceberg.get(key);
    if (bytes === undefined) continue;
    const { entries, prefixes } = readManifest(Buffer.from(bytes), { added_snapshot_id: 0, sequence_number: 0 });
    for (const { data_file: file } of entries) found.set(file.file_path, file);
    for (const [path, names] of Object.entries(prefixes)) {
      for (const name of names.split('\n')) spell(path.slice(SPELLINGS.length), name);
    }
  }
  return found;
};

/**
 * What manifests say about data files that they do not have yet: read off the ends of the files, many at a time. A publication of many
 * files that does not fit into one invocation leaves what it has read, and the next one goes on from there.
 */
import type { CatalogPorts, SourceFile } from '../catalog-ports.ts';
import { atOnce } from '../domain/at-once.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { BranchlineError } from '../domain/errors.ts';
import { CompactFile } from '../domain/iceberg/compact-file.ts';
import { outsideIn, spellingsIn } from '../domain/iceberg/file-names.ts';
import {
  type FileStatistics,
  fileStatistics,
  type TimeUnit,
  zonedColumns,
} from '../domain/iceberg/footer-statistics.ts';
import {
  type DataFile,
  type ManifestForm,
  readManifest,
  STATUS,
  unpackFile,
  writeManifest,
} from '../domain/iceberg/manifest-file.ts';
import { metricsBeside, metricsOf } from '../domain/iceberg/metrics.ts';
import type { Value } from '../domain/iceberg/values.ts';
import { parseFooter } from '../domain/parquet/footer.ts';
import type { EpochMs } from '../domain/run.ts';
import { footersOf } from './footer-memory.ts';
import { type FoundNotes, findNotes } from './footer-notes.ts';

/** A file that is new to the table, with the values of its partition. */
export interface NewFile extends SourceFile {
  readonly partition: Readonly<Record<string, Value>>;
}

/** As soon as one is read the next is begun: what takes long holds nobody up. */
const AT_ONCE = 64;
/** So many footers are read before they are put aside: less is read again faster than it is written. */
const ASIDE = 500;

export const readStatistics = async (
  ports: CatalogPorts,
  { repository }: TableDescriptor,
  commit: string,
  { path, sizeBytes }: SourceFile,
  noted?: Uint8Array,
): Promise<FileStatistics> => {
  const bytes = noted ?? (await footersOf(ports).read({ repository, ref: commit, path, sizeBytes }));
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
  /** Paths of what they hold besides the columns of the table. */
  readonly outside: ReadonlySet<string>;
  readonly units: ReadonlySet<TimeUnit>;
  /** To be called when they are shown: what was kept of them is of no use any more. */
  forget: FoundNotes['forget'];
}

/** What is found out about files besides what manifests say of them. */
class Notes {
  static readonly #spelling = 'spelling ';
  static readonly #units = 'units';
  static readonly #outside = 'outside';
  readonly spellings = new Map<string, Set<string>>();
  readonly units = new Set<TimeUnit>();
  readonly outside = new Set<string>();

  /** @throws BL7025 */
  add({ fields, units }: FileStatistics, form: ManifestForm, file: string): void {
    for (const path of outsideIn(fields, form, file)) this.outside.add(path);
    for (const [path, name] of spellingsIn(fields)) this.#spell(path, name);
    for (const unit of units) this.units.add(unit);
  }
  #spell(path: string, name: string): void {
    this.spellings.set(path, (this.spellings.get(path) ?? new Set()).add(name));
  }
  written(): Readonly<Record<string, string>> {
    const spelled = [...this.spellings].map(([path, names]) => [`${Notes.#spelling}${path}`, [...names].join('\n')]);
    const [units, outside] = [[...this.units], [...this.outside]].map((all) => all.join('\n'));
    return { ...Object.fromEntries(spelled), [Notes.#units]: units ?? '', [Notes.#outside]: outside ?? '' };
  }
  read(written: Readonly<Record<string, string>>): void {
    for (const [key, text] of Object.entries(written)) {
      const all = text.split('\n').filter((each) => each !== '');
      if (key === Notes.#units) for (const unit of all) this.units.add(unit as TimeUnit);
      else if (key === Notes.#outside) for (const path of all) this.outside.add(path);
      else for (const name of all) this.#spell(key.slice(Notes.#spelling.length), name);
    }
  }
}

/** @returns `undefined` where the time is up. */
export const readNewFiles = async (
  ports: CatalogPorts,
  { table, commit, form, folder, known, until }: Reading,
  files: readonly NewFile[],
): Promise<ReadFiles | undefined> => {
  const notes = new Notes();
  const aside = files.length > ASIDE ? await readAside(ports, folder, notes) : new Map<string, DataFile>();
  const read: DataFile[] = [];
  let fresh: DataFile[] = [];
  const open = files.filter((file) => {
    const found = known.get(file.address) ?? aside.get(file.address);
    if (found !== undefined) {
      const beside = metricsBeside(form.spec, unpackFile(found));
      read.push(new CompactFile({ ...beside, partition: file.partition }));
    }
    return found === undefined;
  });
  const noted = await findNotes(ports, table, open);
  const putAside = async (): Promise<void> => {
    const some = fresh;
    fresh = [];
    await writeAside(ports, folder, form, some, notes);
  };
  let isTimeUp = false;
  await atOnce(AT_ONCE, open, async (file) => {
    isTimeUp ||= ports.clock.now() >= until;
    if (isTimeUp) return;
    const footer = noted.footers.get(file.address);
    const statistics = await readStatistics(ports, table, commit, file, footer);
    notes.add(statistics, form, file.path);
    const found = new CompactFile({
      ...{ content: 0, file_path: file.address, file_format: 'PARQUET', partition: file.partition },
      ...{ file_size_in_bytes: file.sizeBytes, ...metricsBeside(form.spec, metricsOf(form.schema, statistics)) },
    });
    read.push(found);
    if (footer === undefined) fresh.push(found);
    if (files.length > ASIDE && fresh.length >= ASIDE) await putAside();
  });
  if (isTimeUp) {
    if (fresh.length > 0) await putAside();
    return undefined;
  }
  if (notes.units.has('NANOS'))
    ports.log.warn('points in time in nanoseconds: Spark reads them wrong', { table: table.name });
  const { spellings, outside, units } = notes;
  return { files: read, spellings, outside, units, forget: () => noted.forget() };
};

/** As a manifest: it holds what manifests hold. */
const writeAside = async (
  ports: CatalogPorts,
  folder: string,
  form: ManifestForm,
  files: readonly DataFile[],
  notes: Notes,
): Promise<void> => {
  const entries = files.map((file) => ({
    ...{ status: STATUS.added, snapshot_id: 0, sequence_number: 0, file_sequence_number: 0, data_file: file },
  }));
  const { bytes } = writeManifest(form, { id: 0, sequence: 0 }, entries, notes.written());
  await ports.iceberg.put(`${folder}${ports.ids.owner()}.avro`, bytes);
};

const readAside = async (ports: CatalogPorts, folder: string, notes: Notes): Promise<ReadonlyMap<string, DataFile>> => {
  const found = new Map<string, DataFile>();
  for await (const { key } of ports.iceberg.list(folder)) {
    const bytes = await ports.iceberg.get(key);
    if (bytes === undefined) continue;
    const { entries, prefixes } = readManifest(Buffer.from(bytes), { added_snapshot_id: 0, sequence_number: 0 });
    for (const { data_file: file } of entries) found.set(file.file_path, new CompactFile(file));
    notes.read(prefixes);
  }
  return found;
};

/**
 * What settle-run read of a run's files, kept for the refresh that shows them: with many files it is one object to read instead of each
 * file again. Nothing rests on it: a footer without a note is read off its file.
 */
import type { SourceFile } from '../catalog-ports.ts';
import { atOnce } from '../domain/at-once.ts';
import { comparePaths, placeOf } from '../domain/catalog/hive.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { type NotedFooter, readFooterNotes, writeFooterNotes } from '../domain/parquet/footer-notes.ts';
import type { FileAt, FooterNotes } from '../footer-ports.ts';
import type { LakePorts, Log } from '../ports.ts';
import type { FooterMemory } from './footer-memory.ts';
import { type FileOfTable, READS_AT_ONCE } from './table-files.ts';
import { partitionsAt } from './table-source.ts';

/** Fewer files are read again as fast as a note is. */
const WORTH_A_NOTE = 16;
/** Longer than this no run waits for what only saves time. */
const READING_MS = 60_000;
/** Of runs that wait, or were not promoted: the newest are looked through. */
const MOST_NOTES = 20;

const folderOf = ({ repository, target, name }: Pick<TableDescriptor, 'repository' | 'target' | 'name'>): string =>
  `${repository}/${target}/${encodeURIComponent(name)}/`;

/** Hints are no reason to fail. */
const orNone = async <T>(log: Log, what: string, act: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await act();
  } catch (error) {
    if (!isBranchlineError(error)) throw error;
    log.warn(what, { reason: error.message });
    return undefined;
  }
};

export interface Noting {
  readonly keep: FooterNotes['put'];
  readonly memory: FooterMemory;
}

/** Files that columns were compared by are read already; the others as long as a run can wait. */
const readOthers = async (
  { clock }: Pick<LakePorts, 'clock'>,
  memory: FooterMemory,
  files: readonly FileAt[],
): Promise<void> => {
  const until = clock.now() + READING_MS;
  await atOnce(READS_AT_ONCE, files, async (file) => {
    if (clock.now() >= until) return;
    try {
      await memory.read(file);
    } catch (error) {
      // The refresh says what is wrong with it.
      if (!isBranchlineError(error, 'BL7004')) throw error;
    }
  });
};

/**
 * @param commit of the run: the name of its note.
 * @param files of the run in this table, all or as many as are worth it.
 */
export const noteFooters = async (
  ports: LakePorts,
  { keep, memory }: Noting,
  table: TableDescriptor,
  commit: string,
  files: readonly FileOfTable[],
): Promise<void> => {
  if (files.length < WORTH_A_NOTE) return;
  const { repository } = table;
  const all = files.map(({ path, sizeBytes }): FileAt => ({ repository, ref: commit, path, sizeBytes }));
  await orNone(ports.log, 'footers are not kept for the refresh', async () => {
    await readOthers(ports, memory, all);
    const read = new Map<string, Uint8Array>();
    for (const file of all) {
      const footer = memory.recall(file);
      if (footer !== undefined) read.set(file.path, footer);
    }
    const prefixes = new Set([...read.keys()].flatMap((path) => placeOf(table, path)?.prefix ?? []));
    const noted: NotedFooter[] = [];
    for await (const partition of partitionsAt(ports, table, commit, [...prefixes].sort(comparePaths))) {
      for (const { path, address, sizeBytes } of partition.files) {
        const footer = read.get(path);
        if (footer !== undefined) noted.push({ address, sizeBytes, footer });
      }
    }
    await keep(`${folderOf(table)}${commit}.gz`, writeFooterNotes(noted));
  });
};

export interface FoundNotes {
  /** By address. */
  readonly footers: ReadonlyMap<string, Uint8Array>;
  /** Removes those that were of use: what they were kept for is shown. */
  forget(): Promise<void>;
}

const NOTHING: FoundNotes = { footers: new Map(), forget: async () => undefined };

/** What is noted of these files; looked for where they are many. */
export const findNotes = async (
  ports: { readonly log: Log; readonly footerNotes?: Omit<FooterNotes, 'put'> | undefined },
  table: TableDescriptor,
  files: readonly SourceFile[],
): Promise<FoundNotes> => {
  const notes = ports.footerNotes;
  if (notes === undefined || files.length < WORTH_A_NOTE) return NOTHING;
  const missing = new Map(files.map(({ address, sizeBytes }) => [address, sizeBytes]));
  const footers = new Map<string, Uint8Array>();
  const used: string[] = [];
  const look = async (): Promise<void> => {
    const found: { readonly key: string; readonly writtenAt: number }[] = [];
    for await (const note of notes.list(folderOf(table))) found.push(note);
    for (const { key } of found.toSorted((a, b) => b.writtenAt - a.writtenAt).slice(0, MOST_NOTES)) {
      if (missing.size === 0) return;
      const content = await notes.get(key);
      const before = missing.size;
      for (const { address, sizeBytes, footer } of (content && readFooterNotes(content)) ?? []) {
        if (missing.get(address) !== sizeBytes) continue;
        footers.set(address, footer);
        missing.delete(address);
      }
      if (missing.size < before) used.push(key);
    }
  };
  await orNone(ports.log, 'kept footers are not to be had', look);
  return {
    footers,
    async forget() {
      for (const key of used) await orNone(ports.log, 'a note stays until it expires', () => notes.remove(key));
    },
  };
};

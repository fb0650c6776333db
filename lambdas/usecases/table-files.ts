/** Files of a table, and what their footers say: those that changed between two commits, or some of all. */

import { atOnce } from '../domain/at-once.ts';
import type { SchemaChange, TableFile } from '../domain/catalog/columns.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { placeOfFile } from '../domain/catalog/visible.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { columnsOf } from '../domain/parquet/file-columns.ts';
import { parseFooter } from '../domain/parquet/footer.ts';
import { Spread } from '../domain/spread.ts';
import type { LakePorts } from '../ports.ts';
import { footersOf } from './footer-memory.ts';

export interface FileOfTable {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Of one change so many files are read, evenly spread: a run that writes more writes them alike. */
export const MAX_FILES_READ = 2000;
/** Of a whole table so many: by them it gets its first columns. */
const MAX_SAMPLE = 200;
/** Each takes a few milliseconds of lakeFS. */
export const READS_AT_ONCE = 32;

type Where = Pick<TableDescriptor, 'repository' | 'path' | 'partitionColumns'>;

/** Files that readers see at `to` and did not see at `from`. */
export const changedFiles = async (
  ports: Pick<LakePorts, 'lakefs'>,
  table: Where,
  from: string,
  to: string,
  /** Told of every path that differs, removed ones too. */
  onPath?: (path: string) => void,
  most = MAX_FILES_READ,
): Promise<readonly FileOfTable[]> => {
  const files = new Spread<FileOfTable>(most);
  const options = { type: 'two_dot', prefix: table.path } as const;
  for await (const { type, path, sizeBytes } of ports.lakefs.diff(table.repository, from, to, options)) {
    onPath?.(path);
    if (type === 'removed') continue;
    const size = sizeBytes ?? (await sizeOf(ports, table.repository, to, path));
    if (placeOfFile(table, { path, sizeBytes: size, isPrefix: false }) !== undefined)
      files.add({ path, sizeBytes: size });
  }
  return files.kept;
};

/**
 * The same, and which of the misfits that are known are of files that nothing has touched between.
 * @returns `undefined` where lakeFS does not know a commit any more.
 */
export const changedSince = async (
  ports: Pick<LakePorts, 'lakefs'>,
  table: Where,
  from: string,
  to: string,
  known: readonly SchemaChange[],
): Promise<{ readonly files: readonly FileOfTable[]; readonly untouched: readonly SchemaChange[] } | undefined> => {
  const touched = new Set<string>();
  const named = new Set(known.map(({ file }) => file));
  try {
    const files = await changedFiles(ports, table, from, to, (path) => {
      if (named.has(path)) touched.add(path);
    });
    return { files, untouched: known.filter(({ file }) => !touched.has(file)) };
  } catch (error) {
    if (!isBranchlineError(error, 'BL3004')) throw error;
    return undefined;
  }
};

const sizeOf = async (
  ports: Pick<LakePorts, 'lakefs'>,
  repository: string,
  ref: string,
  path: string,
): Promise<number> => {
  for await (const object of ports.lakefs.listObjects(repository, ref, { prefix: path })) {
    if (object.path === path) return object.sizeBytes;
  }
  return 0;
};

/** Some of the files of the whole table, oldest first; the newest is among them. */
export const someFiles = async (
  ports: Pick<LakePorts, 'lakefs'>,
  table: Where,
  commit: string,
): Promise<readonly FileOfTable[]> => {
  const files = new Spread<FileOfTable & { readonly mtime: number }>(MAX_SAMPLE);
  let newest: (FileOfTable & { readonly mtime: number }) | undefined;
  for await (const object of ports.lakefs.listObjects(table.repository, commit, { prefix: table.path })) {
    if (placeOfFile(table, object) === undefined) continue;
    const { path, sizeBytes, mtime } = object;
    files.add({ path, sizeBytes, mtime });
    if (newest === undefined || mtime >= newest.mtime) newest = { path, sizeBytes, mtime };
  }
  const all = new Map([...files.kept, ...(newest === undefined ? [] : [newest])].map((file) => [file.path, file]));
  return [...all.values()].sort((a, b) => a.mtime - b.mtime);
};

type Reading = Pick<LakePorts, 'lakefs' | 'footers'>;

/** In the order given. One that is no Parquet file says so. */
export const readFiles = async (
  ports: Reading,
  repository: string,
  commit: string,
  files: readonly FileOfTable[],
): Promise<readonly TableFile[]> => {
  const read: (TableFile | undefined)[] = [];
  await atOnce(READS_AT_ONCE, files.entries(), async ([i, file]) => {
    read[i] = await readFile(ports, repository, commit, file);
  });
  return read.filter((file) => file !== undefined);
};

const readFile = async (
  ports: Reading,
  repository: string,
  commit: string,
  { path, sizeBytes }: FileOfTable,
): Promise<TableFile | undefined> => {
  try {
    const footer = await footersOf(ports).read({ repository, ref: commit, path, sizeBytes });
    return footer === undefined ? undefined : { path, found: columnsOf(parseFooter(footer, path), path) };
  } catch (error) {
    if (!isBranchlineError(error, 'BL7004')) throw error;
    return { path, found: { unreadable: error.message } };
  }
};

/** Parquet files as Arrow writes them, whose statistics are those of most engines. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { READER_PYTHON } from './iceberg-reader.ts';

const SCRIPT = join(import.meta.dirname, 'write_parquet.py');

export interface ArrowFile {
  /** Name → type, as `pyarrow` calls it, or `decimal(digits,scale)`. */
  readonly columns: Readonly<Record<string, string>>;
  /** As JSON gives them; decimals as text. */
  readonly rows: readonly object[];
}

/** Bytes of each; nothing is written for null. Wants `installReader`. */
export const arrowFiles = async (
  scratch: string,
  files: Readonly<Record<string, ArrowFile | null>>,
): Promise<Readonly<Record<string, Uint8Array | null>>> => {
  const folder = await mkdtemp(join(scratch, 'arrow-'));
  const places = Object.entries(files).map(([path, file], i) => ({ path, file, at: join(folder, String(i)) }));
  const told = places.flatMap(({ file, at }) => (file === null ? [] : [[at, [file.columns, file.rows]]]));
  const writing = promisify(execFile)(READER_PYTHON, [SCRIPT]);
  writing.child.stdin?.end(JSON.stringify(Object.fromEntries(told)));
  await writing;
  const bytes: [string, Uint8Array | null][] = [];
  for (const { path, file, at } of places)
    bytes.push([path, file === null ? null : new Uint8Array(await readFile(at))]);
  await rm(folder, { recursive: true, force: true });
  return Object.fromEntries(bytes);
};

/** pyiceberg as a writer of the same flips, in a process of its own that stays: its start is in no figure. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { awsEnvironment } from '../../local/ministack.ts';
import { installReader, READER_PYTHON } from '../../test/integration/setup/iceberg-reader.ts';
import type { CatalogLab } from './catalog-lab.ts';

/** With row counts given, or read off the files as we read them. */
export type Way = 'overwrite' | 'add_files';

export interface Pyiceberg {
  /** A table of so many partitions for each way. */
  setUp(partitions: number): Promise<void>;
  /** @returns milliseconds. */
  flip(way: Way, partitions: readonly number[], isWhole: boolean): Promise<number>;
  /** Files that the newest snapshot of a table says it has. */
  totalOf(database: string, table: string): Promise<number>;
  close(): void;
}

/** @returns a sentence that says why not, where it cannot be had. */
export const startPyiceberg = async ({ measured, settings }: CatalogLab): Promise<Pyiceberg | string> => {
  const missing = await installReader();
  if (missing !== undefined) return missing;
  const child = spawn(READER_PYTHON, [join(import.meta.dirname, 'pyiceberg_flips.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...awsEnvironment(measured), PLAIN_ENDPOINT: settings.endpoint },
  });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ask = async <T>(...command: readonly unknown[]): Promise<T> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const answer = await answers.next();
    if (answer.done === true) throw new Error(`pyiceberg ended at ${String(command[0])}`);
    return JSON.parse(answer.value) as T;
  };
  return {
    async setUp(partitions) {
      await ask('set-up', partitions);
    },
    flip: async (way, partitions, isWhole) => (await ask<{ ms: number }>('flip', way, partitions, isWhole)).ms,
    totalOf: async (database, table) => (await ask<{ files: number }>('total', database, table)).files,
    close: () => {
      child.stdin.end();
    },
  };
};

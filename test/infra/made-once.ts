/**
 * What one configuration becomes is the same in every test file, and to synthesize and judge it takes up to a second: the
 * first file of a run that wants it makes it, the others read what that left.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

const folder = inject('templatesFolder');

/** A process that died while it made something leaves its claim behind. */
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 20;
const never = new Int32Array(new SharedArrayBuffer(4));

const unless =
  (code: string) =>
  (error: unknown): undefined => {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
  };

const attempt = <T>(act: () => T, otherwise: (error: unknown) => undefined): T | undefined => {
  try {
    return act();
  } catch (error) {
    return otherwise(error);
  }
};

const claim = (file: string): boolean =>
  attempt(() => {
    closeSync(openSync(`${file}.claim`, 'wx'));
    return true;
  }, unless('EEXIST')) ?? false;

const read = (file: string): string | undefined => attempt(() => readFileSync(file, 'utf8'), unless('ENOENT'));

const fileOf = (key: unknown): string =>
  join(folder ?? '', createHash('sha256').update(JSON.stringify(key)).digest('hex'));

/** Whether a file of this run makes it, or has. */
export const isBegun = (key: unknown): boolean => existsSync(`${fileOf(key)}.claim`);

/**
 * @param key all that the outcome depends on, but the code.
 * @param make its outcome is JSON. What it throws is not kept: who asks next tries again.
 * @param meanwhile while another file makes the same: does something useful, or tells that there is nothing.
 */
export const madeOnce = <T>(key: unknown, make: () => T, meanwhile: () => boolean = () => false): T => {
  if (folder === undefined) return make();
  const file = fileOf(key);
  const began = performance.now();
  while (!claim(file)) {
    const text = read(file);
    if (text !== undefined) return JSON.parse(text) as T;
    if (performance.now() - began > PATIENCE_MS) return make();
    if (!meanwhile()) Atomics.wait(never, 0, 0, LOOK_AGAIN_MS);
  }
  try {
    const made = make();
    writeFileSync(`${file}.part`, JSON.stringify(made));
    renameSync(`${file}.part`, file);
    return made;
  } catch (error) {
    rmSync(`${file}.claim`, { force: true });
    throw error;
  }
};

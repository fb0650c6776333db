import { expect, it } from 'vitest';
import { rememberFooters } from '../../../../lambdas/usecases/footer-memory.ts';
import { rowsOf } from '../../../fakes/iceberg.ts';

const content = rowsOf(1);
const at = (path: number) => ({ repository: 'lake', ref: 'c1', path: String(path), sizeBytes: content.length });

it('holds the newest footers, as many as there is room for, and reads the others again', async () => {
  const reads: string[] = [];
  const lakefs = {
    getObjectRange: async (_: string, __: string, path: string, { from, to }: { from: number; to: number }) => {
      reads.push(path);
      return content.slice(from, to);
    },
  };
  const footer = await rememberFooters(lakefs).read(at(0));
  const memory = rememberFooters(lakefs, 10 * (footer?.length ?? 0));
  reads.length = 0;
  for (let i = 0; i < 100; i += 1) {
    expect(await memory.read(at(i))).toEqual(footer);
    expect(await memory.read(at(i))).toEqual(footer);
  }
  expect(reads).toHaveLength(100);
  for (let i = 0; i < 100; i += 1) expect(memory.recall(at(i)) !== undefined).toBe(i >= 90);
  await memory.read(at(5));
  expect(reads).toHaveLength(101);
  expect(memory.recall(at(90))).toBeUndefined();
});

it('does not hold what is larger than all its room, nor what is not there', async () => {
  const memory = rememberFooters({ getObjectRange: async () => undefined }, 1);
  expect(await memory.read(at(1))).toBeUndefined();
  const small = rememberFooters({ getObjectRange: async (_, __, ___, { from, to }) => content.slice(from, to) }, 1);
  expect(await small.read(at(1))).toBeDefined();
  expect(small.recall(at(1))).toBeUndefined();
});

/** Footers that settle-run read are not read again by the refresh that shows the run; nothing rests on it. */
import { beforeEach, expect, it, vi } from 'vitest';
import { BranchlineError } from '../../../../lambdas/domain/errors.ts';
import { readManifest } from '../../../../lambdas/domain/iceberg/manifest-file.ts';
import type { Run } from '../../../../lambdas/domain/run.ts';
import type { FooterNotes } from '../../../../lambdas/footer-ports.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { MAX_FILES_READ } from '../../../../lambdas/usecases/table-files.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { ICEBERG_TABLES, metadataOf, rowsOf } from '../../../fakes/iceberg.ts';
import { drain, entry, finish, start } from '../stage.ts';

const FILES = 20;

let world: CatalogWorld;
let reads: string[];
const objects = new Map<string, Uint8Array>();
const notes: FooterNotes = {
  put: async (key, content) => {
    objects.set(key, content);
  },
  get: async (key) => objects.get(key),
  async *list(prefix) {
    for (const key of objects.keys()) if (key.startsWith(prefix)) yield { key, writtenAt: 1 };
  },
  remove: async (key) => {
    objects.delete(key);
  },
};

beforeEach(async () => {
  objects.clear();
  reads = [];
  const made = await makeCatalogWorld(ICEBERG_TABLES.filter(({ name }) => name === 'sales'));
  world = Object.assign(made, { keepFooters: notes.put, footerNotes: notes });
  const read = world.lakefs.getObjectRange.bind(world.lakefs);
  world.lakefs.getObjectRange = async (repository, ref, path, range) => {
    reads.push(path);
    return read(repository, ref, path, range);
  };
});

let serial = 0;
/** @returns how often files were read while the run settled. */
const ran = async (files: number, partition = '1'): Promise<{ readonly run: Run; readonly settling: number }> => {
  const run = await start(world);
  for (let i = 0; i < files; i += 1) {
    serial += 1;
    await world.lakefs.putObject('lake', run.branch, `sales/dt=${partition}/f${String(i)}`, rowsOf(serial));
  }
  reads = [];
  await finish(world, run);
  return { run, settling: reads.length };
};
const promote = async (run: Run): Promise<void> => {
  await drain(world);
  expect((await entry(world, run)).state).toBe('PROMOTED');
};
/** @returns how often files were read. */
const refresh = async (): Promise<number> => {
  reads = [];
  world.clock.advance(10_000);
  const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
  expect((await refreshCatalog(world, request)).outcome).toBe('published');
  return reads.length;
};
const records = (): unknown => metadataOf(world, 'db', 'sales')?.snapshots?.at(-1)?.summary['total-records'];

it('reads each file once in all, and keeps nothing when it is shown', async () => {
  const { run, settling } = await ran(FILES);
  expect(settling).toBe(FILES);
  expect([...objects.keys()]).toEqual([expect.stringMatching(/^lake\/main\/sales\/[^/]+\.gz$/)]);
  await promote(run);
  expect(await refresh()).toBe(0);
  expect(records()).toBe(String(2 * FILES));
  expect(objects.size).toBe(0);
});

it('shows the same with notes and without', async () => {
  const { run } = await ran(FILES);
  await promote(run);
  await refresh();
  const described = () =>
    [...world.iceberg.objects]
      .filter(([key]) => /-m\d+\.avro$/.test(key))
      .flatMap(([, { content }]) => {
        const { entries } = readManifest(Buffer.from(content), { added_snapshot_id: 0, sequence_number: 0 });
        return entries.map(({ data_file: file }) => file);
      })
      .toSorted((x, y) => (x.file_path < y.file_path ? -1 : 1));
  const noted = described();
  expect(noted).toHaveLength(FILES);
  world.iceberg.objects.clear();
  world.catalog.tables.clear();
  world.publications.entries.clear();
  expect(await refresh()).toBe(FILES);
  expect(described()).toEqual(noted);
});

it('takes no note of few files: they are read again as fast', async () => {
  const { run } = await ran(3);
  expect(objects.size).toBe(0);
  await promote(run);
  expect(await refresh()).toBe(3);
});

it('uses notes of several runs that are shown at once, and leaves those of runs that wait', async () => {
  const [a, b] = [await ran(FILES, '1'), await ran(FILES, '2')];
  await promote(a.run);
  const waits = await ran(FILES, '3');
  await refresh();
  expect((await entry(world, b.run)).state).toBe('PROMOTED');
  expect(records()).toBe(String(4 * FILES));
  expect(objects.size).toBe(1);
  await promote(waits.run);
  expect(await refresh()).toBe(0);
  expect(records()).toBe(String(6 * FILES));
  expect(objects.size).toBe(0);
});

it.each([
  ['is gone', () => objects.clear()],
  [
    'is damaged',
    () => {
      for (const [key, content] of objects) objects.set(key, content.slice(0, 40));
    },
  ],
])('reads the files where the note %s', async (_, harm) => {
  const { run } = await ran(FILES);
  harm();
  await promote(run);
  expect(await refresh()).toBe(FILES);
  expect(records()).toBe(String(2 * FILES));
});

it.each(['put', 'list', 'get', 'remove'] as const)('fails for nothing where S3 refuses to %s it', async (call) => {
  const refuse = async (): Promise<never> => {
    throw new BranchlineError('BL4001', `s3:${call}`);
  };
  const refused: FooterNotes = {
    ...notes,
    [call]:
      call === 'list'
        ? async function* () {
            yield await refuse();
          }
        : refuse,
  };
  Object.assign(world, { keepFooters: refused.put, footerNotes: refused });
  const warned = vi.spyOn(world.log, 'warn');
  const { run } = await ran(FILES);
  await promote(run);
  await refresh();
  expect(records()).toBe(String(2 * FILES));
  expect(warned).toHaveBeenCalledOnce();
});

it('reads a file once for a table and the one beside it, and for columns and manifests', async () => {
  const tables = ICEBERG_TABLES.filter(({ name }) => name === 'sales').map((table) => ({
    ...table,
    ...(table.publish === undefined
      ? {}
      : { publish: { ...table.publish, columns: [], publisher: 'both' as const, historySeconds: 86_400 } }),
  }));
  const made = await makeCatalogWorld(tables);
  world = Object.assign(made, { keepFooters: notes.put });
  const read = world.lakefs.getObjectRange.bind(world.lakefs);
  world.lakefs.getObjectRange = async (repository, ref, path, range) => {
    reads.push(path);
    return read(repository, ref, path, range);
  };
  const { run, settling } = await ran(FILES);
  expect(settling).toBe(FILES);
  await promote(run);
  expect(await refresh()).toBe(FILES);
});

it('has a run of very many files wait for a minute at most, and reads the others when they are shown', async () => {
  const read = world.lakefs.getObjectRange;
  world.lakefs.getObjectRange = async (...of) => {
    world.clock.advance(3_000);
    return read(...of);
  };
  const many = MAX_FILES_READ + 60;
  const { run, settling } = await ran(many);
  // Columns are compared by every second of them; of the others as many are read as fit.
  expect(settling).toBeGreaterThanOrEqual(many / 2 + 15);
  expect(settling).toBeLessThanOrEqual(many / 2 + 20 + 32);
  world.lakefs.getObjectRange = read;
  await promote(run);
  expect(await refresh()).toBe(many - settling);
  expect(records()).toBe(String(2 * many));
});

/** What an Iceberg table says to engines about the units of its points in time: Spark, in batches, takes milliseconds for microseconds. */
import type { SchemaElement } from 'hyparquet';
import { beforeEach, expect, it } from 'vitest';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { ICEBERG_TABLES, metadataOf, rowsOf } from '../../../fakes/iceberg.ts';
import { parquetFile } from '../../domain/parquet/files.ts';

let world: CatalogWorld;
const TABLES = ICEBERG_TABLES.map((table) =>
  table.publish === undefined ? table : { ...table, publish: { ...table.publish, columns: [] } },
);

/** A file with one point in time. */
const file = (serial: number, unit: 'MILLIS' | 'MICROS' | 'NANOS'): Uint8Array => {
  const at: SchemaElement = {
    ...{ name: 'At', type: 'INT64', repetition_type: 'OPTIONAL' },
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit },
  };
  return parquetFile([{ name: 'At', data: [BigInt(serial)] }], { schema: [{ name: 'root', num_children: 1 }, at] });
};

const rowByRow = async (files: Readonly<Record<string, Uint8Array>>): Promise<string | undefined> => {
  await world.change(files);
  const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
  expect((await refreshCatalog(world, request)).outcome).toBe('published');
  return metadataOf(world, 'db', 'sales')?.properties['read.parquet.vectorization.enabled'];
};

beforeEach(async () => {
  world = await makeCatalogWorld(TABLES);
});

it('makes Spark read row by row from the first file in milliseconds on', async () => {
  expect(await rowByRow({ 'sales/dt=1/a': file(1, 'MICROS') })).toBeUndefined();
  expect(await rowByRow({ 'sales/dt=2/a': file(2, 'MILLIS') })).toBe('false');
  expect(await rowByRow({ 'sales/dt=3/a': rowsOf(3) })).toBe('false');
});

it('knows it also where the footers were read by an invocation before', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 1100 }, (_, i) => [
      `sales/dt=${String(i).padStart(4, '0')}/a`,
      file(i, i === 0 ? 'MILLIS' : 'MICROS'),
    ]),
  );
  await world.change(files);
  const start = world.clock.now();
  let looks = 0;
  const clock = { now: () => start + looks++ };
  const request = { repository: 'lake', target: 'main' };
  const first = await refreshCatalog({ ...world, clock }, { ...request, until: start + 600 });
  expect(first.outcome).toBe('unfinished');
  expect([...world.iceberg.objects.keys()].some((key) => key.includes('/aside/'))).toBe(true);
  expect(await rowByRow({})).toBe('false');
});

it('says in the log that Spark does not read nanoseconds', async () => {
  const said: string[] = [];
  world = { ...world, log: { ...world.log, warn: (message) => said.push(message) } };
  await rowByRow({ 'sales/dt=1/a': file(1, 'MICROS') });
  expect(said).toEqual([]);
  await rowByRow({ 'sales/dt=2/a': file(2, 'NANOS') });
  expect(said).toEqual(['points in time in nanoseconds: Spark reads them wrong']);
});

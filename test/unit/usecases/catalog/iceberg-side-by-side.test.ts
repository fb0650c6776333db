/** What a refresh of an Iceberg table does at the same time, and that it reads each manifest once. */
import { beforeEach, expect, it } from 'vitest';
import { icebergPublisher } from '../../../../lambdas/usecases/publish-iceberg.ts';
import { publisherOfKind } from '../../../../lambdas/usecases/publisher.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { ICEBERG_TABLES, readIceberg, rowsOf } from '../../../fakes/iceberg.ts';

const PARTITIONS = 120;

let world: CatalogWorld;
let serial = 0;
const publisher = publisherOfKind({ iceberg: icebergPublisher({ mostFiles: 4 }) });

const refresh = async (): Promise<string> => {
  world.clock.advance(10_000);
  const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
  return (await refreshCatalog(world, request, publisher)).outcome;
};
const change = (...partitions: readonly number[]): Promise<unknown> =>
  world.change(
    Object.fromEntries(
      partitions.map((at) => {
        serial += 1;
        return [`sales/dt=${String(at).padStart(4, '0')}/a`, rowsOf(serial)];
      }),
    ),
  );
const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

beforeEach(async () => {
  world = await makeCatalogWorld(ICEBERG_TABLES.filter(({ name }) => name === 'sales'));
  await change(...Array.from({ length: PARTITIONS }, (_, at) => at));
  await refresh();
});

it('puts the manifest, the list and the metadata side by side, and switches when all are there', async () => {
  const events: string[] = [];
  const put = world.iceberg.put.bind(world.iceberg);
  world.iceberg.put = async (key, content) => {
    events.push('begin');
    for (let i = 0; i < 20; i += 1) await turn();
    await put(key, content);
    events.push('end');
  };
  const update = world.catalog.updateTable.bind(world.catalog);
  world.catalog.updateTable = async (...of) => {
    events.push('switch');
    return update(...of);
  };
  await change(7);
  expect(await refresh()).toBe('published');
  expect(events).toEqual(['begin', 'begin', 'begin', 'end', 'end', 'end', 'switch']);
});

it.each([
  ['manifest', /-m0\.avro$/],
  ['list', /\/snap-/],
  ['metadata', /metadata\.json$/],
])('shows nothing where the %s could not be put', async (_, which) => {
  const before = readIceberg(world, 'db', 'sales');
  const put = world.iceberg.put.bind(world.iceberg);
  world.iceberg.put = async (key, content) => {
    if (which.test(key)) throw new Error('no room');
    await put(key, content);
  };
  await change(7);
  await refresh().catch(() => undefined);
  expect(readIceberg(world, 'db', 'sales')).toEqual(before);
  world.iceberg.put = put;
  world.clock.advance(3_600_000);
  expect(await refresh()).toBe('published');
  expect(readIceberg(world, 'db', 'sales')).not.toEqual(before);
});

it('asks Glue while lakeFS compares', async () => {
  const diff = world.lakefs.diff.bind(world.lakefs);
  let glueAsked = false;
  world.lakefs.diff = async function* (...of) {
    await turn();
    glueAsked = world.catalog.calls.includes('GetTable');
    yield* diff(...of);
  };
  await change(7);
  world.catalog.calls.length = 0;
  expect(await refresh()).toBe('published');
  expect(glueAsked).toBe(true);
  expect(world.catalog.calls).toEqual(['GetTable', 'UpdateTable']);
});

it('reads each manifest that a change touches once, however many, and several at a time', async () => {
  const get = world.iceberg.get.bind(world.iceberg);
  const read: string[] = [];
  let [now, most] = [0, 0];
  world.iceberg.get = async (key) => {
    read.push(key);
    now += 1;
    most = Math.max(most, now);
    for (let i = 0; i < 5; i += 1) await turn();
    now -= 1;
    return get(key);
  };
  await change(...Array.from({ length: PARTITIONS / 4 }, (_, at) => at * 4));
  expect(await refresh()).toBe('published');
  const manifests = read.filter((key) => /-m\d+\.avro$/.test(key));
  expect(manifests.length).toBeGreaterThan(20);
  expect(new Set(manifests).size).toBe(manifests.length);
  expect(most).toBeGreaterThan(8);
});

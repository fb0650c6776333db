/**
 * Processes of their own for an Iceberg table of very many files, of which nothing but the refresh takes memory: one that publishes the
 * table, then one that publishes the change of one partition. What lakeFS lists is made up as it is asked for; metadata lies on the disk.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogPorts } from '../../lambdas/catalog-ports.ts';
import type { Change, ObjectStats } from '../../lambdas/domain/lakefs.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import { makeCatalogWorld } from '../../test/fakes/catalog.ts';
import { ICEBERG_TABLES, rowsOf } from '../../test/fakes/iceberg.ts';

const PER_PARTITION = 100;
const [step, folder = '', count = ''] = process.argv.slice(2);
const objects = Number(count);
const partitions = Math.ceil(objects / PER_PARTITION);
const CHANGED = Math.floor(partitions / 2);
const file = rowsOf(1);

const prefixOf = (partition: number): string => `sales/dt=${String(partition).padStart(7, '0')}/`;

const objectOf = (partition: number, at: number): ObjectStats => {
  const path = `${prefixOf(partition)}part-${String(at).padStart(5, '0')}-0b5e.parquet`;
  const isNew = step === 'change' && partition === CHANGED;
  const name = createHash('sha1')
    .update(`${path} ${String(isNew)}`)
    .digest('hex')
    .slice(0, 20);
  return {
    ...{ path, isPrefix: false, sizeBytes: file.length, checksum: name, mtime: 0, metadata: {} },
    physicalAddress: `s3://lake/bench/data/gk3v2o5d7q4c73b0a6r0/${name}`,
  };
};

/** As lakeFS lists: nothing is kept. */
async function* listing(prefix = '', delimiter = ''): AsyncIterable<ObjectStats> {
  const only = /^sales\/dt=(\d+)\/$/.exec(prefix)?.[1];
  const [from, to] = only === undefined ? [0, partitions] : [Number(only), Number(only) + 1];
  for (let partition = from; partition < to; partition += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (delimiter !== '') yield { ...objectOf(partition, 0), path: prefixOf(partition), isPrefix: true };
    else for (let at = 0; at < PER_PARTITION; at += 1) yield objectOf(partition, at);
  }
}

const world = await makeCatalogWorld(ICEBERG_TABLES.filter(({ name }) => name === 'sales'));
const state = join(folder, 'state.json');
const kept = [world.catalog.tables, world.publications.entries] as Map<string, unknown>[];
if (step === 'change') {
  const stored = JSON.parse(await readFile(state, 'utf8')) as [string, unknown][][];
  for (const [i, entries] of stored.entries()) for (const [key, value] of entries) kept[i]?.set(key, value);
}
await mkdir(join(folder, 'objects'), { recursive: true });
const at = (key: string): string => join(folder, 'objects', key.replaceAll('/', '%'));
const calls = { get: 0, put: 0, footers: 0 };
const lakefs: Partial<CatalogPorts['lakefs']> = {
  listObjects: (_, __, { prefix, delimiter }) => listing(prefix, delimiter),
  diff: async function* (): AsyncIterable<Change> {
    yield { type: 'prefix_changed', path: prefixOf(CHANGED), isPrefix: true };
  },
  getObjectRange: async (_, __, ___, { from, to }) => {
    calls.footers += 1;
    return file.slice(from, to);
  },
};
const ports: CatalogPorts = {
  ...world,
  lakefs: Object.assign(world.lakefs, lakefs),
  iceberg: {
    uri: (key) => world.iceberg.uri(key),
    keyOf: (uri) => world.iceberg.keyOf(uri),
    put: async (key, content) => {
      calls.put += 1;
      await writeFile(at(key), content);
    },
    get: (key) => {
      calls.get += 1;
      return readFile(at(key)).catch(() => undefined);
    },
    recall: () => undefined,
    async *list() {},
    remove: (key) => rm(at(key), { force: true }),
  },
};
// The second process makes the first one's commit again, and one after it.
for (const commit of step === 'change' ? ['build', 'change'] : ['build'])
  await world.change({ [`${prefixOf(CHANGED)}${commit}`]: commit });
const before = process.cpuUsage();
const { outcome } = await refreshCatalog(ports, {
  ...{ repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY },
});
const { user, system } = process.cpuUsage(before);
if (step === 'build') await writeFile(state, JSON.stringify(kept.map((map) => [...map])));
const maxRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
const cpuSeconds = (user + system) / 1e6;
console.log(JSON.stringify({ outcome, objects: partitions * PER_PARTITION, maxRssMb, cpuSeconds, ...calls }));

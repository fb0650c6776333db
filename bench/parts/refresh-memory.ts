/** A process of its own: one first publication of a table of many objects, of which nothing but the refresh takes memory. */
import type { CatalogPorts } from '../../lambdas/catalog-ports.ts';
import type { ObjectStats } from '../../lambdas/domain/lakefs.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import { makeCatalogWorld, PUBLISHED } from '../../test/fakes/catalog.ts';

const PER_PARTITION = 200;
const objects = Number(process.argv[2]);

/** As lakeFS lists: pages of 1,000, none of them kept. */
async function* listing(delimiter: string | undefined): AsyncIterable<ObjectStats> {
  for (let at = 0; at < objects; at += 1) {
    const partition = `sales/dt=${String(Math.floor(at / PER_PARTITION)).padStart(7, '0')}/`;
    const file = at % PER_PARTITION;
    if (delimiter !== undefined && file > 0) continue;
    if (at % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    const path = delimiter === undefined ? `${partition}part-${String(file).padStart(5, '0')}-0b5e.parquet` : partition;
    yield {
      path,
      isPrefix: delimiter !== undefined,
      sizeBytes: 1000,
      checksum: '',
      mtime: 0,
      metadata: {},
      physicalAddress: `s3://lake/bench/data/gk3v2o5d7q4c73b0a6r0/${String(at).padStart(20, 'c')}`,
    };
  }
}

const world = await makeCatalogWorld(PUBLISHED.filter(({ name }) => name === 'sales'));
await world.change({ 'sales/dt=0/a': 'x' });
let puts = 0;
const ports: CatalogPorts = {
  ...world,
  lakefs: Object.assign(Object.create(Object.getPrototypeOf(world.lakefs) as object) as typeof world.lakefs, {
    listObjects: (_: string, __: string, options: { delimiter?: string }) => listing(options.delimiter),
  }),
  manifests: {
    uri: (key) => `s3://manifests/symlinks/${key}`,
    put: async () => {
      puts += 1;
    },
    get: async () => undefined,
    list: async function* () {},
    remove: async () => undefined,
  },
};
const { outcome } = await refreshCatalog(ports, {
  ...{ repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY },
});
const maxRssMb = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ outcome, objects, puts, maxRssMb: Math.round(maxRssMb) }));

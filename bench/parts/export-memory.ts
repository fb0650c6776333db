/**
 * A process of its own: the first export of very many objects, of which nothing but the export takes memory. With `--expose-gc` it tells
 * how much is held on the way; how much of the rest is taken before it is collected, V8 chooses by how long the work goes on.
 */
import type { ObjectStats } from '../../lambdas/domain/lakefs.ts';
import type { Destination, ExportPorts } from '../../lambdas/export-ports.ts';
import { runExport } from '../../lambdas/usecases/run-export.ts';
import { EXPORT, makeExportWorld } from '../../test/fakes/exports.ts';

const PER_PARTITION = 200;
const LOOK_EVERY = 10_000;
const objects = Number(process.argv[2]);

/** As lakeFS lists: pages of 1,000, none of them kept. */
async function* listing(): AsyncIterable<ObjectStats> {
  for (let at = 0; at < objects; at += 1) {
    if (at % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    const partition = `sales/dt=${String(Math.floor(at / PER_PARTITION)).padStart(7, '0')}/`;
    yield {
      path: `${partition}part-${String(at % PER_PARTITION).padStart(5, '0')}-0b5e.parquet`,
      ...{ isPrefix: false, sizeBytes: 1000, mtime: 0, metadata: {} },
      checksum: String(at).padStart(32, '0'),
      physicalAddress: `s3://lake/bench/data/gk3v2o5d7q4c73b0a6r0/${String(at).padStart(20, 'c')}`,
    };
  }
}

const world = await makeExportWorld(EXPORT);
await world.change({ 'sales/dt=0/a': 'x' });
let copies = 0;
let heldBytes = 0;
const look = (): void => {
  if (globalThis.gc === undefined) return;
  globalThis.gc();
  heldBytes = Math.max(heldBytes, process.memoryUsage().heapUsed);
};
const parts = new Set<string>();
const destination: Destination = {
  async copy() {
    copies += 1;
    if (copies % LOOK_EVERY === 0) look();
    return { etag: '' };
  },
  async put(_, key) {
    if (key.includes('/part-')) parts.add(key);
  },
  get: async () => undefined,
  async *list() {
    for (const key of parts) yield { key, sizeBytes: 1, etag: '' };
  },
  checksumOf: async () => undefined,
  remove: async () => undefined,
};
const lakefs = Object.assign(Object.create(Object.getPrototypeOf(world.lakefs) as object) as typeof world.lakefs, {
  listObjects: () => listing(),
});
const ports: ExportPorts = { ...world, lakefs, destination };
const { outcome } = await runExport(ports, {
  ...{ name: EXPORT.name, adopt: true, until: Number.POSITIVE_INFINITY },
});
const maxRssMb = process.resourceUsage().maxRSS / 1024;
console.log(
  JSON.stringify({ outcome, copies, maxRssMb: Math.round(maxRssMb), heldMb: Math.round(heldBytes / 2 ** 20) }),
);

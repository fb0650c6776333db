/**
 * 50,000 objects of a lakeFS on the local S3, copied by an export: all of them, then one per cent changed, in few partitions and spread over
 * all. Every call to lakeFS and S3 is counted. Beside it in the same run a naive copy, as `rclone` from lakeFS to S3 does it: both sides
 * listed, then each object read through lakeFS and written to S3, four at a time. And in a process of its own the memory of a first
 * export, of as many objects and of many more.
 *
 * Goals: at most 1.1 times the calls that cannot be avoided: copies and pages of the diff; for changes that are spread, the pages of the
 * listing that tells their addresses too. More objects a second than the naive copy. At most 256 MB, and flat: what is held at most
 * 1.5 times for 20 times the objects.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createDestination } from '../lambdas/adapters/destination.ts';
import type { ExportPorts } from '../lambdas/export-ports.ts';
import { runExport } from '../lambdas/usecases/run-export.ts';
import { EXPORT, makeExportWorld } from '../test/fakes/exports.ts';
import { quietly } from './parts/control-plane.ts';
import { naiveCopy } from './parts/naive-copy.ts';
import { round, timed } from './parts/numbers.ts';
import { REPOSITORY, type StorageLab, sendTo, startStorageLab } from './parts/storage-lab.ts';
import { stage } from './parts/wire.ts';

const OBJECTS = 50_000;
const PER_PARTITION = 100;
/** Below that the few calls around every export would be told as a part of the work. */
const LEAST_PARTITIONS = 100;
const PAGE = 1000;
const MAX_OVER_UNAVOIDABLE = 1.1;
const MAX_MB = 256;
const MORE_OBJECTS = 20;
const MAX_GROWTH = 1.5;
const NAIVE_OBJECTS = 2000;
const AT_ONCE = 4;
const BUCKET = 'bench-exports';
const NAIVE_BUCKET = 'bench-naive';

interface Measured {
  readonly objects: number;
  readonly calls: number;
  readonly ms: number;
}

interface ExportLab {
  readonly lab: StorageLab;
  readonly ports: ExportPorts;
  calls(): number;
}

const labOf = async (lab: StorageLab): Promise<ExportLab> => {
  const config = { ...EXPORT, repository: REPOSITORY, bucket: BUCKET, prefix: 'plain/' };
  const world = await makeExportWorld(config);
  let objects = 0;
  const destination = createDestination({
    env: lab.env,
    onCall: () => {
      objects += 1;
    },
  });
  const { lakefs } = lab;
  const ports: ExportPorts = {
    ...{ ...world, lakefs, destination, ledger: lab.world.ledger, clock: { now: () => Date.now() } },
  };
  return { lab, ports, calls: () => lab.requests() + objects };
};

const partition = (at: number): string => `sales/dt=${String(at).padStart(5, '0')}/`;

/** Writes so many objects into each of these partitions on a branch, merges it, and says that it is verified. */
const change = async (
  { wire, verify }: StorageLab,
  name: string,
  partitions: readonly number[],
  each: number,
): Promise<void> => {
  const send = sendTo(wire);
  await send('/branches', { name, source: 'main' });
  const left = partitions.values();
  const worker = async (): Promise<void> => {
    for (const at of left) await stage(wire, { repository: REPOSITORY, branch: name, prefix: partition(at) }, each);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await send(`/branches/${name}/commits`, { message: name });
  const { reference } = JSON.parse(await send(`/refs/${name}/merge/main`, { message: name })) as { reference: string };
  await verify(reference);
};

const measure = async ({ ports, calls }: ExportLab, name: string): Promise<Measured> => {
  const before = calls();
  const [ms, { outcome, record }] = await quietly(() =>
    timed(() => runExport(ports, { name: EXPORT.name, until: Number.POSITIVE_INFINITY })),
  );
  if (outcome !== 'exported') throw new Error(`${name}: ${outcome} ${record?.failure?.message ?? ''}`);
  const measured = { objects: record?.last?.copied ?? 0, calls: calls() - before, ms: round(ms) };
  const rate = String(Math.round((measured.objects / ms) * 1000));
  console.log(
    `${name.padEnd(8)} ${String(measured.objects)} objects: ${String(measured.calls)} calls, ${String(measured.ms)} ms, ${rate}/s`,
  );
  return measured;
};

interface Memory {
  readonly maxRssMb: number;
  /** On the way, after collections: how much more than that is taken is V8's choice. */
  readonly heldMb: number;
}

const memoryOf = async (objects: number): Promise<Memory> => {
  const script = join(import.meta.dirname, 'parts', 'export-memory.ts');
  const told = async (...flags: readonly string[]): Promise<Memory> => {
    const args = [...flags, script, String(objects)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 });
    const said = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Memory & Record<string, unknown>;
    if (said['outcome'] !== 'exported' || said['copies'] !== objects) throw new Error(`memory: ${stdout}`);
    return said;
  };
  const [{ maxRssMb }, { heldMb }] = [await told(), await told('--expose-gc')];
  console.log(`memory   ${String(objects)} objects: ${String(maxRssMb)} MB, ${String(heldMb)} MB of it held`);
  return { maxRssMb, heldMb };
};

export const run = async (scale: number) => {
  const partitions = Math.max(LEAST_PARTITIONS, Math.round((OBJECTS * scale) / PER_PARTITION));
  const count = partitions * PER_PARTITION;
  const memory = [await memoryOf(count), await memoryOf(count * MORE_OBJECTS)] as const;
  const lab = await startStorageLab('bench-export', [BUCKET, NAIVE_BUCKET]);
  try {
    console.log(`against ${lab.description}`);
    const exports = await labOf(lab);
    const all = Array.from({ length: partitions }, (_, at) => at);
    // An export of nothing, so that the next one follows the diff though all is new.
    await lab.verify((await lab.lakefs.getBranch(REPOSITORY, 'main'))?.commitId ?? '');
    await quietly(() => runExport(exports.ports, { name: EXPORT.name, until: Number.POSITIVE_INFINITY }));
    await change(lab, 'all', all, PER_PARTITION);
    const whole = await measure(exports, 'all');
    const percent = Math.max(1, Math.round(partitions / 100));
    await change(lab, 'percent', all.slice(3, 3 + percent), PER_PARTITION);
    const few = await measure(exports, 'percent');
    await change(lab, 'spread', all, 1);
    const spread = await measure(exports, 'spread');
    const naiveCount = Math.min(count, Math.max(200, Math.round(NAIVE_OBJECTS * scale)));
    const [naiveMs] = await timed(() => naiveCopy(lab, { bucket: NAIVE_BUCKET, objects: naiveCount }));
    const perSecond = (whole.objects / whole.ms) * 1000;
    const naivePerSecond = (naiveCount / naiveMs) * 1000;
    console.log(`naive    ${String(naiveCount)} objects: ${String(round(naivePerSecond))}/s`);
    const over = ({ calls, objects }: Measured, listed = 0): number =>
      round(calls / (objects + Math.ceil(objects / PAGE) + listed), 3);
    const ratios = { all: over(whole), percent: over(few), spread: over(spread, Math.ceil(count / PAGE)) };
    const [less, more] = memory;
    const ratio = Math.max(...Object.values(ratios));
    return {
      ok:
        ratio <= MAX_OVER_UNAVOIDABLE &&
        perSecond > naivePerSecond &&
        more.maxRssMb <= MAX_MB &&
        more.heldMb <= MAX_GROWTH * less.heldMb,
      ...{ ratio, maxRatio: MAX_OVER_UNAVOIDABLE, ratios, objects: count, all: whole, percent: few, spread },
      spreadOverCopiesAndDiff: over(spread),
      ...{ perSecond: round(perSecond), naivePerSecond: round(naivePerSecond) },
      overNaive: round(perSecond / naivePerSecond),
      memory: { objects: [count, count * MORE_OBJECTS], is: memory, maxMb: MAX_MB, maxGrowthOfHeld: MAX_GROWTH },
      server: lab.description,
    };
  } finally {
    await lab.close();
  }
};

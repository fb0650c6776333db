/**
 * A table of 5,000 partitions of two files each, shown in the local Glue from a lakeFS on the local S3: its first publication, then
 * one partition changed, one per cent, all. Every call to lakeFS, Glue and S3 is counted; and in a process of its own, the memory
 * that a first publication of a million objects takes.
 *
 * Goals: one partition of however many, at most 12 calls in all; all of them, at most 1.1 times what cannot be avoided (a PUT a manifest, a
 * batch per 100 partitions, a page per 1,000 changes and objects); at most 256 MB.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { refreshCatalog } from '../lambdas/usecases/refresh-catalog.ts';
import { type CatalogLab, startCatalogLab } from './parts/catalog-lab.ts';
import { quietly } from './parts/control-plane.ts';
import { round, timed } from './parts/numbers.ts';
import { REPOSITORY, sendTo } from './parts/storage-lab.ts';
import { stage } from './parts/wire.ts';

const PARTITIONS = 5_000;
const FILES = 2;
const OBJECTS = 1_000_000;
const MAX_CALLS_OF_ONE = 12;
const MAX_OVER_UNAVOIDABLE = 1.1;
const MAX_MB = 256;
const AT_ONCE = 4;

const partition = (at: number): string => `sales/dt=${String(at).padStart(5, '0')}/`;

interface Measured {
  readonly ms: number;
  readonly calls: number;
  readonly text: string;
}

/** Writes the partitions anew on a branch, merges it, and measures the refresh that shows it. */
const change = async (lab: CatalogLab, name: string, partitions: readonly number[]): Promise<Measured> => {
  const send = sendTo(lab.wire);
  await send('/branches', { name, source: 'main' });
  const left = partitions.values();
  const worker = async (): Promise<void> => {
    for (const at of left)
      await stage(lab.wire, { repository: REPOSITORY, branch: name, prefix: partition(at) }, FILES);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await send(`/branches/${name}/commits`, { message: name });
  const { reference } = JSON.parse(await send(`/refs/${name}/merge/main`, { message: name })) as { reference: string };
  await lab.verify(reference);
  const before = lab.calls();
  const [ms, { outcome }] = await quietly(() =>
    timed(() => refreshCatalog(lab.ports, { repository: REPOSITORY, target: 'main', until: Number.POSITIVE_INFINITY })),
  );
  if (outcome !== 'published') throw new Error(`${name}: ${outcome}`);
  const after = lab.calls();
  const [lakefs, glue, s3] = (['lakefs', 'glue', 's3'] as const).map((of) => after[of] - before[of]);
  const calls = (lakefs ?? 0) + (glue ?? 0) + (s3 ?? 0);
  const text = `${String(calls)} calls (lakeFS ${String(lakefs)}, Glue ${String(glue)}, S3 ${String(s3)})`;
  console.log(
    `${name.padEnd(12)} ${String(partitions.length).padStart(5)} partitions: ${text}, ${String(round(ms))} ms`,
  );
  return { ms: round(ms), calls, text };
};

const memoryOf = async (objects: number): Promise<{ readonly maxRssMb: number; readonly puts: number }> => {
  const script = join(import.meta.dirname, 'parts', 'refresh-memory.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(objects)], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { maxRssMb: number; puts: number };
};

export const run = async (scale: number) => {
  const memory = await memoryOf(Math.max(1000, Math.round(OBJECTS * scale)));
  console.log(`memory: ${String(memory.maxRssMb)} MB for ${String(memory.puts)} manifests`);
  const lab = await startCatalogLab();
  try {
    console.log(`against ${lab.description}`);
    const count = Math.max(200, Math.round(PARTITIONS * scale));
    const all = Array.from({ length: count }, (_, at) => at);
    const first = await change(lab, 'first', all);
    const one = await change(lab, 'one', [Math.floor(count / 2)]);
    const percent = await change(
      lab,
      'percent',
      all.filter((at) => at % 100 === 0),
    );
    const whole = await change(lab, 'all', all);
    const pages = Math.ceil(count / 1000) + Math.ceil((count * FILES) / 1000);
    // Besides: the table is opened and closed, and its partitions are looked up.
    const unavoidable = count + Math.ceil(count / 100) + pages + 3;
    const ratio = round(whole.calls / unavoidable, 3);
    const ok = one.calls <= MAX_CALLS_OF_ONE && ratio <= MAX_OVER_UNAVOIDABLE && memory.maxRssMb <= MAX_MB;
    return {
      ok,
      ratio,
      maxRatio: MAX_OVER_UNAVOIDABLE,
      partitions: count,
      callsOfOne: one.calls,
      maxCallsOfOne: MAX_CALLS_OF_ONE,
      callsOfOnePercent: percent.calls,
      callsOfAll: whole.calls,
      unavoidable,
      callsOfFirst: first.calls,
      milliseconds: { one: one.ms, percent: percent.ms, all: whole.ms, first: first.ms },
      objects: Math.max(1000, Math.round(OBJECTS * scale)),
      maxRssMb: memory.maxRssMb,
      maxMb: MAX_MB,
      server: lab.description,
    };
  } finally {
    await lab.close();
  }
};

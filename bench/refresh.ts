/**
 * A table of 5,000 partitions of two files each, shown in the local Glue from a lakeFS on the local S3: its first publication, then
 * one partition changed, one per cent, all; one and all again with 25 ms added to every request. Every request to lakeFS, Glue and S3 is
 * counted on its way. On a real lakeFS its own exporters run after the same merges, over the same S3 and Glue. And in a process of its own,
 * the memory that a first publication of a million objects takes.
 *
 * Goals: one partition of however many, at most 12 requests in all, a hundredth of the exporters' and a fiftieth of their time; all of
 * them, at most 1.1 times what cannot be avoided (a PUT a manifest, a batch per 100 partitions, a page per 1,000 changes and objects),
 * half of the exporters' time, and a fifth of it with 25 ms; at most 256 MB.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { refreshCatalog } from '../lambdas/usecases/refresh-catalog.ts';
import { PUBLISHED } from '../test/fakes/catalog.ts';
import { type CatalogLab, startCatalogLab } from './parts/catalog-lab.ts';
import { quietly } from './parts/control-plane.ts';
import { told } from './parts/detour.ts';
import { exported, prepareExporters } from './parts/exporters.ts';
import { mergeChange } from './parts/merge-change.ts';
import { round, sum, timed } from './parts/numbers.ts';
import { REPOSITORY } from './parts/storage-lab.ts';

const PARTITIONS = 5_000;
const OBJECTS = 1_000_000;
const MAX_CALLS_OF_ONE = 12;
const MAX_OVER_UNAVOIDABLE = 1.1;
const MAX_MB = 256;
const SLOW_MS = 25;
/** How much less than the exporters; of one partition of 5,000, and of fewer by so much less. */
const LESS = { callsOfOne: 100, timeOfOne: 50, timeOfAll: 2, timeOfAllSlow: 5 } as const;

interface Measured {
  readonly ms: number;
  readonly calls: number;
  /** Of lakeFS's own exporters, for the same merge. */
  readonly exporters?: { readonly ms: number; readonly calls: number };
}

/** Writes the partitions anew on a branch, merges it, and measures what shows it: first the exporters, which the merge began, then ours. */
const change = async (
  lab: CatalogLab,
  name: string,
  partitions: readonly number[],
  slowMs: number,
): Promise<Measured> => {
  await lab.delay(slowMs);
  await lab.calls();
  const commit = await mergeChange(lab.wire, name, partitions);
  const theirs = lab.isReal ? await exported(lab.wire, REPOSITORY, commit) : undefined;
  const calls = await lab.calls();
  const exporters = theirs === undefined ? undefined : { ms: theirs, calls: sum(Object.values(calls.aws)) };
  await lab.verify(commit);
  const request = { repository: REPOSITORY, target: 'main', until: Number.POSITIVE_INFINITY };
  const [ms, { outcome }] = await quietly(() => timed(() => refreshCatalog(lab.ports, request)));
  if (outcome !== 'published') throw new Error(`${name}: ${outcome}`);
  const ours = await lab.calls();
  const measured = { ms: round(ms), calls: sum(Object.values(ours.aws)) + ours.lakefs };
  console.log(
    `${name.padEnd(12)} ${String(partitions.length).padStart(5)} partitions, ${String(slowMs)} ms added: ` +
      `${String(measured.calls)} requests (lakeFS ${String(ours.lakefs)}, ${told(ours.aws)}), ${String(measured.ms)} ms`,
  );
  if (exporters !== undefined)
    console.log(`    exporters: ${String(exporters.calls)} (${told(calls.aws)}), ${String(exporters.ms)} ms`);
  return { ...measured, ...(exporters === undefined ? {} : { exporters }) };
};

const memoryOf = async (objects: number): Promise<{ readonly maxRssMb: number; readonly puts: number }> => {
  const script = join(import.meta.dirname, 'parts', 'refresh-memory.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(objects)], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { maxRssMb: number; puts: number };
};

/** How many times as much the exporters took. */
const lessBy = ({ ms, calls, exporters }: Measured) =>
  exporters === undefined ? undefined : { time: round(exporters.ms / ms), calls: round(exporters.calls / calls) };

export const run = async (scale: number) => {
  const memory = await memoryOf(Math.max(1000, Math.round(OBJECTS * scale)));
  console.log(`memory: ${String(memory.maxRssMb)} MB for ${String(memory.puts)} manifests`);
  const lab = await startCatalogLab(PUBLISHED.filter(({ name }) => name === 'sales'));
  try {
    console.log(`against ${lab.description}`);
    if (lab.isReal) await prepareExporters(lab);
    else console.log("lakeFS's own exporters are not compared: the emulator has none (set LAKEFS_BIN)");
    const count = Math.max(200, Math.round(PARTITIONS * scale));
    const all = Array.from({ length: count }, (_, at) => at);
    const middle = Math.floor(count / 2);
    const percentOf = all.filter((at) => at % 100 === 0);
    const first = await change(lab, 'first', all, 0);
    const one = await change(lab, 'one', [middle], 0);
    const percent = await change(lab, 'percent', percentOf, 0);
    const whole = await change(lab, 'all', all, 0);
    const oneSlow = await change(lab, 'one-slow', [middle], SLOW_MS);
    const wholeSlow = await change(lab, 'all-slow', all, SLOW_MS);
    const pages = Math.ceil(count / 1000) + Math.ceil((count * 2) / 1000);
    // Besides: the table is opened and closed, and its partitions are looked up.
    const unavoidable = count + Math.ceil(count / 100) + pages + 3;
    const ratio = round(whole.calls / unavoidable, 3);
    const share = count / PARTITIONS;
    const less = { one: lessBy(one), oneSlow: lessBy(oneSlow), all: lessBy(whole), allSlow: lessBy(wholeSlow) };
    const beats = {
      callsOfOne: (less.one?.calls ?? Infinity) >= LESS.callsOfOne * share,
      timeOfOne: (less.one?.time ?? Infinity) >= LESS.timeOfOne * share,
      timeOfAll: (less.all?.time ?? Infinity) >= LESS.timeOfAll,
      timeOfAllSlow: (less.allSlow?.time ?? Infinity) >= LESS.timeOfAllSlow,
    };
    const cheap = one.calls <= MAX_CALLS_OF_ONE && ratio <= MAX_OVER_UNAVOIDABLE && memory.maxRssMb <= MAX_MB;
    return {
      ok: cheap && Object.values(beats).every(Boolean),
      ratio,
      maxRatio: MAX_OVER_UNAVOIDABLE,
      partitions: count,
      callsOfOne: one.calls,
      maxCallsOfOne: MAX_CALLS_OF_ONE,
      callsOfOnePercent: percent.calls,
      callsOfAll: whole.calls,
      unavoidable,
      callsOfFirst: first.calls,
      milliseconds: {
        ...{ one: one.ms, percent: percent.ms, all: whole.ms, first: first.ms },
        ...{ oneSlow: oneSlow.ms, allSlow: wholeSlow.ms },
      },
      lessThanExporters: lab.isReal ? less : 'not compared',
      ...(lab.isReal ? { wanted: { ...LESS, share }, beats } : {}),
      objects: Math.max(1000, Math.round(OBJECTS * scale)),
      maxRssMb: memory.maxRssMb,
      maxMb: MAX_MB,
      server: lab.description,
    };
  } finally {
    await lab.close();
  }
};

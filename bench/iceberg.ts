/**
 * An Iceberg table of 5,000 partitions of two files each, over a lakeFS on the local S3 and Glue: one partition changed, one per cent of
 * them spread over the table, all; without and with 25 ms added to every request. Every request to lakeFS, Glue and S3 is counted on its way.
 * pyiceberg makes the same flips on the same S3 and Glue in turns, in both of its ways. By a deletion and `add_files`, which reads the files:
 * beside it ours of a merge by a person, which nobody has read before. By its overwriting snapshot, which is told the row counts and reads
 * none: beside it ours of a run, whose footers settle-run has read and kept where they are many. And in processes of their own a table of
 * 1,000,000 files, one partition changed. On a real lakeFS its own exporters run as hooks after each merge, which make no Iceberg table and
 * read no file.
 *
 * Goals: one partition of however many, at most 12 requests; faster than pyiceberg at every size, in both ways, and of a run faster
 * than the exporters; of a million files, at most 1 s of processor time and 256 MB.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { refreshCatalog } from '../lambdas/usecases/refresh-catalog.ts';
import { ICEBERG_TABLES, rowsOf } from '../test/fakes/iceberg.ts';
import { type CatalogLab, startCatalogLab } from './parts/catalog-lab.ts';
import { quietly } from './parts/control-plane.ts';
import { told } from './parts/detour.ts';
import { exported, prepareExporters } from './parts/exporters.ts';
import { mergeChange } from './parts/merge-change.ts';
import { round, sum, timed } from './parts/numbers.ts';
import { type Pyiceberg, startPyiceberg } from './parts/pyiceberg.ts';
import { keepAsSettled } from './parts/settled.ts';
import { REPOSITORY } from './parts/storage-lab.ts';

const PARTITIONS = 5_000;
const FILES = 2;
const OBJECTS = 1_000_000;
const MAX_CALLS_OF_ONE = 12;
const MAX_CPU_SECONDS = 1;
const MAX_MB = 256;
const SLOW_MS = 25;

interface Measured {
  readonly ms: number;
  readonly calls: number;
  /** How many times as long pyiceberg took. */
  readonly times?: number;
  /** And lakeFS's own exporters, where nothing was added to requests. */
  readonly exporters?: number;
}

interface How {
  readonly slowMs: number;
  readonly isWhole: boolean;
  /** A run's: settle-run has read its files. Otherwise nobody has. */
  readonly isSettled: boolean;
}

let serial = 0;
let head: string | undefined;

/** Writes the partitions anew, shows them, and has pyiceberg do the like. */
const change = async (
  lab: CatalogLab,
  rival: Pyiceberg | undefined,
  name: string,
  partitions: readonly number[],
  { slowMs, isWhole, isSettled }: How,
): Promise<Measured> => {
  const contents = (): Uint8Array<ArrayBuffer> => {
    serial += 1;
    return new Uint8Array(rowsOf(serial));
  };
  await lab.delay(0);
  const [before, after] = [head, await mergeChange(lab.wire, name, partitions, contents)];
  head = after;
  const exporting = lab.isReal ? await exported(lab.wire, REPOSITORY, after) : undefined;
  if (isSettled && before !== undefined) await keepAsSettled(lab, before, after);
  await lab.verify(after);
  await lab.delay(slowMs);
  await lab.calls();
  const request = { repository: REPOSITORY, target: 'main', until: Number.POSITIVE_INFINITY };
  const [took, { outcome }] = await quietly(() => timed(() => refreshCatalog(lab.ports, request)));
  if (outcome !== 'published') throw new Error(`${name}: ${outcome}`);
  const { aws, lakefs } = await lab.calls();
  const [ms, calls] = [round(took), sum(Object.values(aws)) + lakefs];
  const words = `${String(partitions.length).padStart(5)} partitions, ${String(slowMs)} ms added`;
  console.log(
    `${name.padEnd(12)} ${words}: ${String(calls)} requests (lakeFS ${String(lakefs)}, ${told(aws)}), ${String(ms)} ms`,
  );
  if (exporting !== undefined) console.log(`    exporters, without anything added: ${String(exporting)} ms`);
  const exporters = exporting === undefined || slowMs > 0 ? {} : { exporters: round(exporting / took) };
  if (rival === undefined) return { ms, calls, ...exporters };
  const way = isSettled ? 'overwrite' : 'add_files';
  const theirs = await rival.flip(way, partitions, isWhole);
  console.log(`    pyiceberg, ${way}: ${told((await lab.calls()).aws)}, ${String(round(theirs))} ms`);
  return { ms, calls, times: round(theirs / took), ...exporters };
};

interface Million {
  readonly objects: number;
  readonly maxRssMb: number;
  readonly cpuSeconds: number;
}

/** The table is built by one process, and changed by another. */
const millionFiles = async (objects: number): Promise<Million> => {
  const folder = await mkdtemp(join(tmpdir(), 'branchline-million-'));
  const script = join(import.meta.dirname, 'parts', 'iceberg-million.ts');
  const go = async (step: 'build' | 'change', ...flags: readonly string[]): Promise<Million> => {
    const words = [...flags, script, step, folder, String(objects)];
    const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 1 << 24 });
    const said = stdout.trim().split('\n').at(-1) ?? '';
    console.log(`${step}: ${said}`);
    const answer = JSON.parse(said) as Million & { readonly outcome: string };
    if (answer.outcome !== 'published') throw new Error(`${step}: ${answer.outcome}`);
    return answer;
  };
  try {
    await go('build', '--max-old-space-size=8192');
    return await go('change');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const run = async (scale: number) => {
  const million = await millionFiles(Math.max(1000, Math.round(OBJECTS * scale)));
  const lab = await startCatalogLab(ICEBERG_TABLES.filter(({ name }) => name === 'sales'));
  const rival = await startPyiceberg(lab);
  const other = typeof rival === 'string' ? undefined : rival;
  try {
    console.log(`against ${lab.description}`);
    if (typeof rival === 'string') console.log(`pyiceberg is not compared: ${rival}`);
    if (lab.isReal) await prepareExporters(lab);
    else console.log("lakeFS's own exporters are not compared: the emulator has none (set LAKEFS_BIN)");
    const count = Math.max(200, Math.round(PARTITIONS * scale));
    const all = Array.from({ length: count }, (_, at) => at);
    const some = { one: [Math.floor(count / 2)], percent: all.filter((at) => at % 100 === 0) };
    const first = await change(lab, undefined, 'first', all, { slowMs: 0, isWhole: true, isSettled: false });
    await other?.setUp(count);
    const both = async (name: string, partitions: readonly number[], how: Omit<How, 'isSettled'>) => ({
      settled: await change(lab, other, name, partitions, { ...how, isSettled: true }),
      byHand: await change(lab, other, `${name}-by-hand`, partitions, { ...how, isSettled: false }),
    });
    const [quick, slow] = [
      { slowMs: 0, isWhole: false },
      { slowMs: SLOW_MS, isWhole: false },
    ];
    // The first flip of a process is slower than all others, of ours as of theirs.
    await both('warm-up', [0], quick);
    const one = await both('one', some.one, quick);
    const percent = await both('percent', some.percent, quick);
    const oneSlow = await both('one-slow', some.one, slow);
    const percentSlow = await both('percent-slow', some.percent, slow);
    const whole = await both('all', all, { slowMs: 0, isWhole: true });
    const total = await other?.totalOf('db', 'sales');
    if (total !== undefined && total !== count * FILES) throw new Error(`the table has ${String(total)} files`);
    const measured = Object.entries({ one, percent, oneSlow, percentSlow, all: whole });
    const isFaster = measured.every(([, of]) => Object.values(of).every(({ times = Infinity }) => times > 1));
    const beatsExporters = measured.every(([, { settled }]) => (settled.exporters ?? Infinity) > 1);
    const isSmall = million.cpuSeconds <= MAX_CPU_SECONDS && million.maxRssMb <= MAX_MB;
    // Once a minute a refresh looks at tags and kept branches besides: two more.
    const callsOfOne = Math.min(one.settled.calls, one.byHand.calls);
    return {
      ok: callsOfOne <= MAX_CALLS_OF_ONE && isFaster && beatsExporters && isSmall,
      ratio: one.settled.times ?? 'not compared',
      partitions: count,
      callsOfOne,
      maxCallsOfOne: MAX_CALLS_OF_ONE,
      milliseconds: {
        first: first.ms,
        ...Object.fromEntries(measured.map(([k, { settled, byHand }]) => [k, [settled.ms, byHand.ms]])),
      },
      pyicebergTakes: Object.fromEntries(
        measured.map(([k, { settled, byHand }]) => [k, { overwrite: settled.times, addFiles: byHand.times }]),
      ),
      exportersTake: Object.fromEntries(
        measured.map(([k, { settled, byHand }]) => [k, [settled.exporters, byHand.exporters]]),
      ),
      million,
      maxCpuSeconds: MAX_CPU_SECONDS,
      maxMb: MAX_MB,
      server: lab.description,
    };
  } finally {
    other?.close();
    await lab.close();
  }
};

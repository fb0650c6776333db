/** `npm run bench -- NAME`: runs bench/NAME.ts, which prints what it measures and ends with one line of JSON. */
import { readdir } from 'node:fs/promises';

/** What a benchmark module exports. */
interface Benchmark {
  /** @param scale `BENCH_SCALE`, 1 by default: how much work, not how strict. @returns the last line. */
  readonly run: (scale: number) => Promise<Readonly<Record<string, unknown>> & { readonly ok: boolean }>;
}

/** Files beside the benchmarks that are none. */
const OTHERS = ['main'];

const names = async (): Promise<string[]> =>
  (await readdir(import.meta.dirname))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .filter((name) => !OTHERS.includes(name) && !name.includes('.'))
    .sort();

const scaleOf = (text: string | undefined): number => {
  const scale = Number(text ?? '1');
  if (Number.isFinite(scale) && scale > 0) return scale;
  throw new Error(`BENCH_SCALE is "${text ?? ''}", expected a number above 0`);
};

const [name] = process.argv.slice(2);
const known = await names();
if (name === undefined || !known.includes(name)) {
  console.error(`usage: npm run bench -- NAME, found "${name ?? ''}", known are ${known.join(', ')}`);
  process.exitCode = 2;
} else {
  const benchmark = (await import(`./${name}.ts`)) as Benchmark;
  const result = await benchmark.run(scaleOf(process.env.BENCH_SCALE));
  console.log(JSON.stringify({ bench: name, ...result }));
  if (!result.ok) process.exitCode = 1;
}

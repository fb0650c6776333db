/**
 * Size and import time of every function, bundled as the stack bundles it. The import time is set against that of the same AWS
 * clients and commands alone: both in one run, in turns, in fresh processes, so that the ratio means the same on any machine.
 *
 * Goals: at most 500 KB minified on the way of a run and 640 KB elsewhere, import at most 1.5 times that of the bare clients.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { BUNDLING, FUNCTION, type FunctionName, ON_THE_WAY_OF_A_RUN, READS_DESCRIPTIONS } from '../lambdas/contract.ts';

const limitOf = (name: FunctionName): number => (ON_THE_WAY_OF_A_RUN.includes(name) ? 500 : 640);
const MAX_RATIO = 1.5;
const ROUNDS = 15;
const PROJECT = resolve(import.meta.dirname, '..');

const OPTIONS = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: BUNDLING.format,
  target: BUNDLING.target,
  mainFields: [...BUNDLING.mainFields],
  banner: { js: BUNDLING.banner },
  external: [...BUNDLING.external],
  absWorkingDir: PROJECT,
  logLevel: 'error',
} as const satisfies BuildOptions;

interface Bundle {
  readonly path: string;
  readonly bytes: number;
  /** Our own source files in it. */
  readonly sources: readonly string[];
}

/** Of a file, and of those that it imports before it does anything. */
const bytesAtStart = ({ outputs }: Metafile, file: string, seen = new Set<string>()): number => {
  const output = outputs[file];
  if (output === undefined || seen.has(file)) return 0;
  seen.add(file);
  return output.imports
    .filter(({ kind }) => kind === 'import-statement')
    .reduce((sum, { path }) => sum + bytesAtStart({ inputs: {}, outputs }, path, seen), output.bytes);
};

/** @param isSplit what is imported on demand lies in files beside. */
const bundle = async (entry: string, path: string, isSplit = false): Promise<Bundle> => {
  const out = isSplit ? { outdir: dirname(path), splitting: true, outExtension: { '.js': '.mjs' } } : { outfile: path };
  const { metafile } = await build({ ...OPTIONS, ...out, entryPoints: [entry], metafile: true });
  const sources = Object.keys(metafile.inputs).filter((input) => input.startsWith('lambdas/'));
  const [file = ''] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entry) ?? [];
  return { path, bytes: bytesAtStart(metafile, file), sources };
};

/** Package → names that these sources import from it. Imports of types cost nothing. */
const awsImports = async (sources: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> => {
  const found = new Map<string, Set<string>>();
  for (const source of sources) {
    const text = await readFile(join(PROJECT, source), 'utf8');
    for (const [, names = '', from = ''] of text.matchAll(/^import \{([^}]*)\} from '(@aws-sdk\/[^']+)'/gm)) {
      const values = names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && !name.startsWith('type '));
      found.set(from, new Set([...(found.get(from) ?? []), ...values]));
    }
  }
  return found;
};

/** The same clients and commands, and nothing else. */
const bareEntry = (imports: ReadonlyMap<string, ReadonlySet<string>>): string => {
  const lines = [...imports]
    .filter(([, names]) => names.size > 0)
    .map(([from, names]) => ({ from, names: [...names].sort() }));
  return [
    ...lines.map(({ from, names }) => `import { ${names.join(', ')} } from '${from}';`),
    `export const used = [${lines.flatMap(({ names }) => names).join(', ')}];`,
  ].join('\n');
};

/** Milliseconds from the start of the import to its end, in a process of its own. */
const importMs = (path: string): number => {
  const code = `const t=process.hrtime.bigint();await import(${JSON.stringify(`file://${path}`)});console.log(Number(process.hrtime.bigint()-t)/1e6)`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, AWS_REGION: 'us-east-1', AWS_LAMBDA_FUNCTION_NAME: 'bench' },
  });
  const ms = Number(child.stdout.trim().split('\n').at(-1));
  if (child.status !== 0 || Number.isNaN(ms))
    throw new Error(`import of ${path} failed: ${child.stderr}${child.stdout}`);
  return ms;
};

/** Noise only ever adds: the fastest of many is closest to the truth. */
const fastest = (times: readonly number[]): number => Math.min(...times);
const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

const measure = async (name: FunctionName, folder: string, rounds: number) => {
  const isSplit = READS_DESCRIPTIONS.includes(name);
  const ours = await bundle(`lambdas/handlers/${name}.ts`, join(folder, name, `${name}.mjs`), isSplit);
  const entry = join(PROJECT, 'bench', `.bare-${name}.ts`);
  // Inside the project, so that packages are found from there.
  await writeFile(entry, bareEntry(await awsImports(ours.sources)));
  const bare = await bundle(entry, join(folder, `${name}.bare.mjs`)).finally(() => rm(entry));
  const times: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
  for (let turn = 0; turn < rounds; turn += 1) {
    times.ours.push(importMs(ours.path));
    times.bare.push(importMs(bare.path));
  }
  const [oursMs, bareMs] = [fastest(times.ours), fastest(times.bare)];
  return {
    name,
    kilobytes: round(ours.bytes / 1024),
    oursMs: round(oursMs),
    bareMs: round(bareMs),
    ratio: round(oursMs / bareMs, 2),
  };
};

export const run = async (scale: number) => {
  const folder = await mkdtemp(join(tmpdir(), 'branchline-bundles-'));
  try {
    const functions = [];
    for (const name of Object.values(FUNCTION)) {
      const result = await measure(name, folder, Math.max(3, Math.round(ROUNDS * scale)));
      functions.push(result);
      console.log(
        `${name.padEnd(16)} ${String(result.kilobytes).padStart(7)} KB   import ${String(result.oursMs).padStart(6)} ms, bare clients ${String(result.bareMs).padStart(6)} ms, ratio ${String(result.ratio)}`,
      );
    }
    const largestKilobytes = Math.max(...functions.map(({ kilobytes }) => kilobytes));
    const ratio = Math.max(...functions.map((each) => each.ratio));
    return {
      ok: functions.every(({ name, kilobytes }) => kilobytes <= limitOf(name)) && ratio <= MAX_RATIO,
      ratio,
      maxRatio: MAX_RATIO,
      largestKilobytes,
      functions,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

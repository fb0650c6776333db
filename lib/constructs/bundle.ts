/**
 * Bundles all functions in one go, once per process: `lambdas/handlers/<name>.ts` → a folder with `index.mjs`. What a function imports only when
 * it needs it lies in files beside that, so that a cold start does not load it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { BUNDLING, FUNCTION, type FunctionName, READS_DESCRIPTIONS } from '../../lambdas/contract.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

/** The sources of the functions. */
export const HANDLERS = join(PROJECT, 'lambdas', 'handlers');

const sourceOf = (name: FunctionName): string => join(HANDLERS, `${name}.ts`);

let output: string | undefined;

const build = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-functions-'));
  // Synth copies what it needs into its own output.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const options = {
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    // Stack traces name our files; the sources themselves stay out of the archive.
    sourcemap: 'linked',
    sourcesContent: false,
    platform: 'node',
    format: BUNDLING.format,
    target: BUNDLING.target,
    mainFields: [...BUNDLING.mainFields],
    banner: { js: BUNDLING.banner },
    external: [...BUNDLING.external],
    absWorkingDir: PROJECT,
    logLevel: 'error',
  } as const satisfies BuildOptions;
  const whole = Object.values(FUNCTION).filter((name) => !READS_DESCRIPTIONS.includes(name));
  buildSync({
    ...options,
    entryPoints: Object.fromEntries(whole.map((name) => [`${name}/index`, sourceOf(name)])),
    outdir: folder,
  });
  // One by one: what several of them import on demand would come to lie between their folders.
  for (const name of READS_DESCRIPTIONS) {
    buildSync({ ...options, splitting: true, entryPoints: { index: sourceOf(name) }, outdir: join(folder, name) });
  }
  return folder;
};

/** Folder of the bundled function. */
export const bundleOf = (name: FunctionName): string => {
  output ??= build();
  return join(output, name);
};

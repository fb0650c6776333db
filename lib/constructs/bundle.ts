/** Bundles all functions in one go, once per process: `lambdas/handlers/<name>.ts` → a folder with `index.mjs`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { BUNDLING, FUNCTION, type FunctionName } from '../../lambdas/contract.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

/** The sources of the functions. */
export const HANDLERS = join(PROJECT, 'lambdas', 'handlers');

let output: string | undefined;

const build = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-functions-'));
  // Synth copies what it needs into its own output.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  buildSync({
    entryPoints: Object.fromEntries(
      Object.values(FUNCTION).map((name) => [`${name}/index`, join(HANDLERS, `${name}.ts`)]),
    ),
    outdir: folder,
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
  });
  return folder;
};

/** Folder of the bundled function. */
export const bundleOf = (name: FunctionName): string => {
  output ??= build();
  return join(output, name);
};

/**
 * `npm run verify:real`: contract suite, integration tests and demo against a real lakeFS (LAKEFS_ENDPOINT, LAKEFS_BIN, or
 * `lakefs` on the PATH), and writes down in docs/verified.md what was seen.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chooseLakefs } from './lakefs.ts';
import { LOCAL, NODE_BIN, PROJECT } from './paths.ts';
import { progressOn } from './progress.ts';
import { asPage, type Findings } from './verified-page.ts';

const run = promisify(execFile);
const VITEST = join(NODE_BIN, 'vitest');
const REPORTS = join(LOCAL, 'verify');
const PAGE = join(PROJECT, 'docs', 'verified.md');

interface Finished {
  readonly code: number;
  readonly stdout: string;
}

/** Runs to the end; what it says on standard error goes to ours. */
const finish = (command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: PROJECT, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.once('error', reject).once('close', (code) => resolve({ code: code ?? 1, stdout }));
  });

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A vitest run, counted from its JSON report; it counts as failed where it exits with another code than 0. */
const suite = async (name: string, config: string, env: NodeJS.ProcessEnv): Promise<Counts & { ok: boolean }> => {
  const report = join(REPORTS, `${name}.json`);
  await rm(report, { force: true });
  const args = ['run', '--config', config, '--reporter', 'json', '--outputFile', report];
  const { code, stdout } = await finish(VITEST, args, env);
  const text = await readFile(report, 'utf8').catch(() => undefined);
  if (text === undefined) throw new Error(`the ${name} suite left no report:\n${stdout.slice(-2000)}`);
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(text) as Record<string, number>;
  return {
    ok: code === 0 && (numPassedTests ?? 0) > 0,
    passed: numPassedTests ?? 0,
    failed: numFailedTests ?? 0,
    skipped: (numPendingTests ?? 0) + (numTodoTests ?? 0),
  };
};

interface DemoLine {
  readonly ok: boolean;
  readonly seconds: number;
  readonly verified: number;
  readonly lakefs: { readonly kind: string; readonly version: string };
  readonly scenes: readonly unknown[];
}

const commit = async (): Promise<string> => {
  const { stdout } = await run('git', ['rev-parse', 'HEAD'], { cwd: PROJECT });
  const { stdout: changes } = await run('git', ['status', '--porcelain', '--untracked-files=no'], { cwd: PROJECT });
  return changes.trim() === '' ? stdout.trim() : `${stdout.trim()} with uncommitted changes`;
};

const main = async (): Promise<number> => {
  const choice = await chooseLakefs();
  if (choice.kind !== 'binary' && choice.kind !== 'endpoint')
    throw new Error(
      'no real lakeFS: set LAKEFS_BIN to a server binary, or LAKEFS_ENDPOINT with LAKEFS_ACCESS_KEY_ID and LAKEFS_SECRET_ACCESS_KEY',
    );
  await mkdir(REPORTS, { recursive: true });
  // A binary found on the PATH is named, so that every part uses it.
  const env = { ...process.env, ...(choice.kind === 'binary' && { LAKEFS_BIN: choice.path }) };
  const began = await commit();
  const progress = progressOn(process.stderr);
  progress.step('contract suite');
  const contract = await suite('contract', 'vitest.contract.config.ts', env);
  progress.step('integration tests');
  const integration = await suite('integration', 'vitest.integration.config.ts', env);
  progress.step('demo');
  const { code, stdout } = await finish(process.execPath, [join(import.meta.dirname, 'demo.ts'), '--json'], env);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`the demo ended with code ${String(code)} and without its JSON line`);
  const demo = JSON.parse(last) as DemoLine;
  progress.done();

  const findings: Findings = {
    version: demo.lakefs.version,
    kind: demo.lakefs.kind,
    date: new Date().toISOString().slice(0, 10),
    commit: began,
    node: process.version,
    suites: [
      { name: 'Contract suite', command: 'npm run test:contract', ...contract },
      { name: 'Integration tests', command: 'npm run test:integration', ...integration },
    ],
    demo: { ok: demo.ok && code === 0, scenes: demo.scenes.length, checks: demo.verified, seconds: demo.seconds },
  };
  await writeFile(PAGE, asPage(findings));
  const ok = findings.suites.every((each) => each.ok) && findings.demo.ok;
  process.stderr.write(`${ok ? 'Verified' : 'NOT verified'} against lakeFS ${findings.version}: ${PAGE}\n`);
  return ok ? 0 : 1;
};

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  return 1;
});

/**
 * One temporary folder for all that the test files of a run write: a worker is ended by a signal, which leaves its own clean-up
 * no time, and one that is interrupted never comes to it. Goes with the run; that of one that was killed goes with the next.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { isAlive } from '../../local/state.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where files leave synthesized templates for each other. Of this run alone: never older than the code that is tested. */
    templatesFolder?: string;
  }
}

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

/** Their names say which process made them. */
const removeStale = (): void => {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = /^branchline-test-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      remove(join(tmpdir(), name));
    } catch {
      // Of somebody else on this machine, or another run removes it now.
    }
  }
};

export default (project: TestProject): void => {
  removeStale();
  const folder = mkdtempSync(join(tmpdir(), `branchline-test-${String(process.pid)}-`));
  process.once('exit', () => remove(folder));
  // What starts from here on takes it for the system's, and so do its own children.
  process.env['TMPDIR'] = folder;
  const templates = join(folder, 'templates');
  const makeAnew = (): void => {
    remove(templates);
    mkdirSync(templates);
  };
  makeAnew();
  project.provide('templatesFolder', templates);
  project.onTestsRerun(async () => makeAnew());
};

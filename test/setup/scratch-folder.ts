/**
 * One temporary folder for all that the test files of a run write: a worker is ended by a signal, which leaves its own clean-up
 * no time, and one that is interrupted never comes to it. Goes with the run, however that ends, but by SIGKILL.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where files leave synthesized templates for each other. Of this run alone: never older than the code that is tested. */
    templatesFolder?: string;
  }
}

export default (project: TestProject): void => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-test-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  // What starts from here on takes it for the system's, and so do its own children.
  process.env['TMPDIR'] = folder;
  const templates = join(folder, 'templates');
  const makeAnew = (): void => {
    rmSync(templates, { recursive: true, force: true });
    mkdirSync(templates);
  };
  makeAnew();
  project.provide('templatesFolder', templates);
  project.onTestsRerun(async () => makeAnew());
};

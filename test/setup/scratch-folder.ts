/** Where the test files of one run leave the templates that they have synthesized for each other. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of this run alone: what is synthesized is never older than the code that is tested. */
    templatesFolder?: string;
  }
}

export default async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), 'branchline-templates-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  project.provide('templatesFolder', folder);
  project.onTestsRerun(async () => {
    await remove();
    await mkdir(folder);
  });
  return remove;
};

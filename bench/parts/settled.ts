/** What settle-run does of a run's files before anybody waits for a refresh: reads their footers and keeps them. */
import { publishedTables } from '../../lambdas/domain/catalog/table.ts';
import { rememberFooters } from '../../lambdas/usecases/footer-memory.ts';
import { noteFooters } from '../../lambdas/usecases/footer-notes.ts';
import { MAX_FILES_NOTED } from '../../lambdas/usecases/run-schema.ts';
import { changedFiles } from '../../lambdas/usecases/table-files.ts';
import type { CatalogLab } from './catalog-lab.ts';
import { REPOSITORY } from './storage-lab.ts';

/** @param commit with what changed since `base`. */
export const keepAsSettled = async (
  { ports, footers: { put: keep } }: CatalogLab,
  base: string,
  commit: string,
): Promise<void> => {
  const memory = rememberFooters(ports.lakefs);
  for (const table of publishedTables(await ports.config.load(), REPOSITORY, 'main')) {
    const files = await changedFiles(ports, table, base, commit, undefined, MAX_FILES_NOTED);
    await noteFooters(ports, { keep, memory }, table, commit, files);
  }
};

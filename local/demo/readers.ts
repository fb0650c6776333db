/** What Athena's users see: the table in Glue, its manifests, the rows of the files. */
import { SYMLINK_SUFFIX } from '../../lambdas/contract.ts';
import { query, resolveTable } from '../athena.ts';
import { DATABASE } from '../config.ts';
import { waitFor } from '../wait.ts';
import { type Stage, TARGET } from './stage.ts';
import { shortId } from './timeline.ts';

const filesOf = async (stage: Stage, table: string): Promise<{ commit: string | undefined; files: string[] }> => {
  const { commit, parts } = await resolveTable(stage.harness.aws, DATABASE, table).catch((error: Error) => {
    // Before the first publication there is no table.
    if (error.name === 'EntityNotFoundException') return { commit: undefined, serde: '', columns: {}, parts: [] };
    throw error;
  });
  return { commit, files: parts.flatMap(({ addresses }) => addresses).toSorted() };
};

/** The addresses of the table's files at the target's head, asked of lakeFS itself. */
const filesAtHead = async (stage: Stage, table: string): Promise<string[]> => {
  const { harness } = stage;
  const files: string[] = [];
  const objects = harness.lakefs.listObjects(harness.repository, await harness.head(TARGET), { prefix: `${table}/` });
  for await (const { path, physicalAddress, sizeBytes } of objects)
    if (sizeBytes > 0 && path.endsWith('.parquet')) files.push(physicalAddress);
  return files.toSorted();
};

export const rowsOf = async (stage: Stage, table: string): Promise<string> => {
  const [[rows = '0'] = []] = await query(stage.harness.aws, DATABASE, table, 'SELECT count(*), sum(quantity) FROM t');
  return rows;
};

/** Waits until readers see the target's head, in the Iceberg table and in the symlink table beside it, and counts their rows. */
export const readersSee = async (stage: Stage, table: string, rows: number): Promise<void> => {
  const wanted = JSON.stringify(await filesAtHead(stage, table));
  for (const name of [table, `${table}${SYMLINK_SUFFIX}`]) await readersOf(stage, name, wanted, rows);
};

const readersOf = async (stage: Stage, table: string, wanted: string, rows: number): Promise<void> => {
  const began = Date.now();
  const seen = await waitFor(
    async () => {
      const found = await filesOf(stage, table);
      return JSON.stringify(found.files) === wanted ? found : undefined;
    },
    { what: `readers of ${DATABASE}.${table} see the target's head`, timeoutMs: 30_000, everyMs: 200 },
  );
  const waited = `${String(Date.now() - began)} ms after we looked`;
  stage.tell('reader', `${DATABASE}.${table} shows ${shortId(seen.commit)}, ${waited}`);
  stage.same(`a query of ${DATABASE}.${table} counts ${String(rows)} rows`, await rowsOf(stage, table), String(rows));
};

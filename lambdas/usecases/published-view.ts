/** Tells readers which snapshots belong together: one view in each database, changed when all tables show the commit. */
import type { CatalogPorts, CatalogTable } from '../catalog-ports.ts';
import { rowsOfView, VIEW_COLUMNS, type ViewRow, viewName, viewText } from '../domain/catalog/published-view.ts';
import { TABLE_PARAMETER } from '../domain/catalog/storage.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { Work } from './refresh-table.ts';

const MAX_RACES = 4;
/** Source: what Athena writes for a view of its own. */
const PRESTO = { presto_view: 'true', comment: 'Presto View' } as const;

export const sayPublished = async ({ ports, writer, tables }: Work, commit: string): Promise<void> => {
  const rows = rowsOfView(tables, writer.entry.tables);
  const [first] = tables;
  if (rows === undefined || first === undefined) return;
  const { repository, target } = first;
  for (const database of new Set(rows.map((row) => row.database))) {
    try {
      await sayIn(ports, { repository, target, database, commit, rows });
    } catch (error) {
      // The tables themselves are shown all the same: a policy of the account must not keep readers from them.
      if (!isBranchlineError(error, 'BL4002')) throw error;
      ports.log.error('view of published snapshots is refused', { database, reason: error.message });
    }
  }
};

interface Saying {
  readonly repository: string;
  readonly target: string;
  readonly database: string;
  readonly commit: string;
  readonly rows: readonly ViewRow[];
}

const sayIn = async (ports: CatalogPorts, of: Saying): Promise<void> => {
  const { repository, target, database, commit } = of;
  const name = viewName(of);
  const view = viewText(database, commit, of.rows);
  for (let race = 0; race < MAX_RACES; race += 1) {
    const stored = await ports.catalog.getTable(database, name);
    const { [TABLE_PARAMETER.repository]: ofRepository, [TABLE_PARAMETER.target]: ofTarget } = stored?.parameters ?? {};
    if (stored !== undefined && (stored.view === undefined || ofRepository !== repository || ofTarget !== target)) {
      // It says nothing of the tables themselves: they are shown all the same.
      ports.log.error('view of published snapshots is not made: its name is taken', { database, name });
      return;
    }
    if (stored?.view === view) return;
    const next: CatalogTable = {
      ...{ database, name, partitionKeys: [], view },
      storage: { location: '', columns: VIEW_COLUMNS, inputFormat: '', outputFormat: '', serde: '' },
      parameters: {
        ...{ ...stored?.parameters, ...PRESTO },
        ...{ [TABLE_PARAMETER.repository]: repository, [TABLE_PARAMETER.target]: target },
        [TABLE_PARAMETER.commit]: commit,
      },
    };
    const answer =
      stored === undefined
        ? await ports.catalog.createTable(next)
        : await ports.catalog.updateTable(next, stored.versionId);
    if (answer === 'created' || answer === 'updated') return;
  }
  ports.log.error('view of published snapshots is being changed by somebody else', { database, name });
};

import type { Command } from 'commander';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { catalogTable, otherTables } from '../views/catalog-table.ts';
import { type TableOptions, tablesOf, withTables } from './chosen-tables.ts';

export const addCatalogStatus = (catalog: Command, session: Session): void => {
  const status = withTables(
    catalog
      .command('status')
      .description('Tells which commit each table shows, how far it is behind, and what failed.'),
  ).action(async (table: string | undefined, options: TableOptions, command: Command) => {
    const context = session.open(command);
    const choice = tablesOf(table, options);
    const answer = await during(context, 'reading the ledger', () => context.deployment.catalog.status(choice));
    context.answer(answer, () => {
      const { tables, refused = [], left = [] } = answer;
      if (tables.length === 0) context.say('no table is published: none of branchline.yaml names a database');
      else context.terminal.out(catalogTable(context.terminal, tables));
      context.terminal.out(otherTables(context.terminal, refused, left));
    });
  });
  withExamples(
    status,
    ['branchline catalog status', 'all tables'],
    ['branchline catalog status sales', 'one table'],
    ['branchline catalog status --target lake/main --json', 'for a script'],
  );
};

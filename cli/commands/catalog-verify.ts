import type { Command } from 'commander';
import type { Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { verificationList } from '../views/catalog-table.ts';
import { type TableOptions, tablesOf, withTables } from './chosen-tables.ts';

export const addCatalogVerify = (catalog: Command, session: Session): void => {
  const verify = withTables(
    catalog
      .command('verify')
      .description('Compares lakeFS, Glue and the manifests in full, and tells what differs. Changes nothing.'),
  ).action(async (table: string | undefined, options: TableOptions, command: Command) => {
    const context = session.open(command);
    const choice = tablesOf(table, options);
    const answer = await during(context, 'comparing', () => context.deployment.catalog.verify(choice));
    const { outcome } = answer;
    session.exitCode = outcome === 'right' ? EXIT.ok : outcome === 'different' ? EXIT.fault : EXIT.timedOut;
    context.answer(answer, () => {
      context.terminal.out(verificationList(context.terminal, answer.verified));
      if (outcome === 'different') context.say('  branchline catalog repair    # puts it right');
      if (outcome === 'busy') context.say('a refresh came in between: ask again in a minute');
      if (outcome === 'unfinished') context.say('there was no time for all: ask for one table alone');
    });
  });
  withExamples(
    verify,
    ['branchline catalog verify', 'all tables; exit code 1 if something differs'],
    ['branchline catalog verify sales --target lake/main', 'one table'],
    ['branchline catalog verify --json', 'for a script'],
  );
};

import type { Command } from 'commander';
import type { TableStatus } from '../../lambdas/usecases/catalog-status.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseDuration } from '../options.ts';
import { during } from '../progress.ts';
import { catalogTable, verificationList } from '../views/catalog-table.ts';
import { exitCodeOfTables, waitForTables } from '../wait-for-tables.ts';
import { type TableOptions, tablesOf, withTables } from './chosen-tables.ts';

interface RepairOptions extends TableOptions {
  readonly wait: boolean;
  readonly timeout?: number;
  readonly dryRun?: boolean;
}

export const addCatalogRepair = (catalog: Command, session: Session): void => {
  const repair = withTables(
    catalog
      .command('repair')
      .description('Compares tables in full and puts right what differs; waits until that is done.'),
  )
    .option('--no-wait', 'only ask for it')
    .option('--timeout <duration>', 'wait no longer than that, such as 30m', parseDuration)
    .option('--dry-run', 'compare as verify does, and change nothing')
    .action(async (table: string | undefined, options: RepairOptions, command: Command) => {
      const context = session.open(command);
      const { catalog: deployed } = context.deployment;
      const choice = tablesOf(table, options);
      if (options.dryRun === true) {
        const trial = await during(context, 'asking', () => deployed.repair({ ...choice, dryRun: true }));
        const { verified } = await during(context, 'comparing', () => deployed.verify(choice));
        context.answer({ ...trial, verified }, () =>
          context.terminal.out(`${trial.outcome}\n${verificationList(context.terminal, verified)}`),
        );
        return;
      }
      const answer = await during(context, 'asking for a repair', () => deployed.repair(choice));
      if (!options.wait || answer.tables.length === 0) {
        context.answer(answer, () => context.terminal.out(`${answer.outcome}\n`));
        return;
      }
      const isDone = ({ comparedAt = 0, failure }: TableStatus): boolean =>
        comparedAt >= answer.askedAt || (failure?.triedAt ?? 0) > answer.askedAt;
      const tables = await waitForTables(context, choice, isDone, options.timeout);
      session.exitCode = exitCodeOfTables(tables);
      context.answer({ ...answer, tables }, () => context.terminal.out(catalogTable(context.terminal, tables)));
    });
  withExamples(
    repair,
    ['branchline catalog repair', 'all tables'],
    ['branchline catalog repair sales --no-wait', 'asks for it; `catalog status` tells when it was compared'],
    ['branchline catalog repair --dry-run', 'tells what differs'],
  );
};

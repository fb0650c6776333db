import { type Command, Option } from 'commander';
import type { TableStatus } from '../../lambdas/usecases/catalog-status.ts';
import type { SwitchAnswer, TableSwitching } from '../../lambdas/usecases/catalog-switch.ts';
import { confirm } from '../confirm.ts';
import type { Context, Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseDuration } from '../options.ts';
import { during } from '../progress.ts';
import { counted } from '../text.ts';
import { catalogTable } from '../views/catalog-table.ts';
import { exitCodeOfTables, waitForTables } from '../wait-for-tables.ts';
import { type TableOptions, tablesOf, withTables } from './chosen-tables.ts';

interface SwitchOptions extends TableOptions {
  readonly to?: 'iceberg' | 'symlink' | 'both';
  readonly wait: boolean;
  readonly timeout?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const lineOf = ({ database, tableName, from, to, beside }: TableSwitching): string =>
  `${database}.${tableName}: ${from} -> ${to}${beside === undefined ? '' : `, with ${database}.${beside} beside it`}\n`;

const tell = (context: Context, { outcome, switches }: SwitchAnswer): void =>
  context.terminal.out(`${outcome}\n${switches.map(lineOf).join('')}`);

export const addCatalogSwitch = (catalog: Command, session: Session): void => {
  const command = withTables(
    catalog
      .command('switch')
      .description('Makes tables of Glue what `publish` in the configuration says, at no moment without their rows.'),
  )
    .addOption(new Option('--to <kind>', 'only if the configuration says so').choices(['iceberg', 'symlink', 'both']))
    .option('--no-wait', 'only ask for it')
    .option('--timeout <duration>', 'wait no longer than that, such as 30m', parseDuration)
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only tell which tables would be switched')
    .action(async (table: string | undefined, options: SwitchOptions, words: Command) => {
      const context = session.open(words);
      const { catalog: deployed } = context.deployment;
      const choice = tablesOf(table, options);
      const request = { ...choice, ...(options.to === undefined ? {} : { to: options.to }) };
      const trial = await during(context, 'looking at Glue', () => deployed.switch({ ...request, dryRun: true }));
      if (options.dryRun === true || trial.outcome === 'nothing-to-switch') {
        context.answer(trial, () => tell(context, trial));
        return;
      }
      const names = trial.switches.map(({ database, tableName, to }) => `${database}.${tableName} to ${to}`);
      await confirm(context, `Switch ${counted(names.length, 'table')}: ${names.join(', ')}?`, options.yes);
      const answer = await during(context, 'asking for the switch', () => deployed.switch(request));
      if (!options.wait || answer.outcome !== 'asked') {
        context.answer(answer, () => tell(context, answer));
        return;
      }
      const asked = new Set(answer.switches.map((each) => `${each.repository}/${each.target} ${each.table}`));
      const isAsked = (each: TableStatus) => asked.has(`${each.repository}/${each.target} ${each.table}`);
      const isDone = (each: TableStatus): boolean =>
        !isAsked(each) || each.switchAskedAt === undefined || (each.failure?.triedAt ?? 0) > answer.askedAt;
      const tables = (await waitForTables(context, choice, isDone, options.timeout)).filter(isAsked);
      session.exitCode = exitCodeOfTables(tables);
      context.answer({ ...answer, tables }, () => context.terminal.out(catalogTable(context.terminal, tables)));
    });
  withExamples(
    command,
    ['branchline catalog switch --dry-run', 'which tables are not what the configuration says'],
    ['branchline catalog switch sales', 'asks, then waits until it is done'],
    ['branchline catalog switch sales --to iceberg --yes --no-wait', 'refused if the configuration says otherwise'],
  );
};

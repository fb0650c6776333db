/** `restore database plan`, `check` and `settle`: what surrounds bringing lakeFS's metadata store back, which AWS itself does. */
import type { Command } from 'commander';
import type { Step, StoredBackup } from '../../lambdas/domain/database-restore.ts';
import type { DatabaseCheck, DatabasePlan } from '../../lambdas/usecases/restore-database.ts';
import type { Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { counted, iso } from '../text.ts';

interface PlanOptions {
  readonly at?: string;
}
interface CheckOptions extends PlanOptions {
  readonly repository?: string;
}
interface SettleOptions extends CheckOptions {
  readonly confirm?: string;
}

const required = (option: string, value: string | undefined): string => {
  if (value === undefined) throw new Failure('BL6001', `--${option} is missing`);
  return value;
};
const TOLD = 10;

const backupLine = ({ at, id, kind, isAvailable }: StoredBackup): string =>
  `  ${iso(at)}  ${kind.padEnd(10)} ${id}${isAvailable ? '' : ' (not available)'}`;

const storeLines = ({ store }: DatabasePlan): string[] => [
  `${store.kind === 'rds' ? 'instance' : 'table'} ${store.name}: ${store.status ?? 'is gone'}`,
  store.window === undefined
    ? 'no point-in-time recovery'
    : `any second from ${iso(store.window.from)} to ${iso(store.window.to)}`,
  ...(store.backups.length === 0 ? ['no backups'] : [`${counted(store.backups.length, 'backup')}, newest first`]),
  ...store.backups.slice(0, TOLD).map(backupLine),
];

const wayLine = ({ way, minutes: [least, most] }: DatabasePlan): string => {
  if (way.kind === 'none') return way.reason;
  const by = way.kind === 'point' ? 'by point-in-time recovery' : `from ${way.backup.id}`;
  return `back to ${iso(way.at)} ${by}, in ${String(least)} to ${String(most)} minutes; all repositories at once`;
};

const lostLines = ({ lost, way }: DatabasePlan): string[] => {
  if (way.kind === 'none') return [];
  const some = (what: string, { count, runs }: DatabasePlan['lost']['promoted']): string[] =>
    count === 0
      ? []
      : [`  ${counted(count, 'run')} ${what}: ${runs.slice(0, TOLD).join(', ')}${count > TOLD ? ', …' : ''}`];
  const lines = [
    ...some('promoted since', lost.promoted),
    ...some('under way or waiting', lost.unfinished),
    ...lost.targets.map(
      ({ repository, target, verifiedAt }) => `  ${repository}/${target} moved on ${iso(verifiedAt)}`,
    ),
  ];
  return [
    lines.length === 0 ? 'lost by the ledger: nothing' : 'lost by the ledger:',
    ...lines,
    '  and whatever was committed past Branchline, or staged',
  ];
};

const stepLines = (steps: readonly Step[]): string[] =>
  steps.flatMap(({ what, commands }, i) => [`${String(i + 1)}. ${what}`, ...commands.map((each) => `     ${each}`)]);

const addPlan = (database: Command, session: Session): void => {
  const plan = database
    .command('plan')
    .description(
      'Tells what AWS keeps of the metadata store, what a way back would lose, and its steps. Changes nothing.',
    )
    .option('--at <time>', 'back to this moment, in UTC; without it the newest that there is')
    .action(async ({ at }: PlanOptions, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'looking at the metadata store', () =>
        context.deployment.restore({
          ...{ action: 'plan', what: 'database' },
          ...(at === undefined ? {} : { at }),
        }),
      );
      context.answer(answer, () => {
        if (!('database' in answer)) return;
        const { database: found } = answer;
        const lines = [...storeLines(found), wayLine(found), ...lostLines(found), ...stepLines(found.steps)];
        context.terminal.out(`${lines.join('\n')}\n`);
      });
    });
  withExamples(
    plan,
    ['branchline restore database plan', 'the newest moment that there is'],
    ['branchline restore database plan --at 2026-11-20T10:00:00Z', 'before the metadata went wrong'],
  );
};

const checkLines = ({ repository, isThere, backup, refs, missing }: DatabaseCheck): string[] => {
  if (!isThere) return [`${repository} is not in lakeFS`];
  const some = (names: readonly string[]): string =>
    `${names.slice(0, TOLD).join(', ')}${names.length > TOLD ? ', …' : ''}`;
  return [
    `${repository}${refs.lost.length > 0 ? ' is NOT of that moment' : ''}`,
    backup === undefined
      ? '  no backup of before that moment to compare refs with'
      : `  beside ${backup.snapshot}: ${counted(refs.same, 'ref')} the same, ${String(refs.moved)} moved since, ${String(refs.made)} made since`,
    ...(refs.gone.length === 0 ? [] : [`  deleted since: ${some(refs.gone)}`]),
    ...(refs.lost.length === 0 ? [] : [`  what the backup shows is not there: ${some(refs.lost)}`]),
    ...(missing.runs.length === 0 ? [] : [`  not in lakeFS, to be run again: ${some(missing.runs)}`]),
    ...missing.targets.map(({ target }) => `  the verified commit of ${target} is not in lakeFS`),
  ];
};

const addCheck = (database: Command, session: Session): void => {
  const check = database
    .command('check')
    .description('After the store was brought back: compares refs with the newest backup before that moment.')
    .option('--at <time>', 'the moment, in UTC')
    .option('--repository <name>', 'this one; without it all that are configured')
    .action(async ({ at, repository }: CheckOptions, command: Command) => {
      const context = session.open(command);
      const moment = required('at', at);
      const answer = await during(context, 'comparing refs', () =>
        context.deployment.restore({
          ...{ action: 'check', what: 'database', at: moment },
          ...(repository === undefined ? {} : { repository }),
        }),
      );
      const checks = 'checks' in answer ? answer.checks : [];
      context.answer(answer, () => context.terminal.out(`${checks.flatMap(checkLines).join('\n')}\n`));
      if (answer.outcome === 'different') session.exitCode = EXIT.rejected;
    });
  withExamples(check, ['branchline restore database check --at 2026-11-20T10:00:00Z', 'every repository']);
};

const addSettle = (database: Command, session: Session): void => {
  const settle = database
    .command('settle')
    .description('After the store was brought back: brings the ledger in line with what lakeFS holds now.')
    .option('--at <time>', 'the moment, in UTC')
    .option('--repository <name>', 'which')
    .option('--confirm <name>', 'the name of the repository once more: runs whose commits are gone are given up')
    .action(async ({ at, repository, confirm }: SettleOptions, command: Command) => {
      const context = session.open(command);
      const [moment, name] = [required('at', at), required('repository', repository)];
      if (confirm !== name) {
        throw new Failure('BL8404', `"${name}" wants --confirm ${name}; found ${confirm ?? 'nothing'}`);
      }
      const answer = await during(context, `bringing the ledger of ${name} in line`, () =>
        context.deployment.restore({
          ...{ action: 'run', what: 'database', at: moment, repository: name, confirm: name },
        }),
      );
      context.answer(answer, () => {
        const lost = 'lost' in answer ? answer.lost : { runs: [], targets: [] };
        const lines = [
          `the ledger of ${name} is in line with lakeFS`,
          ...(lost.runs.length === 0 ? [] : [`missing, to be run again: ${lost.runs.join(', ')}`]),
          ...lost.targets.map(({ target }) => `target ${target} is verified at what lakeFS holds`),
        ];
        context.terminal.out(`${lines.join('\n')}\n`);
      });
    });
  withExamples(settle, [
    'branchline restore database settle --at 2026-11-20T10:00:00Z --repository lake --confirm lake',
    'one repository after the other',
  ]);
};

export const addRestoreDatabase = (restore: Command, session: Session): void => {
  const database = restore
    .command('database')
    .helpCommand(false)
    .description('Plans the way back of the metadata store as a whole, and checks it afterwards.');
  addPlan(database, session);
  addCheck(database, session);
  addSettle(database, session);
  withExamples(database, ['branchline restore database plan', 'what AWS keeps, what would be lost, which steps']);
};

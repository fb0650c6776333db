/** `rollback`: a target back to an earlier state, or without one run. */
import type { Command } from 'commander';
import type { RollbackRequest } from '../../lambdas/payloads.ts';
import type { RollbackAnswer } from '../../lambdas/usecases/rollback.ts';
import { confirm } from '../confirm.ts';
import type { Context, Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { asFailure, Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { parseDuration, runChoice } from '../options.ts';
import { during } from '../progress.ts';
import { duration, shortId } from '../text.ts';
import { tellEffect } from '../views/rollback-effect.ts';
import { chosenTarget, nameOfTarget, whoAsks } from './chosen-target.ts';

type Asked = Exclude<RollbackRequest, { action: 'continue' }>;

interface RollbackOptions {
  readonly target: string;
  readonly to?: string;
  readonly run?: string;
  readonly table?: readonly string[];
  readonly path?: readonly string[];
  readonly restorePartitions?: boolean;
  readonly reason?: string;
  readonly who?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

const requestOf = async (context: Context, options: RollbackOptions): Promise<Asked> => {
  const { to, run, table = [], path = [], restorePartitions, reason } = options;
  if ((to === undefined) === (run === undefined)) throw new Failure('BL6001', 'say either --to or --run');
  if (run !== undefined && table.length + path.length > 0)
    throw new Failure('BL6001', '--run undoes a run as a whole: without --table and --path');
  if (to !== undefined && restorePartitions === true)
    throw new Failure('BL6001', '--restore-partitions is for --run: --to puts back everything anyway');
  const { repository, branch } = await chosenTarget(context, options.target);
  const common = {
    ...{ repository, target: branch, requestedBy: whoAsks(context, options.who) },
    ...(reason === undefined ? {} : { reason }),
  };
  if (run !== undefined) {
    const restore = restorePartitions === true ? { restorePartitions } : {};
    return { action: 'undo-run', ...common, ...runChoice(run, undefined), ...restore };
  }
  return {
    ...{ action: 'roll-back', ...common, to: to ?? '' },
    ...(table.length === 0 ? {} : { tables: [...table] }),
    ...(path.length === 0 ? {} : { prefixes: [...path] }),
  };
};

const isOver = ({ outcome }: RollbackAnswer): boolean => outcome !== 'unfinished' && outcome !== 'busy';
const PAUSE_MS = 5_000;

/** The same request goes on with what is unfinished; what may pass is endured. */
const persist = async (context: Context, request: Asked, options: RollbackOptions): Promise<RollbackAnswer> => {
  const until = options.timeout === undefined ? Number.POSITIVE_INFINITY : context.now() + options.timeout;
  for (;;) {
    let answer: RollbackAnswer | undefined;
    try {
      answer = await context.deployment.rollBack(request);
      if (isOver(answer) || options.wait !== true) return answer;
    } catch (error) {
      if (options.wait !== true || !asFailure(error).retryable || context.now() >= until) throw error;
    }
    if (answer !== undefined && context.now() >= until) return answer;
    await context.pause(PAUSE_MS);
  }
};

const tellAnswer = (context: Context, answer: RollbackAnswer, name: string): void => {
  const { rollback, outcome } = answer;
  context.terminal.out(`${outcome} ${name}\n`);
  const last = rollback.steps.at(-1);
  if (!isOver(answer)) {
    context.say(`  rollback ${rollback.id} is ${rollback.state}: the same command again goes on with it`);
    return;
  }
  if (outcome !== 'rolled-back') return;
  const took = duration((rollback.settledAt ?? rollback.updatedAt) - rollback.requestedAt);
  context.say(`  after ${took}, merge ${shortId(rollback.mergeCommit ?? '')}; ${last?.note ?? ''}`);
  context.say(`  ${String(rollback.undoneCount ?? 0)} runs undone, ${String(rollback.restoredCount ?? 0)} came back`);
  context.say(`  branchline rollback --target ${name} --to ${rollback.safetyTag ?? ''}    # what was there before`);
};

const rollBackBy = async (context: Context, session: Session, options: RollbackOptions): Promise<void> => {
  const request = await requestOf(context, options);
  const name = nameOfTarget({ repository: request.repository, branch: request.target });
  if (options.dryRun === true || options.yes !== true) {
    const trial = await during(context, `looking at ${name}`, () =>
      context.deployment.rollBack({ ...request, dryRun: true }),
    );
    if (trial.effect !== undefined && trial.outcome !== 'nothing-to-do') tellEffect(context, trial.effect);
    if (options.dryRun === true || trial.outcome === 'nothing-to-do') {
      context.answer(trial, () => context.terminal.out(`${trial.outcome} ${name}\n`));
      return;
    }
    await confirm(context, `Roll ${name} back so?`, options.yes);
  }
  const answer = await during(context, `rolling ${name} back`, () => persist(context, request, options));
  if (!isOver(answer)) session.exitCode = EXIT.timedOut;
  context.answer(answer, () => tellAnswer(context, answer, name));
};

export const addRollback = (program: Command, session: Session): void => {
  const command = program
    .command('rollback')
    .description('Puts a target back to an earlier state, or undoes one run, by a new commit. History is kept.')
    .requiredOption('--target <target>', 'REPOSITORY/TARGET; the target alone where only one has that name')
    .option('--to <state>', 'a commit, tag, snapshot or branch of lakeFS, or a time such as 2026-11-20T10:00Z')
    .option('--run <run>', 'RUN or RUN#ATTEMPT: undo this run alone')
    .option('--table <name>', 'with --to: only this table; may be repeated', collect)
    .option('--path <path>', 'with --to: only what lies below this path; may be repeated', collect)
    .option('--restore-partitions', 'with --run: partitions that changed since go back as a whole')
    .option('--reason <text>', 'why, for the audit trail')
    .option('--who <name>', 'who asks (environment: BRANCHLINE_WHO, else USER)')
    .option('--dry-run', 'only tell what would be changed')
    .option('-y, --yes', 'do not ask')
    .option('--wait', 'go on until it is finished, however long it takes')
    .option('--timeout <duration>', 'with --wait: no longer than that, such as 30m', parseDuration)
    .action((options: RollbackOptions, self: Command) => rollBackBy(session.open(self), session, options));
  withExamples(
    command,
    ['branchline rollback --target main --to 2026-11-20T10:00Z --dry-run', 'what that would change'],
    ['branchline rollback --target main --to 2026-11-20T10:00Z --reason "wrong prices" --wait', 'shows it, asks'],
    ['branchline rollback --target lake/main --to main~1 --table sales', 'one table'],
    ['branchline rollback --target main --run sales_2026_11_19', 'one run, whatever came later'],
  );
};

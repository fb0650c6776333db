import type { Command } from 'commander';
import { formatRunKey } from '../../lambdas/domain/run.ts';
import type { Session } from '../context.ts';
import { asFailure, Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { collectArguments, parseDuration, parseRunId } from '../options.ts';
import { during } from '../progress.ts';
import { shortId } from '../text.ts';
import { answerWithEnd } from './end.ts';

interface StartOptions {
  readonly runId?: string;
  readonly arg?: Readonly<Record<string, string>>;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly dryRun?: boolean;
}

/** Whatever became of a start whose answer was lost: the same id finishes it and never starts a second job run. */
const withRepeat = (error: unknown, job: string, runId: string): Failure => {
  const failure = asFailure(error);
  if (!failure.retryable) return failure;
  const { data, remedy } = failure.report();
  return new Failure(failure.code, failure.message, {
    data: { ...data, runId },
    remedy: `${remedy} To repeat this very start: \`branchline runs start ${job} --run-id ${runId}\` with the same arguments.`,
    cause: failure,
  });
};

export const addRunsStart = (runs: Command, session: Session): void => {
  const start = runs
    .command('start')
    .description('Starts a job on a branch of its own.')
    .argument('<job>', 'name of the Glue job')
    .option('--run-id <id>', 'id of the run; a repeat with the same id starts nothing twice', parseRunId)
    .option('--arg <name=value>', 'argument for the job run; may be repeated', collectArguments)
    .option('--wait', 'until the run has ended or waits for a person; the exit code tells how')
    .option('--timeout <duration>', 'wait no longer than that, such as 2h', parseDuration)
    .option('--dry-run', 'only tell what would be started')
    .action(async (job: string, options: StartOptions, command: Command) => {
      const context = session.open(command);
      const runId = options.runId ?? context.newRunId();
      const request = {
        ...{ job, runId },
        ...(options.arg === undefined ? {} : { arguments: { ...options.arg } }),
        ...(options.dryRun === true ? { dryRun: true } : {}),
      };
      const started = await during(context, `starting ${job}`, () =>
        context.deployment.start(request).catch((error: unknown) => {
          throw withRepeat(error, job, runId);
        }),
      );
      const { run, outcome } = started;
      const id = formatRunKey(run);
      if (options.wait !== true || options.dryRun === true) {
        context.answer(started, () => {
          context.terminal.out(`${outcome} ${id}\n`);
          context.say(`  job     ${run.job}${run.jobRunId === undefined ? '' : `, job run ${run.jobRunId}`}`);
          context.say(`  branch  ${run.branch}, from ${shortId(run.baseCommit)} of ${run.repository}/${run.target}`);
          if (outcome !== 'would-start') context.say(`  follow  branchline runs show ${id} --watch`);
        });
        return;
      }
      context.say(`${outcome} ${id} on branch ${run.branch}`);
      await answerWithEnd(session, context, { outcome }, run, options.timeout);
    });
  withExamples(
    start,
    ['branchline runs start nightly-sales', 'returns once the job is started'],
    ['branchline runs start nightly-sales --arg day=2026-11-24 --wait', 'exit code 0 only if it was promoted'],
    ['branchline runs start nightly-sales --run-id nightly_20261124', 'safe to repeat'],
    ['branchline runs start nightly-sales --dry-run', 'whether it could start, and from which commit'],
  );
};

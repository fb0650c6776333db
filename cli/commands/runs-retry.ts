import type { Command } from 'commander';
import { formatRunKey } from '../../lambdas/domain/run.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseAttempt, parseDuration } from '../options.ts';
import { during } from '../progress.ts';
import { chosenRun, keyOf } from './chosen-run.ts';
import { answerWithEnd } from './end.ts';

interface RetryOptions {
  readonly attempt?: number;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly dryRun?: boolean;
}

export const addRunsRetry = (runs: Command, session: Session): void => {
  const retry = runs
    .command('retry')
    .description('Runs the job of a run again, with the same arguments, on a fresh branch.')
    .argument('<run>', 'RUN or RUN#ATTEMPT, as lists show it')
    .option('-a, --attempt <number>', 'this attempt instead of the newest', parseAttempt)
    .option('--wait', 'until the new run has ended or waits for a person; the exit code tells how')
    .option('--timeout <duration>', 'wait no longer than that, such as 2h', parseDuration)
    .option('--dry-run', 'only tell what would be started')
    .action(async (text: string, options: RetryOptions, command: Command) => {
      const context = session.open(command);
      const run = await chosenRun(context, text, options.attempt);
      const isTrial = options.dryRun === true;
      const answer = await during(context, `retrying ${formatRunKey(run)}`, () =>
        context.deployment.resolve({ action: 'retry', ...keyOf(run), ...(isTrial ? { dryRun: true } : {}) }),
      );
      const after = answer.run ?? run;
      if (options.wait !== true || isTrial) {
        context.answer(answer, () => {
          context.terminal.out(`${answer.outcome}${after.rerunAs === undefined ? '' : ` as ${after.rerunAs}`}\n`);
          if (after.rerunAs !== undefined) context.say(`  follow  branchline runs show ${after.rerunAs} --watch`);
        });
        return;
      }
      await answerWithEnd(session, context, { outcome: answer.outcome }, after, options.timeout);
    });
  withExamples(
    retry,
    ['branchline runs retry r20261124t150405_ab12cd34', 'the new run is named r20261124t150405_ab12cd34-r1'],
    ['branchline runs retry r20261124t150405_ab12cd34 --wait', 'exit code 0 only if it was promoted'],
    ['branchline runs retry r20261124t150405_ab12cd34 --dry-run', 'whether it could be retried'],
  );
};

import type { Command } from 'commander';
import { formatRunKey } from '../../lambdas/domain/run.ts';
import type { RunDetails } from '../../lambdas/usecases/inspect.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseAttempt, parseDuration, runChoice } from '../options.ts';
import { during } from '../progress.ts';
import { runDetails } from '../views/run-details.ts';
import { runTable } from '../views/run-table.ts';
import { exitCodeOfRun, waitForRun } from '../wait.ts';

interface ShowOptions {
  readonly attempt?: number;
  readonly all?: boolean;
  readonly watch?: boolean;
  readonly timeout?: number;
}

const newestOf = (attempts: readonly RunDetails[]): RunDetails | undefined =>
  attempts.toSorted((a, b) => b.run.attempt - a.run.attempt)[0];

export const addRunsShow = (runs: Command, session: Session): void => {
  const show = runs
    .command('show')
    .description('Shows a run: timeline, commits, conflicts, changes, and what can be done next.')
    .argument('<run>', 'RUN or RUN#ATTEMPT, as lists show it')
    .option('-a, --attempt <number>', 'this attempt instead of the newest', parseAttempt)
    .option('--all', 'all changed partitions, however many')
    .option('--watch', 'follow it until it has ended or waits for a person; the exit code tells how')
    .option('--timeout <duration>', 'watch no longer than that, such as 30m', parseDuration)
    .action(async (text: string, options: ShowOptions, command: Command) => {
      const context = session.open(command);
      const choice = runChoice(text, options.attempt);
      const look = (runId: string, attempt?: number) =>
        during(context, `reading run ${runId}`, () => context.deployment.run(runId, attempt));
      let answer = await look(choice.runId, choice.attempt);
      if (options.watch === true) {
        const [start] = [newestOf(answer.attempts)];
        if (start !== undefined) {
          const run = await waitForRun(context, start.run, { timeoutMs: options.timeout });
          session.exitCode = exitCodeOfRun(run);
          answer = await look(run.runId, choice.attempt === undefined ? undefined : run.attempt);
        }
      }
      context.answer(answer, () => {
        const { terminal } = context;
        const newest = newestOf(answer.attempts);
        if (newest === undefined) return;
        terminal.out(runDetails(terminal, newest, { all: options.all === true }));
        const others = answer.attempts.map(({ run }) => run).filter((run) => run !== newest.run);
        if (others.length === 0) return;
        terminal.out(`\n${terminal.styleOut('bold', `Other attempts of ${newest.run.runId}`)}\n`);
        terminal.out(runTable(terminal, others, context.now()));
        context.say(`one of them in full: branchline runs show '${formatRunKey(others[0] ?? newest.run)}'`);
      });
    });
  withExamples(
    show,
    ['branchline runs show r20261124t150405_ab12cd34', 'the newest attempt'],
    ['branchline runs show r20261124t150405_ab12cd34 --attempt 0', 'an earlier one'],
    ['branchline runs show r20261124t150405_ab12cd34 --watch', 'until it ends'],
  );
};

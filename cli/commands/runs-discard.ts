import type { Command } from 'commander';
import { formatRunKey, type Run } from '../../lambdas/domain/run.ts';
import { confirm } from '../confirm.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseAttempt } from '../options.ts';
import { during } from '../progress.ts';
import { counted } from '../text.ts';
import { causeOf } from '../views/run-table.ts';
import { paintState } from '../views/states.ts';
import { chosenRun, keyOf } from './chosen-run.ts';

interface DiscardOptions {
  readonly attempt?: number;
  readonly reason?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const workOf = (run: Run): string => {
  const partitions = run.changedPartitions === undefined ? '' : `, ${counted(run.changedPartitions, 'partition')}`;
  const objects = run.changedObjects === undefined ? '' : `, ${counted(run.changedObjects, 'object')}`;
  return `branch ${run.branch}${partitions}${objects}`;
};

export const addRunsDiscard = (runs: Command, session: Session): void => {
  const discard = runs
    .command('discard')
    .description('Throws the work of a waiting run away, and its branch with it.')
    .argument('<run>', 'RUN or RUN#ATTEMPT, as lists show it')
    .option('-a, --attempt <number>', 'this attempt instead of the newest', parseAttempt)
    .option('-r, --reason <text>', 'why; kept with the run')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only tell what would be thrown away')
    .action(async (text: string, options: DiscardOptions, command: Command) => {
      const context = session.open(command);
      const { terminal, deployment } = context;
      const run = await chosenRun(context, text, options.attempt);
      const id = formatRunKey(run);
      const request = {
        ...{ action: 'discard' as const, ...keyOf(run) },
        ...(options.reason === undefined ? {} : { reason: options.reason }),
      };
      // Asked first in any case: what is not possible is told before anybody is asked to confirm it.
      const trial = await during(context, `looking at ${id}`, () => deployment.resolve({ ...request, dryRun: true }));
      if (options.dryRun === true || trial.outcome === 'already-discarded') {
        context.answer(trial, () => terminal.out(`${trial.outcome} ${id}: ${workOf(run)}\n`));
        return;
      }
      context.say(`${id} ${run.state} ${causeOf(run)}`.trimEnd());
      context.say(`  ${workOf(run)}`);
      await confirm(context, `Discard run ${id} of ${run.job} for good?`, options.yes);
      const answer = await during(context, `discarding ${id}`, () => deployment.resolve(request));
      context.answer(answer, () => terminal.out(`${paintState(terminal, 'DISCARDED', answer.outcome)} ${id}\n`));
    });
  withExamples(
    discard,
    ['branchline runs discard r20261124t150405_ab12cd34', 'shows what would be lost, and asks'],
    ['branchline runs discard r20261124t150405_ab12cd34 --reason "bad source" --yes', 'in a script'],
    ['branchline runs discard r20261124t150405_ab12cd34 --dry-run', 'changes nothing'],
  );
};

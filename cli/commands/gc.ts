/** `gc plan|run|approve|discard|status`: lakeFS's garbage collection, with a look before and after. */
import type { Command } from 'commander';
import type { CollectionAnswer } from '../../lambdas/usecases/collect-garbage.ts';
import { confirm } from '../confirm.ts';
import type { Context, Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { collectionText, planText, recordText } from '../views/collection-text.ts';

interface RunOptions {
  readonly approval?: boolean;
  readonly dryRun?: boolean;
}

interface ApproveOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const GOES_ON: readonly CollectionAnswer['outcome'][] = [
  'WAITING',
  'MARKING',
  'EXAMINING',
  'SWEEPING',
  'CHECKING',
  'busy',
];

const tell = (session: Session, context: Context, repository: string, answer: CollectionAnswer): void => {
  if (answer.outcome === 'FAILED') session.exitCode = EXIT.fault;
  else if (GOES_ON.includes(answer.outcome)) session.exitCode = EXIT.timedOut;
  context.answer(answer, () => {
    context.terminal.out(`${collectionText(repository, answer.collection)}\n`);
    const { id, state } = answer.collection;
    if (state === 'MARKED') context.say(`nothing is deleted yet: branchline gc approve ${repository} ${id}`);
  });
};

const addPlan = (gc: Command, session: Session): void => {
  const plan = gc
    .command('plan')
    .description('Tells what is in the way of a collection, and which stale branches hold back space. Changes nothing.')
    .argument('[repository]', 'of this one alone')
    .action(async (repository: string | undefined, _options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'looking at branches and what is staged', () =>
        context.deployment.collectGarbage({ action: 'plan', ...(repository === undefined ? {} : { repository }) }),
      );
      context.answer(answer, () => context.terminal.out(`${answer.plans.map(planText).join('\n')}\n`));
    });
  withExamples(plan, ['branchline gc plan', 'all repositories'], ['branchline gc plan lake', 'this one']);
};

const addRun = (gc: Command, session: Session): void => {
  const run = gc
    .command('run')
    .description(
      'Begins a collection, or goes on with the one under way: marks, examines, and sweeps what is approved.',
    )
    .argument('<repository>', 'which')
    .option('--approval', 'sweep only when somebody approves, whatever the configuration says')
    .option('--dry-run', 'only tell what `gc plan` tells')
    .action(async (repository: string, options: RunOptions, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, `collecting garbage of ${repository}`, () =>
        context.deployment.collectGarbage({
          ...{ action: 'run', repository },
          ...(options.approval === true ? { sweep: 'approval' } : {}),
          ...(options.dryRun === true ? { dryRun: true } : {}),
        }),
      );
      if ('plans' in answer)
        context.answer(answer, () => context.terminal.out(`${answer.plans.map(planText).join('\n')}\n`));
      else tell(session, context, repository, answer);
    });
  withExamples(
    run,
    ['branchline gc run lake', 'exit code 7 while it goes on; the schedule takes it on too'],
    ['branchline gc run lake --dry-run', 'changes nothing'],
  );
};

const addApprove = (gc: Command, session: Session): void => {
  const approve = gc
    .command('approve')
    .description('Has what a collection has marked deleted for good.')
    .argument('<repository>', 'of which')
    .argument('<collection>', 'gc-…, as `gc status` shows it')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only show what would be deleted')
    .action(async (repository: string, collection: string, options: ApproveOptions, command: Command) => {
      const context = session.open(command);
      const status = await during(context, 'reading the ledger', () =>
        context.deployment.collectGarbage({ action: 'status', repository }),
      );
      const found = status.records[0]?.current;
      const text = found?.id === collection ? collectionText(repository, found) : undefined;
      if (options.dryRun === true) {
        context.answer(status, () => context.terminal.out(`${text ?? 'no such collection is under way'}\n`));
        return;
      }
      if (text !== undefined) context.say(text);
      await confirm(context, `Delete what ${collection} has marked in ${repository}, for good?`, options.yes);
      const answer = await during(context, 'sweeping', () =>
        context.deployment.collectGarbage({ action: 'approve', repository, collection }),
      );
      tell(session, context, repository, answer);
    });
  withExamples(
    approve,
    ['branchline gc approve lake gc-20261120t020000z', 'asks first'],
    ['branchline gc approve lake gc-20261120t020000z --dry-run', 'changes nothing'],
  );
};

const addDiscard = (gc: Command, session: Session): void => {
  const discard = gc
    .command('discard')
    .description('Throws away the list of a collection. Deletes nothing else.')
    .argument('<repository>', 'of which')
    .argument('<collection>', 'gc-…, as `gc status` shows it')
    .action(async (repository: string, collection: string, _options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'discarding', () =>
        context.deployment.collectGarbage({ action: 'discard', repository, collection }),
      );
      context.answer(answer, () => context.terminal.out(`${collectionText(repository, answer.collection)}\n`));
    });
  withExamples(discard, ['branchline gc discard lake gc-20261120t020000z', 'another mark begins afresh']);
};

const addStatus = (gc: Command, session: Session): void => {
  const status = gc
    .command('status')
    .description('Shows the collection under way and the newest that ended.')
    .argument('[repository]', 'of this one alone')
    .action(async (repository: string | undefined, _options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'reading the ledger', () =>
        context.deployment.collectGarbage({ action: 'status', ...(repository === undefined ? {} : { repository }) }),
      );
      context.answer(answer, () => {
        if (answer.records.length === 0) context.say('nothing was collected yet');
        else context.terminal.out(`${answer.records.map(recordText).join('\n')}\n`);
      });
    });
  withExamples(status, ['branchline gc status', 'all repositories']);
};

export const addGc = (program: Command, session: Session): void => {
  const gc = program
    .command('gc')
    .helpCommand(false)
    .description('Has lakeFS remove objects that nothing needs any more. See docs/garbage-collection.md first.');
  addPlan(gc, session);
  addRun(gc, session);
  addApprove(gc, session);
  addDiscard(gc, session);
  addStatus(gc, session);
  withExamples(gc, ['branchline gc plan', 'what is in the way, and what holds back space']);
};

import { type Command, Option } from 'commander';
import { formatRunKey, type Run } from '../../lambdas/domain/run.ts';
import type { ResolveAnswer } from '../../lambdas/usecases/resolve-run.ts';
import { confirm } from '../confirm.ts';
import type { Context, Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseAttempt, parseDuration } from '../options.ts';
import { during } from '../progress.ts';
import { counted, plain } from '../text.ts';
import { chosenRun, keyOf } from './chosen-run.ts';
import { answerWithEnd } from './end.ts';

const STRATEGIES = ['source-wins', 'target-wins'] as const;
type Strategy = (typeof STRATEGIES)[number];

interface PromoteOptions {
  readonly attempt?: number;
  readonly strategy?: Strategy;
  readonly acceptSchema?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const SHOWN = 20;

const winner = (strategy: Strategy, run: Run): string =>
  strategy === 'source-wins' ? `run ${formatRunKey(run)}` : `target ${run.repository}/${run.target}`;

/** What a resolution takes, partition by partition. */
const tellPlan = (context: Context, run: Run, strategy: Strategy, plan: ResolveAnswer): void => {
  const contested = plan.contested ?? [];
  context.say(`In ${counted(contested.length, 'partition')} ${winner(strategy, run)} wins as a whole:`);
  for (const partition of contested.slice(0, SHOWN)) context.say(`  ${partition === '' ? '/' : plain(partition)}`);
  if (contested.length > SHOWN) context.say(`  … and ${String(contested.length - SHOWN)} more: --json tells all`);
  const { objectsCopied = 0, objectsRemoved = 0 } = plan;
  context.say(`${counted(objectsCopied, 'object')} copied, ${counted(objectsRemoved, 'object')} removed`);
};

const promote = async (context: Context, session: Session, text: string, options: PromoteOptions): Promise<void> => {
  const { terminal, deployment } = context;
  const run = await chosenRun(context, text, options.attempt);
  const id = formatRunKey(run);
  const { strategy } = options;
  const request = {
    ...{ action: 'promote' as const, ...keyOf(run) },
    ...(strategy === undefined ? {} : { strategy }),
    ...(options.acceptSchema === true ? { acceptSchema: true } : {}),
  };
  if (options.dryRun === true || strategy !== undefined) {
    const plan = await during(context, `looking at ${id}`, () => deployment.resolve({ ...request, dryRun: true }));
    if (options.dryRun === true) {
      context.answer(plan, () => {
        if (strategy !== undefined) tellPlan(context, run, strategy, plan);
        terminal.out(`${plan.outcome} ${id}\n`);
      });
      return;
    }
    if (strategy !== undefined) {
      tellPlan(context, run, strategy, plan);
      await confirm(context, `Promote run ${id} into ${run.repository}/${run.target} so?`, options.yes);
    }
  }
  const answer = await during(context, `promoting ${id}`, () => deployment.resolve(request));
  if (options.wait !== true) {
    context.answer(answer, () => {
      terminal.out(`${answer.outcome} ${id}\n`);
      context.say(`  follow  branchline runs show '${id}' --watch`);
    });
    return;
  }
  await answerWithEnd(session, context, { ...answer }, answer.run ?? run, options.timeout);
};

export const addRunsPromote = (runs: Command, session: Session): void => {
  const command = runs
    .command('promote')
    .description('Promotes a run that waits: as it is, or with one side winning where both changed the same.')
    .argument('<run>', 'RUN or RUN#ATTEMPT, as lists show it')
    .option('-a, --attempt <number>', 'this attempt instead of the newest', parseAttempt)
    .addOption(new Option('--strategy <who>', 'who wins in the clashing partitions').choices(STRATEGIES))
    .option('--accept-schema', 'take its columns as they are, though they do not fit the table')
    .option('--wait', 'until it is promoted, or waits again; the exit code tells which')
    .option('--timeout <duration>', 'wait no longer than that, such as 30m', parseDuration)
    .option('-y, --yes', 'with a strategy: do not ask')
    .option('--dry-run', 'only tell what would be changed')
    .action((text: string, options: PromoteOptions, self: Command) =>
      promote(session.open(self), session, text, options),
    );
  withExamples(
    command,
    ['branchline runs promote r20261124t150405_ab12cd34', 'try again as it is, e.g. after a hook was mended'],
    ['branchline runs promote r20261124t150405_ab12cd34 --strategy source-wins --dry-run', 'what it would take'],
    ['branchline runs promote r20261124t150405_ab12cd34 --accept-schema', 'its columns have changed, and shall'],
    ['branchline runs promote r20261124t150405_ab12cd34 --strategy source-wins --wait', 'asks, then does it'],
  );
};

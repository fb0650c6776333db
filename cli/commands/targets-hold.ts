/** `targets hold` and `targets release`: promotions into a target wait, and go on. */
import type { Command } from 'commander';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseDuration } from '../options.ts';
import { during } from '../progress.ts';
import { iso } from '../text.ts';
import { chosenTarget, nameOfTarget, whoAsks } from './chosen-target.ts';

const TARGET = 'REPOSITORY/TARGET; the target alone where only one has that name';
const DEFAULT_MS = 3_600_000;

interface HoldOptions {
  readonly reason: string;
  readonly for?: number;
  readonly who?: string;
  readonly dryRun?: boolean;
}

export const addTargetsHold = (targets: Command, session: Session): void => {
  const command = targets
    .command('hold')
    .description('Lets promotions into a target wait, until it is released or the time is up.')
    .argument('<target>', TARGET)
    .requiredOption('--reason <text>', 'why, for whoever meets the hold')
    .option('--for <duration>', 'how long at most, such as 30m; an hour by default', parseDuration)
    .option('--who <name>', 'who holds it (environment: BRANCHLINE_WHO, else USER)')
    .option('--dry-run', 'only tell what would be done')
    .action(async (name: string, options: HoldOptions, self: Command) => {
      const context = session.open(self);
      const target = await chosenTarget(context, name);
      const answer = await during(context, `holding ${nameOfTarget(target)}`, () =>
        context.deployment.resolve({
          ...{ action: 'hold-target', repository: target.repository, target: target.branch, reason: options.reason },
          owner: whoAsks(context, options.who),
          expiresInSeconds: Math.ceil((options.for ?? DEFAULT_MS) / 1000),
          ...(options.dryRun === true ? { dryRun: true } : {}),
        }),
      );
      context.answer(answer, () => {
        const until = answer.target?.hold?.expiresAt;
        const when = until === undefined || options.dryRun === true ? '' : ` until ${iso(until)}`;
        context.terminal.out(`${answer.outcome} ${nameOfTarget(target)}${when}\n`);
      });
    });
  withExamples(
    command,
    ['branchline targets hold lake/main --reason "the vendor sends yesterday again"', 'for an hour'],
    ['branchline targets hold main --for 8h --reason "month end"', 'for a working day'],
  );
};

interface ReleaseOptions {
  readonly who?: string;
  readonly dryRun?: boolean;
}

export const addTargetsRelease = (targets: Command, session: Session): void => {
  const command = targets
    .command('release')
    .description('Releases a target: runs that waited are promoted.')
    .argument('<target>', TARGET)
    .option('--who <name>', 'only if it is this one who holds it')
    .option('--dry-run', 'only tell what would be done')
    .action(async (name: string, { who, dryRun }: ReleaseOptions, self: Command) => {
      const context = session.open(self);
      const target = await chosenTarget(context, name);
      const answer = await during(context, `releasing ${nameOfTarget(target)}`, () =>
        context.deployment.resolve({
          ...{ action: 'release-target', repository: target.repository, target: target.branch },
          ...(who === undefined ? {} : { owner: who }),
          ...(dryRun === true ? { dryRun } : {}),
        }),
      );
      context.answer(answer, () => context.terminal.out(`${answer.outcome} ${nameOfTarget(target)}\n`));
    });
  withExamples(
    command,
    ['branchline targets release lake/main', 'whoever holds it'],
    ['branchline targets release lake/main --who anna', 'in a script: only if anna holds it'],
  );
};

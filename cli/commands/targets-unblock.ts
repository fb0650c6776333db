/** `targets accept` and `targets revert`: what becomes of a commit by hand that blocks a target. */
import type { Command } from 'commander';
import type { Target } from '../../lambdas/domain/target.ts';
import { confirm } from '../confirm.ts';
import type { Context, Session } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { gist, shortId } from '../text.ts';
import { chosenTarget, nameOfTarget } from './chosen-target.ts';

const WAYS = {
  accept: {
    action: 'accept-target',
    description: 'Keeps the commit that blocks a target: readers see it, promotions go on.',
    question: 'Accept',
    flag: 'accept',
  },
  revert: {
    action: 'revert-target',
    description: 'Takes the commit that blocks a target back, by a new commit.',
    question: 'Revert',
    flag: 'revert',
  },
} as const;
type Way = keyof typeof WAYS;

interface UnblockOptions {
  readonly commit?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** In full, as the function wants it; given in short where it is the one that blocks. */
const commitOf = (target: Target, given: string | undefined): string => {
  const { blocked } = target;
  if (blocked === undefined) throw new Failure('BL1005', `target ${nameOfTarget(target)} is not blocked`);
  if (given === undefined || (given.length >= 6 && blocked.commit.startsWith(given))) return blocked.commit;
  throw new Failure('BL1005', `target ${nameOfTarget(target)} is blocked by ${blocked.commit}, not by ${given}`, {
    data: { blockedBy: blocked.commit },
    remedy: 'Look at it with `branchline targets list`, then decide about that commit.',
  });
};

const unblock = async (context: Context, way: Way, name: string, options: UnblockOptions): Promise<void> => {
  const { terminal, deployment } = context;
  const target = await chosenTarget(context, name);
  const commit = commitOf(target, options.commit);
  const { action, question } = WAYS[way];
  const request = { action, repository: target.repository, target: target.branch, commit };
  if (options.dryRun === true) {
    const trial = await deployment.resolve({ ...request, dryRun: true });
    context.answer(trial, () => terminal.out(`${trial.outcome} ${nameOfTarget(target)}: commit ${commit}\n`));
    return;
  }
  if (target.blocked !== undefined)
    context.say(`${nameOfTarget(target)} is blocked by ${commit}: ${gist(target.blocked.cause.message)}`);
  await confirm(context, `${question} ${shortId(commit)} on ${nameOfTarget(target)}?`, options.yes);
  const answer = await during(context, `${way} on ${nameOfTarget(target)}`, () => deployment.resolve(request));
  context.answer(answer, () => {
    terminal.out(`${answer.outcome} ${nameOfTarget(target)}\n`);
    const next = answer.target?.blocked;
    if (next !== undefined) context.say(`it is blocked again, by ${next.commit}: ${gist(next.cause.message)}`);
  });
};

const addWay = (targets: Command, session: Session, way: Way): void => {
  const { description, flag } = WAYS[way];
  const command = targets
    .command(way)
    .description(description)
    .argument('<target>', 'REPOSITORY/TARGET; the target alone where only one has that name')
    .option('--commit <id>', 'only if it is this commit that blocks, in full or its first 6 digits or more')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only tell what would be done')
    .action((name: string, options: UnblockOptions, self: Command) => unblock(session.open(self), way, name, options));
  withExamples(
    command,
    [`branchline targets ${flag} lake/main`, 'shows what blocks it, and asks'],
    [`branchline targets ${flag} lake/main --commit 3f9a0d1c5b7e --yes`, 'in a script: that commit and no other'],
    [`branchline targets ${flag} lake/main --dry-run`, 'changes nothing'],
  );
};

export const addTargetsAccept = (targets: Command, session: Session): void => addWay(targets, session, 'accept');
export const addTargetsRevert = (targets: Command, session: Session): void => addWay(targets, session, 'revert');

/** What a person can do about a run now, as commands to copy. */
import { formatRunKey, isMoving, type Run } from '../../lambdas/domain/run.ts';

export interface NextCommand {
  readonly command: string;
  readonly does: string;
}

/** Attempts above 0 are named in quotes: `#` is a comment to some shells. */
const nameOf = (run: Run): string => (run.attempt === 0 ? run.runId : `'${formatRunKey(run)}'`);

export const nextCommands = (run: Run): readonly NextCommand[] => {
  const id = nameOf(run);
  const show = (key: string, does: string): NextCommand => ({ command: `branchline runs show ${key}`, does });
  if (run.rerunAs !== undefined) return [show(run.rerunAs, 'the run that repeats this one')];
  if (isMoving(run.state)) return [show(`${id} --watch`, 'follow it until it ends')];
  const retry = { command: `branchline runs retry ${id}`, does: 'run the job again on a fresh branch' };
  const discard = { command: `branchline runs discard ${id}`, does: 'throw its work away' };
  switch (run.state) {
    case 'CONFLICTED':
      // Without a commit of its own there is nothing to promote.
      return run.runCommit === undefined
        ? [retry, discard]
        : [
            retry,
            {
              command: `branchline runs promote ${id} --strategy source-wins --dry-run`,
              does: 'what it takes to let the run win where both changed the same',
            },
            {
              command: `branchline runs promote ${id} --strategy target-wins --dry-run`,
              does: 'the same, with the target as the winner',
            },
            discard,
          ];
    case 'REJECTED':
      return run.cause?.code === 'BL2019'
        ? [
            retry,
            { command: `branchline runs promote ${id} --accept-schema`, does: 'take its columns as they are' },
            discard,
          ]
        : [{ command: `branchline runs promote ${id}`, does: 'try again, once the hook says yes' }, retry, discard];
    case 'AWAITING_APPROVAL':
      return [discard];
    case 'DISCARDED':
    case 'ROLLED_BACK':
      return [retry];
    default:
      return [];
  }
};

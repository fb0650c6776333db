/** Targets as a table. */
import { isHeld, type Target } from '../../lambdas/domain/target.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { gist, iso, shortId } from '../text.ts';

const stateOf = (target: Target, now: number): 'BLOCKED' | 'HELD' | 'OPEN' => {
  if (target.blocked !== undefined) return 'BLOCKED';
  return isHeld(target, now) ? 'HELD' : 'OPEN';
};

const STYLE = { BLOCKED: 'red', HELD: 'yellow', OPEN: 'green' } as const;

const why = (target: Target, now: number): string => {
  if (target.blocked !== undefined) {
    const { commit, cause, since } = target.blocked;
    return `since ${iso(since)} by ${shortId(commit)}: ${cause.code} ${gist(cause.message)}`;
  }
  const { hold } = target;
  if (hold === undefined || !isHeld(target, now)) return '';
  return `until ${iso(hold.expiresAt)} by ${hold.owner}: ${gist(hold.reason)}`;
};

export const targetTable = (terminal: Terminal, targets: readonly Target[], now: number): string =>
  table(
    [
      { title: 'TARGET', value: ({ repository, branch }) => `${repository}/${branch}` },
      {
        title: 'STATE',
        value: (target) => stateOf(target, now),
        paint: (text, target) => terminal.styleOut(STYLE[stateOf(target, now)], text),
      },
      { title: 'VERIFIED', value: ({ verifiedCommit }) => shortId(verifiedCommit), spare: 2 },
      { title: 'UPDATED', value: ({ updatedAt }) => iso(updatedAt), spare: 1 },
      { title: 'WHY', value: (target) => why(target, now), least: 20, spare: 3 },
    ],
    targets,
    terminal.columns,
    (text) => terminal.styleOut('dim', text),
  );

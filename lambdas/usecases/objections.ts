/** What speaks against a promotion, read off the target's log since the run's base commit. */
import { isPromotion, undoneBelow } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import { type Clash, formatRunKey, type Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import type { ConflictCode } from './conflict.ts';
import { clashesSince } from './partition-check.ts';
import { broughtBy } from './run-of-commit.ts';

export interface Objection {
  readonly clashes: readonly Clash[];
  readonly code: ConflictCode;
}

/** @param newestFirst first-parent log from the head that the run goes onto, back to its base commit, which comes last. */
export const objectionTo = async (
  ports: Ports,
  run: Run,
  newestFirst: readonly Commit[],
): Promise<Objection | undefined> => {
  const undoing = undoneBelow(newestFirst);
  if (undoing !== undefined) return { clashes: [history(run, undoing)], code: 'BL2017' };
  const since = newestFirst.slice(0, -1);
  const part = await partMergedByHand(ports, run, since);
  if (part !== undefined) return { clashes: [history(run, part)], code: 'BL2018' };
  const clashes = await clashesSince(ports, run, since);
  return clashes.length === 0 ? undefined : { clashes, code: 'BL2003' };
};

const history = (run: Run, commit: Commit): Clash => ({ kind: 'history', what: run.target, commit: commit.id });

/**
 * A checkpoint that a person merged before the run had ended. lakeFS would merge only what came after it; and were that merge
 * reverted since, half of the run.
 */
const partMergedByHand = async (ports: Ports, run: Run, since: readonly Commit[]): Promise<Commit | undefined> => {
  for (const commit of since) {
    if (commit.parents[1] === undefined || isPromotion(commit)) continue;
    const maker = await broughtBy(ports, run.repository, commit);
    if (maker !== undefined && formatRunKey(maker) === formatRunKey(run)) return commit;
  }
  return undefined;
};

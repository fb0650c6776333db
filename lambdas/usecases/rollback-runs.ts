/** Which runs a rollback takes along: read off the target's log and the ledger, whatever the target holds. */
import { findMerge } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import type { RollbackPlan } from '../domain/rollback.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { backToWhatWasUndone } from './follow-history.ts';
import { partitionsOfRun } from './partition-check.ts';
import { broughtBy } from './run-of-commit.ts';
import { historySince } from './target-history.ts';

interface Place {
  readonly repository: string;
  readonly target: string;
  readonly plan: RollbackPlan;
  readonly head: string;
}

export interface RunsAffected {
  /** In force now, and not afterwards. */
  readonly undone: readonly string[];
  /** Undone now, and in force afterwards. */
  readonly restored: readonly string[];
  /** In force before and after, but not with all that they changed. */
  readonly touched: readonly string[];
  /** Commits of the target, newest first, back to what it is put back to. */
  readonly since: readonly Commit[];
  /** How many of the undone ones are owed the rewind of a bookmark. */
  readonly rewinds: number;
}

/** Back to the state that is wanted, and further where undoings on the way rest on older commits. */
export const runsAffected = async (ports: Ports, { repository, target, plan, head }: Place): Promise<RunsAffected> => {
  const { newestFirst } = await historySince(ports, repository, target, plan.to, head);
  const span = await backToWhatWasUndone(ports, { repository, branch: target }, newestFirst);
  const at = span.findIndex(({ id }) => id === plan.to);
  const then = at < 0 ? [] : span.slice(at);
  const undone: string[] = [];
  const restored: string[] = [];
  const touched: string[] = [];
  let rewinds = 0;
  for (const commit of span) {
    const run = await broughtBy(ports, repository, commit);
    if (run?.runCommit === undefined || run.runCommit !== commit.parents[1]) continue;
    const before = findMerge(span, run.runCommit, await scopeOf(ports, plan, run))?.inForce === true;
    const after = await isInForceAfter(ports, { plan, span, then }, run, before);
    if (before && after === false) {
      undone.push(formatRunKey(run));
      if (run.bookmarks === true) rewinds += 1;
    }
    if (!before && after === true) restored.push(formatRunKey(run));
    if (after === 'in part') touched.push(formatRunKey(run));
  }
  return { undone, restored, touched, rewinds, since: at < 0 ? newestFirst : span.slice(0, at) };
};

/** Asked for only where it matters. */
const scopeOf = async (ports: Ports, plan: RollbackPlan, run: Run): Promise<readonly string[] | undefined> =>
  plan.prefixes === undefined ? undefined : partitionsOfRun(ports, run);

const isInForceAfter = async (
  ports: Ports,
  { plan, span, then }: { plan: RollbackPlan; span: readonly Commit[]; then: readonly Commit[] },
  run: Run,
  before: boolean,
): Promise<boolean | 'in part'> => {
  const runCommit = run.runCommit ?? '';
  const isIt =
    plan.kind === 'run' && span.some(({ id, parents }) => id === plan.mergeCommit && parents[1] === runCommit);
  if (isIt) return false;
  if (plan.kind === 'state' && plan.prefixes === undefined) return findMerge(then, runCommit)?.inForce === true;
  if (plan.prefixes === undefined) return before;
  const prefixes = plan.prefixes;
  const scope = await partitionsOfRun(ports, run);
  const inside = scope.filter((partition) => prefixes.some((prefix) => partition.startsWith(prefix)));
  const cut = scope.some((partition) => prefixes.some((prefix) => prefix.startsWith(partition)));
  if (inside.length === scope.length && scope.length > 0) return findMerge(then, runCommit, scope)?.inForce === true;
  const wasThere = findMerge(then, runCommit, scope)?.inForce === true;
  return before && !wasThere && (inside.length > 0 || cut) ? 'in part' : before;
};

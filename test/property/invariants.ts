/** The invariants of docs/architecture.md, judged by what lies in lakeFS and not by what the code under test says of it. */
import { expect } from 'vitest';
import { RESOLUTION_BRANCH_PREFIX, RUN_BRANCH_PREFIX } from '../../lambdas/contract.ts';
import { findMerge, isPromotion, undoneFrom } from '../../lambdas/domain/history.ts';
import type { Commit } from '../../lambdas/domain/lakefs.ts';
import { clashingPartitions, isBookkeeping, partitionsOf } from '../../lambdas/domain/partitions.ts';
import { formatRunKey, isSettled, isWaiting, type Run } from '../../lambdas/domain/run.ts';
import type { Tree } from '../fakes/lakefs.ts';
import { TABLES } from '../fakes/ports.ts';
import { PLACES } from './plot.ts';
import type { Ending, Wrote } from './teller.ts';

const changed = (before: Tree, after: Tree): string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path)?.content !== after.get(path)?.content)
    .sort();

export const checkAll = (ending: Ending): void => {
  expect(ending.surprises).toEqual([]);
  const { ledger } = ending.world;
  for (const run of ledger.runs.values()) {
    checkEnd(ending, run);
    checkMerges(ending, run);
    checkContent(ending, run);
  }
  checkTarget(ending);
  checkBranches(ending);
  for (const [name, wrote] of ending.wrote) checkNothingLost(ending, name, wrote);
};

const logOf = ({ world }: Ending): Commit[] => world.lakefs.firstParentLog('lake', 'main');
const isByHand = ({ traces }: Ending, run: Run): boolean => traces.merged.has(run.branch);

/** I4: an end or a wait; I7: with its cause; nothing owed but to a job run that is unresolved. */
const checkEnd = ({ world }: Ending, run: Run): void => {
  const name = formatRunKey(run);
  expect(isSettled(run.state) || isWaiting(run.state), `I4: ${name} is ${run.state}`).toBe(true);
  if (isWaiting(run.state) || run.state === 'DISCARDED') expect(run.cause, `I7: ${name}`).toBeDefined();
  expect(run.bookmarkRewind, `I4: bookmark of ${name}`).not.toBe('due');
  const isHeldUp = [...world.ledger.runs.values()].some(({ job, state }) => job === run.job && isWaiting(state));
  if (!(run.bookmarks === true && isHeldUp)) expect(run.rerunDue, `I4: rerun of ${name}`).toBeUndefined();
  if (run.rerunAs !== undefined && run.rerunDue === undefined) {
    expect(world.ledger.runs.has(run.rerunAs), `I7: ${name} is run again as ${run.rerunAs}`).toBe(true);
  }
};

/** I3: at most once; I1: what one merge brings is all that the run changed; I8: and nothing that somebody else changed too. */
const checkMerges = (ending: Ending, run: Run): void => {
  const { lakefs } = ending.world;
  const log = logOf(ending);
  const made = log.filter((commit) => commit.parents[1] !== undefined && commit.parents[1] === run.runCommit);
  expect(made.length, `I3: merges of ${formatRunKey(run)}`).toBeLessThanOrEqual(1);
  const merge = made[0];
  if (run.state !== 'PROMOTED' || run.runCommit === undefined) return;
  expect(merge?.id, `I1: merge of ${formatRunKey(run)}`).toBe(run.mergeCommit);
  if (merge === undefined || !isPromotion(merge)) return;
  const first = lakefs.tree('lake', merge.parents[0] ?? '');
  const work = lakefs.tree('lake', run.runCommit);
  const base = run.promotionBase ?? run.baseCommit;
  const mine = changed(lakefs.tree('lake', base), work).filter(
    // The target held it just so already: no change of the merge.
    (path) => first.get(path)?.content !== work.get(path)?.content,
  );
  // A job that made its branch by itself, since nobody answered or it was deleted, may have begun from a later head than the one written down.
  const onTarget = new Set(log.map(({ id }) => id));
  const began = lakefs.firstParentLog('lake', run.runCommit).find(({ id }) => onTarget.has(id))?.id;
  const isMadeAnew = ending.traces.deleted.has(run.branch) || (began !== undefined && began !== base);
  if (!isByHand(ending, run) && !isMadeAnew) {
    expect(changed(first, lakefs.tree('lake', merge.id)), `I1: what ${formatRunKey(run)} brought`).toEqual(mine);
  }
  // A person kept the merge, or what brought it back.
  const kept = [...ending.traces.accepted].map((id) => log.find((commit) => commit.id === id));
  if (kept.some((commit) => commit !== undefined && (commit.id === merge.id || undoneFrom(commit).length > 0))) return;
  const partitions = partitionsOf(changed(lakefs.tree('lake', base), work), TABLES);
  for (const { id, parents } of lakefs.firstParentLog('lake', merge.parents[0] ?? '')) {
    if (id === base || parents[0] === undefined) break;
    const theirs = partitionsOf(changed(lakefs.tree('lake', parents[0]), lakefs.tree('lake', id)), TABLES);
    expect(clashingPartitions(partitions, theirs, TABLES), `I8: ${formatRunKey(run)} and ${id}`).toEqual([]);
  }
};

/** I1, I2: the target shows the work of promoted runs, and of no others. */
const checkContent = (ending: Ending, run: Run): void => {
  const { lakefs, ledger } = ending.world;
  const name = formatRunKey(run);
  const head = lakefs.tree('lake', 'main');
  const isMine = ([, { content }]: [string, { content: string }]): boolean => content === `by ${name}`;
  const isPartlyReverted = ending.traces.reverted.has(run.runCommit ?? '') && ending.wrote.get(name)?.plan.checkpoint;
  // Whoever takes a whole partition takes along what lay in it when they began.
  const isTakenAlong = [...ledger.runs.values()].some(({ resolutions }) => resolutions !== undefined);
  // After a reset, an older branch brings back what was gone, past every first parent: a person's, or one that a job made by itself.
  const { wasReset, mergedOwn, merged } = ending.traces;
  const isByObject = [...ending.wrote.values()].some(({ plan }) => plan.opens === 'object');
  // So does whoever reverts an undoing that the target does not hold any more.
  const held = new Set(logOf(ending).flatMap(({ id, parents }) => [id, ...parents.slice(1)]));
  const isRevertOfGone = logOf(ending).some((commit) => undoneFrom(commit).some((id) => !held.has(id)));
  const isBroughtBack = wasReset && (mergedOwn || merged.size > 0 || isByObject || isRevertOfGone);
  if (run.state !== 'PROMOTED') {
    // A person kept a merge that its own promotion had taken back: by what brought it back, or after a reset to it.
    const kept = logOf(ending).filter(({ id }) => ending.traces.accepted.has(id));
    const isKept = kept.some((commit) => undoneFrom(commit).length > 0 || commit.parents[1] === run.runCommit);
    if (run.state === 'DISCARDED' && isKept) return;
    if (isBroughtBack || isByHand(ending, run) || isPartlyReverted === true || isTakenAlong) return;
    expect([...head].filter(isMine), `I2: ${name} is ${run.state}`).toEqual([]);
    return;
  }
  if (run.runCommit === undefined) return;
  const log = logOf(ending);
  expect(findMerge(log, run.runCommit)?.inForce, `I1: ${name}`).toBe(true);
  const since = log.slice(
    0,
    log.findIndex(({ id }) => id === run.mergeCommit),
  );
  const later = new Set(
    since.flatMap(({ id, parents }) => changed(lakefs.tree('lake', parents[0] ?? ''), lakefs.tree('lake', id))),
  );
  for (const [path, { content }] of [...lakefs.tree('lake', run.runCommit)].filter(isMine)) {
    if (!later.has(path)) expect(head.get(path)?.content, `I1: ${path} of ${name}`).toBe(content);
  }
};

/** I2: nothing of a run that failed was ever on the target, but by a person's hand; nothing of ours ever is. */
const checkTarget = (ending: Ending): void => {
  const { lakefs, ledger } = ending.world;
  const failed = new Set(
    [...ending.wrote]
      .filter(([, { state, branch }]) => state !== 'SUCCEEDED' && !ending.traces.merged.has(branch))
      .map(([name]) => `by ${name}`),
  );
  for (const commit of logOf(ending)) {
    for (const [path, { content }] of lakefs.tree('lake', commit.id)) {
      expect(failed.has(content), `I2: ${path} ${content}`).toBe(false);
      const isLeftover = path.startsWith('_branchline/') || path.includes('_temporary/');
      if (isLeftover && ending.traces.merged.size + ending.traces.reverted.size === 0 && content !== 'by hand')
        expect.fail(`I2: ${path}`);
    }
  }
  const target = ledger.targets.get('lake/main');
  expect(target?.blocked, 'target').toBeUndefined();
  if (target !== undefined) expect(target.verifiedCommit, 'verified').toBe(logOf(ending)[0]?.id);
};

/** I4: no branch of ours is left but those of runs that wait; one without claim and entry is left for a person. */
const checkBranches = ({ world }: Ending): void => {
  const known = new Set([...world.ledger.runs.values()].flatMap((run) => [run.branch, run.resolutionBranch]));
  const waiting = [...world.ledger.runs.values()].filter((run) => isWaiting(run.state));
  const expected = new Set(waiting.flatMap((run) => [run.branch, run.resolutionBranch]));
  const left = world.lakefs
    .branchNames('lake')
    .filter((name) => name.startsWith(RUN_BRANCH_PREFIX) || name.startsWith(RESOLUTION_BRANCH_PREFIX));
  expect(
    left.filter((name) => known.has(name) && !expected.has(name)),
    'I4: branches left',
  ).toEqual([]);
};

/** I7: a job that succeeded has not been forgotten, and its work is only said to be none where it is none. */
const checkNothingLost = ({ world, traces }: Ending, name: string, { plan, state, branch }: Wrote): void => {
  if (traces.deleted.has(branch) || traces.merged.has(branch)) return;
  const run = world.ledger.runs.get(name);
  expect(run, `I7: ${name}`).toBeDefined();
  if (state !== 'SUCCEEDED') return;
  const real = plan.writes.map((place) => PLACES[place] ?? '').filter((path) => !isBookkeeping(path));
  // Where the target wins in all that the run changed, nothing of it is left.
  if (run?.state === 'UNCHANGED' && run.resolutions !== undefined) return;
  const isDiscardedByHand = run?.state === 'DISCARDED' && run.cause?.code === 'BL2011';
  const end = run?.rerunAs === undefined ? (isDiscardedByHand ? 'discarded by hand' : run?.state) : 'run again';
  const ends = ['PROMOTED', 'CONFLICTED', 'REJECTED', 'ROLLED_BACK', 'run again', 'discarded by hand'];
  if (real.length > 0) expect(ends, `I7: ${name}, ${run?.cause?.message ?? ''}`).toContain(end);
};

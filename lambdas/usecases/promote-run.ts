/**
 * Promotes one run into its target. The message that leads here is only a wake-up: the ledger and the target's log decide.
 * Numbers in brackets are the steps in docs/architecture.md.
 */
import { isBranchlineError } from '../domain/errors.ts';
import { LEASE_MS, leaseStands, mayDecide, promotionBaseOf, promotionRequest } from '../domain/promotion.ts';
import { formatRunKey, needsCleanUp, type Run, type RunKey } from '../domain/run.ts';
import { isHeld, type Target } from '../domain/target.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { cleanUp } from './clean-up.ts';
import { reject } from './conflict.ts';
import { lossesOf } from './merge-losses.ts';
import { mergedRun } from './merged-run.ts';
import { noteHead } from './note-head.ts';
import { objectionTo } from './objections.ts';
import { pathClashes } from './partition-check.ts';
import { Batch } from './promotion-batch.ts';
import { schemaObjection } from './run-schema.ts';
import { conflicted, type PromoteAnswer, recordMerged, settleMerged, takeBack } from './settle-merged.ts';
import { type History, historySince } from './target-history.ts';
import { advanceVerified, ensureTarget, verifyTarget } from './verify-target.ts';

/** Promotes, and does at once what the run owes after that. */
export const promoteRun = async (ports: Ports, key: RunKey, batch = new Batch()): Promise<PromoteAnswer> => {
  const answer = await promote(ports, key, batch);
  return answer.run === undefined ? answer : { ...answer, run: await payDebts(ports, answer.run) };
};

/**
 * As `promoteRun`, but a settled run may still owe the deletion of its branch: the next promotion in a burst need not wait for
 * that. Whoever calls this pays the debts of a batch together; those that a crash leaves are reconcile's.
 */
export const promote = async (ports: Ports, key: RunKey, batch = new Batch()): Promise<PromoteAnswer> => {
  const answer = await wake(ports, key, batch);
  return answer.run === undefined || owesNoMoreThanBranches(answer.run)
    ? answer
    : { ...answer, run: await payDebts(ports, answer.run) };
};

const owesNoMoreThanBranches = (run: Run): boolean =>
  run.bookmarkRewind !== 'due' && run.rerunDue !== true && run.preserveDue !== true;

const wake = async (ports: Ports, key: RunKey, batch: Batch): Promise<PromoteAnswer> => {
  const run = await ports.ledger.getRun(key);
  if (run === undefined) {
    ports.log.warn('a wake-up for a run that the ledger does not know', { run: formatRunKey(key) });
    return { outcome: 'nothing-to-do' };
  }
  if (run.state !== 'COMMITTED' && run.state !== 'PROMOTING') {
    return { outcome: 'nothing-to-do', run };
  }
  if (run.state === 'PROMOTING' && leaseStands(run, ports.clock.now())) return { outcome: 'waiting', run };
  try {
    return await orReject(ports, run, () => decide(ports, run, batch));
  } catch (error) {
    // A lakeFS that is away, ails or refuses uses up no receive count and blocks no group: reconcile wakes the run again.
    if (!isBranchlineError(error, ...LAKEFS_FAULTS)) throw error;
    ports.log.warn('promotion put off', { run: formatRunKey(run), reason: error.message });
    return { outcome: 'waiting', run };
  }
};

const LAKEFS_FAULTS = ['BL3001', 'BL3002', 'BL3003', 'BL3004', 'BL3005', 'BL3006', 'BL3007'] as const;

/** Something is gone for good: where it is not the target itself, waiting would not bring it back, and a person has to look. */
const orReject = async (ports: Ports, run: Run, work: () => Promise<PromoteAnswer>): Promise<PromoteAnswer> => {
  try {
    return await work();
  } catch (error) {
    if (!isBranchlineError(error, 'BL3004')) throw error;
    if ((await ports.lakefs.getBranch(run.repository, run.target)) === undefined) throw error;
    return { outcome: 'rejected', run: await reject(ports, run, { code: error.code, message: error.message }) };
  }
};

const decide = async (ports: Ports, run: Run, batch: Batch): Promise<PromoteAnswer> => {
  const runCommit = run.runCommit;
  const base = promotionBaseOf(run);
  if (runCommit === undefined || runCommit === base) return unchanged(ports, run); // [0]
  const handedOn = batch.take(ports, run);
  // A run that was never tried was never merged by us; what came since that head is found after the merge.
  const knownHead = run.state === 'COMMITTED' && run.promotionTries === undefined ? handedOn : undefined;
  let history = await historySince(ports, run.repository, run.target, base, knownHead);
  const merged = await mergedRun(ports, run, history.newestFirst); // [1]
  if (merged !== undefined) return settleMerged(ports, run, history, merged);
  let target = await ensureTarget(ports, run.repository, run.target);
  if (target.verifiedCommit !== history.newestFirst[0]?.id) {
    target = await verifyTarget(ports, target);
    history = await historySince(ports, run.repository, run.target, base);
    // Again, on what the check below will look at: a twin may have merged meanwhile.
    const since = await mergedRun(ports, run, history.newestFirst);
    if (since !== undefined) return settleMerged(ports, run, history, since);
  }
  const head = history.newestFirst[0];
  // A head that is not verified may hold a merge that will be taken back: nothing is built on it.
  const isReady = target.blocked === undefined && target.verifiedCommit === head?.id;
  if (!isReady || isHeld(target, ports.clock.now())) return { outcome: 'waiting', run };
  if (head === undefined || !history.reachesBase) {
    return conflicted(ports, run, [{ kind: 'history', what: run.target, commit: base }], 'BL2007');
  }
  const objection = await objectionTo(ports, run, history.newestFirst); // [2]
  if (objection !== undefined) return conflicted(ports, run, objection.clashes, objection.code);
  const misfit = await schemaObjection(ports, run, history.newestFirst);
  if (misfit !== undefined) return { outcome: 'rejected', run: await reject(ports, run, misfit) };
  const leased = await takeLease(ports, run, head.id); // [3]
  if (leased === undefined) return { outcome: 'waiting', run };
  return merge(ports, leased, { target, since: history.newestFirst.slice(0, -1), batch });
};

/** What was looked at before the merge. */
interface Checked {
  readonly target: Target;
  /** Commits of the target that the run does not know. */
  readonly since: History['newestFirst'];
  readonly batch: Batch;
}

/** The exclusive right to decide, by one conditional write; `undefined` where somebody else moved the run meanwhile. */
const takeLease = async (ports: Ports, run: Run, checkedHead: string): Promise<Run | undefined> => {
  const now = ports.clock.now();
  const next = advance(run, now, {
    state: 'PROMOTING',
    lease: { owner: ports.ids.owner(), checkedHead, expiresAt: now + LEASE_MS },
    promotionTries: (run.promotionTries ?? 0) + 1,
  });
  const answer = await ports.ledger.updateRun(next);
  return answer.outcome === 'updated' ? next : undefined;
};

const merge = async (ports: Ports, run: Run, checked: Checked): Promise<PromoteAnswer> => {
  const runCommit = run.runCommit ?? '';
  let outcome: Awaited<ReturnType<typeof ports.lakefs.merge>>;
  try {
    outcome = await ports.lakefs.merge(
      run.repository,
      runCommit,
      run.target,
      promotionRequest(run, ports.place.region),
    ); // [4]
  } catch (error) {
    if (isBranchlineError(error, 'BL3001', 'BL3005')) {
      // Nobody knows whether it took effect, or still will: the lease stays, and only the target's log tells.
      ports.log.warn('merge without an answer', { run: formatRunKey(run), reason: error.message });
      return (await settleIfMerged(ports, run)) ?? { outcome: 'waiting', run };
    }
    await putOff(ports, run);
    throw error;
  }
  switch (outcome.outcome) {
    case 'conflict':
      return conflicted(ports, run, await pathClashes(ports, run), 'BL2003');
    case 'rejected':
      return { outcome: 'rejected', run: await reject(ports, run, { code: 'BL2013', message: outcome.reason }) };
    case 'no-changes':
      return noChanges(ports, run);
    case 'merged':
      return verify(ports, run, checked, outcome.commitId);
  }
};

/** "No changes" is said of a commit without net change, and of one that an earlier try has merged. */
const noChanges = async (ports: Ports, run: Run): Promise<PromoteAnswer> =>
  (await settleIfMerged(ports, run)) ?? unchanged(ports, run);

const settleIfMerged = async (ports: Ports, run: Run): Promise<PromoteAnswer | undefined> => {
  const history = await historySince(ports, run.repository, run.target, promotionBaseOf(run));
  const merged = await mergedRun(ports, run, history.newestFirst);
  return merged === undefined ? undefined : settleMerged(ports, run, history, merged);
};

/** The log tells the merge's first parent, and the next promotion of the batch need not read it again. */
const verify = async (
  ports: Ports,
  run: Run,
  { target, since: unknown, batch }: Checked,
  mergeCommit: string,
): Promise<PromoteAnswer> => {
  const checkedHead = run.lease?.checkedHead ?? promotionBaseOf(run);
  const since = await historySince(ports, run.repository, run.target, checkedHead); // [5]
  if (since.newestFirst.find(({ id }) => id === mergeCommit)?.parents[0] !== checkedHead) {
    return (await settleIfMerged(ports, run)) ?? { outcome: 'waiting', run };
  }
  // Before anybody sees it: what is not verified, readers do not get.
  const losses = await lossesOf(ports, run, { id: mergeCommit, into: checkedHead }, unknown);
  if (losses.length > 0) {
    return takeBack(ports, run, { mergeCommit, inForce: true }, { clashes: losses, code: 'BL2023' });
  }
  // First the target: should we die in between, nobody waits for this run's entry, and the log tells what became of it.
  const moved = (await advanceVerified(ports, target, checkedHead, mergeCommit)) ?? target;
  // Blocked meanwhile, or somebody else has looked at it.
  if (moved.verifiedCommit !== mergeCommit) await noteHead(ports, moved, mergeCommit);
  const answer = await recordMerged(ports, run, mergeCommit, true);
  if (since.newestFirst[0]?.id === mergeCommit) batch.handOn(ports, run, mergeCommit);
  return answer;
};

/** The promotion is done; a branch that cannot be deleted now is reconcile's. */
export const payDebts = async (ports: Ports, run: Run): Promise<Run> => {
  if (!needsCleanUp(run)) return run;
  try {
    return await cleanUp(ports, run);
  } catch (error) {
    if (!isBranchlineError(error)) throw error;
    ports.log.warn('clean-up put off', { run: formatRunKey(run), reason: error.message });
    return run;
  }
};

const unchanged = async (ports: Ports, run: Run): Promise<PromoteAnswer> => {
  const settled = await changeRun(ports, run, (current) => {
    const now = ports.clock.now();
    if (!mayDecide(current, run, now)) return undefined;
    return advance(
      current,
      now,
      { state: 'UNCHANGED', settledAt: now },
      { note: 'no net change', forget: ['lease', 'policy'] },
    );
  });
  return { outcome: 'unchanged', run: settled };
};

/** The merge was surely not made: the run waits as before. */
const putOff = (ports: Ports, run: Run): Promise<Run> =>
  changeRun(ports, run, (current) =>
    current.state === 'PROMOTING' && current.lease?.owner === run.lease?.owner
      ? advance(current, ports.clock.now(), { state: 'COMMITTED' }, { forget: ['lease'] })
      : undefined,
  );

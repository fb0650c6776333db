/**
 * Promotes one run into its target. The message that leads here is only a wake-up: the ledger and the target's log decide.
 * Numbers in brackets are the steps in docs/architecture.md.
 */

import { isBranchlineError } from '../domain/errors.ts';
import { findMerge, isPromotion, type Merged } from '../domain/history.ts';
import { LEASE_MS, leaseStands, mayDecide, promotionBaseOf, promotionRequest } from '../domain/promotion.ts';
import { type Clash, formatRunKey, needsCleanUp, type Run, type RunKey } from '../domain/run.ts';
import { isHeld, type Target } from '../domain/target.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { cleanUp } from './clean-up.ts';
import { type ConflictCode, conflict, reject } from './conflict.ts';
import { type Objection, objectionTo } from './objections.ts';
import { pathClashes } from './partition-check.ts';
import { schemaObjection } from './run-schema.ts';
import { type History, historySince, remember } from './target-history.ts';
import { undoMerge } from './undo-merge.ts';
import { advanceVerified, blockTarget, ensureTarget, verifyTarget } from './verify-target.ts';

export interface PromoteAnswer {
  readonly outcome:
    | 'promoted'
    | 'unchanged'
    | 'rolled-back'
    | 'conflicted'
    | 'rejected'
    /** Nothing to do: not waiting for a promotion (any more). */
    | 'nothing-to-do'
    /** Held, blocked, leased by another, or lakeFS is away: the run stays as it is and reconcile wakes it. */
    | 'waiting';
  readonly run?: Run;
}

/** As long as the ledger's calls between look and merge may take anyway. */
const HANDED_ON_MS = 500;

/**
 * What the promotions of one batch tell each other: a head that one has just verified, so that the next need not read it again.
 * The look at the target's log is always a moment older than the merge; step 5 finds what came in between.
 */
export class Batch {
  readonly #heads = new Map<string, { readonly head: string; readonly until: number }>();

  handOn(ports: Ports, { repository, target }: Run, head: string): void {
    this.#heads.set(`${repository}/${target}`, { head, until: ports.clock.now() + HANDED_ON_MS });
  }

  /** Once: who takes it goes on to make a new one, or to look for itself. */
  take(ports: Ports, { repository, target }: Run): string | undefined {
    const handed = this.#heads.get(`${repository}/${target}`);
    this.#heads.delete(`${repository}/${target}`);
    return handed !== undefined && ports.clock.now() <= handed.until ? handed.head : undefined;
  }
}

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
  const merged = findMerge(history.newestFirst, runCommit); // [1]
  if (merged !== undefined) return settleMerged(ports, run, history, merged);
  let target = await ensureTarget(ports, run.repository, run.target);
  if (target.verifiedCommit !== history.newestFirst[0]?.id) {
    target = await verifyTarget(ports, target);
    history = await historySince(ports, run.repository, run.target, base);
    // Again, on what the check below will look at: a twin may have merged meanwhile.
    const since = findMerge(history.newestFirst, runCommit);
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
  return merge(ports, leased, target, batch);
};

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

const merge = async (ports: Ports, run: Run, target: Target, batch: Batch): Promise<PromoteAnswer> => {
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
      return verify(ports, run, target, outcome.commitId, batch);
  }
};

/** "No changes" is said of a commit without net change, and of one that an earlier try has merged. */
const noChanges = async (ports: Ports, run: Run): Promise<PromoteAnswer> =>
  (await settleIfMerged(ports, run)) ?? unchanged(ports, run);

const settleIfMerged = async (ports: Ports, run: Run): Promise<PromoteAnswer | undefined> => {
  const history = await historySince(ports, run.repository, run.target, promotionBaseOf(run));
  const merged = findMerge(history.newestFirst, run.runCommit ?? '');
  return merged === undefined ? undefined : settleMerged(ports, run, history, merged);
};

/** The log tells the merge's first parent, and the next promotion of the batch need not read it again. */
const verify = async (
  ports: Ports,
  run: Run,
  target: Target,
  mergeCommit: string,
  batch: Batch,
): Promise<PromoteAnswer> => {
  const checkedHead = run.lease?.checkedHead ?? promotionBaseOf(run);
  const since = await historySince(ports, run.repository, run.target, checkedHead); // [5]
  if (since.newestFirst.find(({ id }) => id === mergeCommit)?.parents[0] !== checkedHead) {
    return (await settleIfMerged(ports, run)) ?? { outcome: 'waiting', run };
  }
  // First the target: should we die in between, nobody waits for this run's entry, and the log tells what became of it.
  await advanceVerified(ports, target, checkedHead, mergeCommit);
  const answer = await recordMerged(ports, run, mergeCommit, true);
  if (since.newestFirst[0]?.id === mergeCommit) batch.handOn(ports, run, mergeCommit);
  return answer;
};

/**
 * The target's log holds the merge. Where ours went onto another head than the one that was checked, what lay between is
 * checked now; on a clash the merge is taken back at once. A merge by hand is a person's decision: it is verified like
 * every other one, and blocks the target where it clashes.
 */
const settleMerged = async (ports: Ports, run: Run, history: History, merged: Merged): Promise<PromoteAnswer> => {
  const at = history.newestFirst.findIndex(({ id }) => id === merged.mergeCommit);
  const before = history.newestFirst.slice(at + 1);
  const commit = history.newestFirst[at];
  const isChecked = commit?.parents[0] === run.lease?.checkedHead;
  const isOurs = commit !== undefined && isPromotion(commit);
  if (merged.takenBack || (merged.inForce && isOurs && !isChecked)) {
    const objection = await objectionTo(ports, run, before);
    if (merged.takenBack || objection !== undefined) return takeBack(ports, run, merged, objection);
  }
  return recordMerged(ports, run, merged.mergeCommit, merged.inForce);
};

const takeBack = async (
  ports: Ports,
  run: Run,
  merged: Merged,
  objection: Objection = { clashes: [], code: 'BL2003' },
): Promise<PromoteAnswer> => {
  if (!merged.inForce || (await undoMerge(ports, run, merged.mergeCommit)) === 'undone') {
    return conflicted(ports, run, objection.clashes, objection.code);
  }
  // Something later overlaps it: the log says that it is in force, and a person has to decide before anybody builds on it.
  const message = `merge ${merged.mergeCommit.slice(0, 12)} of run ${formatRunKey(run)} clashes and cannot be reverted: something later overlaps it`;
  const target = await ensureTarget(ports, run.repository, run.target);
  await blockTarget(ports, target, merged.mergeCommit, { code: 'BL2016', message });
  return recordMerged(ports, run, merged.mergeCommit, true);
};

const recordMerged = async (ports: Ports, run: Run, mergeCommit: string, inForce: boolean): Promise<PromoteAnswer> => {
  const changes = await ports.ledger.getChanges(run, run.runCommit ?? '');
  if (changes !== undefined)
    remember(ports, run.repository, mergeCommit, { partitions: changes, run: formatRunKey(run) });
  const state = inForce ? 'PROMOTED' : 'ROLLED_BACK';
  const settled = await changeRun(ports, run, (current) => {
    if (current.state !== 'COMMITTED' && current.state !== 'PROMOTING') return undefined;
    const now = ports.clock.now();
    return advance(
      current,
      now,
      {
        state,
        mergeCommit,
        settledAt: now,
        ...(inForce
          ? {}
          : {
              cause: { code: 'BL2014', message: `merge ${mergeCommit} was undone on ${run.target}` },
              ...(current.bookmarks === true ? { bookmarkRewind: 'due' as const } : {}),
            }),
      },
      { note: `merge ${mergeCommit.slice(0, 12)}`, forget: ['lease', 'policy', 'clashes'] },
    );
  });
  return { outcome: inForce ? 'promoted' : 'rolled-back', run: settled };
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

const conflicted = async (
  ports: Ports,
  run: Run,
  clashes: readonly Clash[],
  code: ConflictCode,
): Promise<PromoteAnswer> => ({ outcome: 'conflicted', run: await conflict(ports, run, clashes, code) });

/** The merge was surely not made: the run waits as before. */
const putOff = (ports: Ports, run: Run): Promise<Run> =>
  changeRun(ports, run, (current) =>
    current.state === 'PROMOTING' && current.lease?.owner === run.lease?.owner
      ? advance(current, ports.clock.now(), { state: 'COMMITTED' }, { forget: ['lease'] })
      : undefined,
  );

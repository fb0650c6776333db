/** The steps of a rollback up to the merge that brings the target there. Each may be interrupted anywhere and is repeated as it is. */
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { leaseStands } from '../domain/promotion.ts';
import {
  branchOf,
  MAX_NAMED,
  MAX_TRIES,
  type RollbackPlan,
  type RollbackTry,
  safetyTagOf,
} from '../domain/rollback.ts';
import { formatRunKey, parseRunKey, type Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import type { RollbackPorts } from '../rollback-ports.ts';
import { requireRun } from './change.ts';
import { headOf } from './claim.ts';
import { promoteRun } from './promote-run.ts';
import { holdsPlan, overlapOf, refuseOverlap } from './rollback-changes.ts';
import { type MadeCommit, makeCommit, rollbackCommitRequest } from './rollback-commit.ts';
import { runsAffected } from './rollback-runs.ts';
import { holdFor, letGo, type RollbackWorker } from './rollback-worker.ts';
import { historySince } from './target-history.ts';

/** `again`: the entry says what is next. */
export type StepOutcome = 'again' | 'unfinished';

const LOOK_EVERY_MS = 2_000;

export const planOf = ({ entry }: RollbackWorker): RollbackPlan => {
  if (entry.plan === undefined) throw new BranchlineError('BL5001', `rollback ${entry.id} has no plan`);
  return entry.plan;
};

export const requested = async (ports: RollbackPorts, worker: RollbackWorker): Promise<StepOutcome> => {
  await holdFor(ports, worker.entry);
  await worker.save({ state: 'HOLDING' }, { note: 'target held' });
  return 'again';
};

const underWay = async (ports: Ports, repository: string, target: string): Promise<readonly Run[]> =>
  Array.fromAsync(ports.ledger.listRuns({ states: ['PROMOTING', 'COMMITTED'], repository, target }));

/**
 * Whoever promotes just now is waited for: its lease ends within minutes. What a dead one left is decided by the log, by the
 * promotion's own first step; under the hold nothing else is begun.
 * @returns false where the time was up first.
 */
export const settlePromotions = async (
  ports: RollbackPorts,
  worker: RollbackWorker,
  which: (run: Run) => boolean,
): Promise<boolean> => {
  const { repository, target } = worker.entry;
  for (;;) {
    const runs = await underWay(ports, repository, target);
    if (!runs.some((run) => run.state === 'PROMOTING' && leaseStands(run, ports.clock.now()))) {
      for (const run of runs.filter(which)) await settleOne(ports, run);
      return true;
    }
    if (worker.isTimeUp()) return false;
    await ports.pause(LOOK_EVERY_MS);
    await worker.beat();
  }
};

const settleOne = async (ports: Ports, run: Run): Promise<void> => {
  try {
    await promoteRun(ports, run);
  } catch (error) {
    if (!isBranchlineError(error)) throw error;
    ports.log.warn('a promotion could not be settled', { run: formatRunKey(run), reason: error.message });
  }
};

/** A run that was never tried was merged by nobody of ours. */
const wasTried = (run: Run): boolean => run.state === 'PROMOTING' || run.promotionTries !== undefined;

export const holding = async (ports: RollbackPorts, worker: RollbackWorker): Promise<StepOutcome> => {
  const { id, repository, target } = worker.entry;
  await holdFor(ports, worker.entry);
  if (!(await settlePromotions(ports, worker, wasTried))) return 'unfinished';
  // Its own entry stands: a sweep that is about to begin sees it, and waits in its turn.
  while (await ports.sweeps.stands(repository)) {
    if (worker.isTimeUp()) return 'unfinished';
    await ports.pause(LOOK_EVERY_MS);
    await worker.beat();
  }
  const head = await headOf(ports, repository, target);
  const plan = await planAt(ports, worker, head);
  if (plan === undefined) return leaveAsItIs(ports, worker, 'the target holds it already');
  const safetyTag = await setTag(ports, repository, safetyTagOf(id), head);
  const { undone, restored } = await runsAffected(ports, { repository, target, plan, head });
  await worker.save(
    {
      ...{ state: 'MERGING', plan, head, safetyTag },
      attempt: { number: 1, head, branch: branchOf(id, 1) },
      ...{ undone: undone.slice(0, MAX_NAMED), undoneCount: undone.length },
      ...{ restored: restored.slice(0, MAX_NAMED), restoredCount: restored.length },
    },
    { note: `head ${head.slice(0, 12)} is tagged ${safetyTag}` },
  );
  return 'again';
};

/** Where an earlier call has set the tag on another head, one more is set on this. */
const setTag = async (ports: Ports, repository: string, name: string, head: string): Promise<string> => {
  if ((await ports.lakefs.createTag(repository, name, head)) === 'created') return name;
  if ((await ports.lakefs.getTag(repository, name))?.commitId === head) return name;
  const other = `${name}-${head.slice(0, 12)}`;
  await ports.lakefs.createTag(repository, other, head);
  return other;
};

const leaveAsItIs = async (ports: RollbackPorts, worker: RollbackWorker, note: string): Promise<StepOutcome> => {
  await letGo(ports, worker);
  await worker.save({ state: 'UNCHANGED', settledAt: ports.clock.now() }, { note });
  return 'again';
};

/** What is to be done at this head; `undefined` where it holds already what is wanted. @throws BL1005, BL2020 */
const planAt = async (
  ports: RollbackPorts,
  worker: RollbackWorker,
  head: string,
): Promise<RollbackPlan | undefined> => {
  const plan = planOf(worker);
  const { repository, asked } = worker.entry;
  if (plan.kind === 'state') return (await holdsPlan(ports, repository, plan, head)) ? undefined : plan;
  const run = await requireRun(ports, parseRunKey(plan.run));
  if (run.state !== 'PROMOTED' || run.mergeCommit !== plan.mergeCommit) return undefined;
  const overlap = await overlapOf(ports, repository, plan, head);
  refuseOverlap(plan.run, overlap, asked.restorePartitions === true);
  return overlap.length === 0 ? plan : { ...plan, prefixes: overlap };
};

export const merging = async (ports: RollbackPorts, worker: RollbackWorker): Promise<StepOutcome> => {
  const plan = planOf(worker);
  const { repository, target, attempt } = worker.entry;
  if (attempt === undefined) throw new BranchlineError('BL5001', `rollback ${worker.entry.id} has no try`);
  await holdFor(ports, worker.entry);
  const made =
    attempt.commit === undefined
      ? await makeAndNote(ports, worker, plan, attempt)
      : { outcome: 'made' as const, commit: attempt.commit };
  if (made.outcome === 'time-is-up') return 'unfinished';
  if (made.outcome === 'nothing') return nothingLeft(ports, worker, attempt);
  const own = { ...attempt, commit: made.commit };
  // The log tells whether an earlier call has merged it.
  const earlier = attempt.commit === undefined ? undefined : await findOwn(ports, worker, own);
  const merge = earlier ?? (await mergeOnce(ports, worker, plan, own));
  const isThere =
    merge !== undefined &&
    (plan.kind === 'run' || (merge.isOnHead && (await holdsPlan(ports, repository, plan, merge.id))));
  if (isThere) {
    await worker.save({ state: 'MERGED', mergeCommit: merge.id }, { note: `merge ${merge.id.slice(0, 12)}` });
    return 'again';
  }
  return tryAgain(ports, worker, await headOf(ports, repository, target), attempt);
};

/** Written down before it is merged: whoever takes over merges this one. */
const makeAndNote = async (
  ports: RollbackPorts,
  worker: RollbackWorker,
  plan: RollbackPlan,
  attempt: RollbackTry,
): Promise<MadeCommit> => {
  const made = await makeCommit(ports, worker, plan, attempt);
  if (made.outcome === 'made') await worker.save({ attempt: { ...attempt, commit: made.commit } });
  return made;
};

/** The first try found something to do, so a later one with nothing to do ends at what the earlier ones left. */
const nothingLeft = async (
  ports: RollbackPorts,
  worker: RollbackWorker,
  attempt: RollbackTry,
): Promise<StepOutcome> => {
  if (attempt.number === 1) return leaveAsItIs(ports, worker, 'nothing of it is left on the target');
  await worker.save({ state: 'MERGED', mergeCommit: attempt.head });
  return 'again';
};

interface OwnMerge {
  readonly id: string;
  /** Nobody came between the look at the head and the merge. */
  readonly isOnHead: boolean;
}

const findOwn = async (
  ports: RollbackPorts,
  worker: RollbackWorker,
  { head, commit }: RollbackTry,
): Promise<OwnMerge | undefined> => {
  const { repository, target } = worker.entry;
  const { newestFirst } = await historySince(ports, repository, target, head);
  const found = newestFirst.find(({ parents }) => parents[1] === commit);
  return found === undefined ? undefined : { id: found.id, isOnHead: found.parents[0] === head };
};

/** @returns `undefined` where something that came meanwhile overlaps. */
const mergeOnce = async (
  ports: RollbackPorts,
  worker: RollbackWorker,
  plan: RollbackPlan,
  attempt: RollbackTry,
): Promise<OwnMerge | undefined> => {
  const { repository, target } = worker.entry;
  const request = rollbackCommitRequest(worker.entry, plan);
  const answer = await ports.lakefs.merge(repository, attempt.commit ?? '', target, request);
  switch (answer.outcome) {
    case 'merged':
    case 'no-changes':
      return findOwn(ports, worker, attempt);
    case 'conflict':
      return undefined;
    case 'rejected':
      throw new BranchlineError('BL2013', answer.reason);
  }
};

/** The target moved between the look and the merge: once more, on what it holds now. */
const tryAgain = async (
  ports: RollbackPorts,
  worker: RollbackWorker,
  head: string,
  { number }: RollbackTry,
): Promise<StepOutcome> => {
  const { id, repository, target } = worker.entry;
  if (number >= MAX_TRIES) {
    throw new BranchlineError('BL2021', `${repository}/${target} moved during each of ${String(number)} tries`);
  }
  if (await holdsPlan(ports, repository, planOf(worker), head)) {
    await worker.save({ state: 'MERGED', mergeCommit: head }, { note: `the target holds it at ${head.slice(0, 12)}` });
    return 'again';
  }
  await worker.save(
    { attempt: { number: number + 1, head, branch: branchOf(id, number + 1) } },
    { note: `the target moved on to ${head.slice(0, 12)}: once more` },
  );
  return worker.isTimeUp() ? 'unfinished' : 'again';
};

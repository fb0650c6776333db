/** What follows once a target holds what was asked for: its verification, the runs that were undone, their bookmarks, the readers. */

import { METADATA } from '../contract.ts';
import { isPublished } from '../domain/catalog/publication.ts';
import { holdOwnerOf } from '../domain/rollback.ts';
import { formatRunKey } from '../domain/run.ts';
import { type Target, withNoted } from '../domain/target.ts';
import type { Ports } from '../ports.ts';
import type { RollbackPorts } from '../rollback-ports.ts';
import { changeTarget } from './change.ts';
import { cleanUpIsDue } from './clean-up.ts';
import { followHistory } from './follow-history.ts';
import { giveBackHold } from './hold-target.ts';
import { knownConfig, wantedOf } from './known-tables.ts';
import { payDebts } from './promote-run.ts';
import { planOf, type StepOutcome, settlePromotions } from './rollback-steps.ts';
import { type RollbackWorker, removeBranches } from './rollback-worker.ts';
import { historySince } from './target-history.ts';
import { ensureTarget, verifyTarget } from './verify-target.ts';

export const merged = async (ports: RollbackPorts, worker: RollbackWorker): Promise<StepOutcome> => {
  const { id, repository, target } = worker.entry;
  await removeBranches(ports, worker);
  const verified = await verifyPast(ports, worker);
  if (verified === undefined) return 'unfinished';
  await rewindBookmarks(ports, worker);
  // Before readers are waited for: promotions need not wait for Glue.
  await giveBackHold(ports, verified, holdOwnerOf(id));
  const { blocked } = verified;
  const note =
    blocked === undefined ? `${repository}/${target} is verified there` : `blocked: ${blocked.cause.message}`;
  await worker.save({ state: 'PUBLISHING' }, { note });
  return 'again';
};

/**
 * Moves the verified commit on to the rollback, and the runs along. A promotion that has not said yet whether its merge stands is
 * asked. @returns `undefined` where the time was up.
 */
const verifyPast = async (ports: RollbackPorts, worker: RollbackWorker): Promise<Target | undefined> => {
  const { repository, target, mergeCommit = '' } = worker.entry;
  let current = await unblock(ports, worker, await ensureTarget(ports, repository, target));
  for (;;) {
    current = await verifyTarget(ports, current);
    const { newestFirst } = await historySince(ports, repository, target, mergeCommit);
    const isPast = newestFirst.some(({ id }) => id === current.verifiedCommit);
    if (isPast || current.blocked !== undefined) return current;
    if (worker.isTimeUp() || !(await settlePromotions(ports, worker, () => true))) return undefined;
    current = (await ports.ledger.getTarget(repository, target)) ?? current;
    await worker.beat();
    await ports.pause(200);
  }
};

/** What blocked the target is gone from it, or this rollback's own doing: everything since the verified commit is looked at anew. */
const unblock = async (ports: Ports, worker: RollbackWorker, target: Target): Promise<Target> => {
  const { blocked } = target;
  if (blocked === undefined) return target;
  const { mergeCommit = '' } = worker.entry;
  const isReset = blocked.cause.code === 'BL2007';
  if (!(await isSettledBy(ports, worker, target))) return target;
  const followed = isReset ? (await followHistory(ports, target)).target : target;
  const open = await changeTarget(ports, target.repository, target.branch, followed, (current) => {
    if (current?.blocked?.commit !== blocked.commit) return undefined;
    const { blocked: _, ...rest } = current;
    const now = ports.clock.now();
    const next = { ...rest, version: current.version + 1, updatedAt: now };
    // The old verified commit is in no history any more; what it held, the rollback brought back.
    return isReset
      ? {
          ...next,
          verifiedCommit: mergeCommit,
          verifiedAt: now,
          noted: withNoted(current, current.verifiedCommit, now),
        }
      : next;
  });
  return open ?? target;
};

const isSettledBy = async (ports: Ports, worker: RollbackWorker, { blocked }: Target): Promise<boolean> => {
  if (blocked === undefined) return false;
  const { id, repository, target } = worker.entry;
  const plan = planOf(worker);
  const isWhole = plan.kind === 'state' && plan.prefixes === undefined;
  if (blocked.cause.code === 'BL2007') return isWhole;
  const commit = await ports.lakefs.getCommit(repository, blocked.commit);
  if (commit?.metadata[METADATA.rollback] === id) return true;
  if (plan.kind === 'run') return plan.mergeCommit === blocked.commit;
  const { newestFirst, reachesBase } = await historySince(ports, repository, target, plan.to);
  const cameAfter = !reachesBase || newestFirst.slice(0, -1).some(({ id: each }) => each === blocked.commit);
  // Of a part it is only known by looking again, which finds what people merged, and no promotion of ours.
  return cameAfter && (isWhole || commit?.metadata[METADATA.runId] === undefined);
};

/** By the use case that settling calls too. What Glue refuses now, reconcile does. */
const rewindBookmarks = async (ports: Ports, worker: RollbackWorker): Promise<void> => {
  const { repository, target } = worker.entry;
  const owing = await Array.fromAsync(ports.ledger.listRuns({ needsCleanUp: true, repository, target }));
  for (const run of owing) {
    if (run.state !== 'ROLLED_BACK' || !cleanUpIsDue(run, ports.clock.now())) continue;
    const paid = await payDebts(ports, run);
    ports.log.info('run undone', { run: formatRunKey(run), bookmark: paid.bookmarkRewind });
    await worker.beat();
  }
};

const LOOK_EVERY_MS = 1_000;
const WAKE_EVERY_MS = 60_000;

/** Waits until readers see it: every published table at the target's verified commit, which is past the rollback. */
export const publishing = async (ports: RollbackPorts, worker: RollbackWorker): Promise<StepOutcome> => {
  const { repository, target: branch, mergeCommit = '' } = worker.entry;
  const done = async (note: string): Promise<StepOutcome> => {
    await worker.save({ state: 'DONE', settledAt: ports.clock.now() }, { note });
    return 'again';
  };
  const wanted = wantedOf(await knownConfig(ports, repository), repository, branch);
  if (wanted.tables.length === 0 && !wanted.isDescribed) return done('no table of it is published');
  let woken = Number.NEGATIVE_INFINITY;
  for (;;) {
    const target = await ensureTarget(ports, repository, branch);
    const publication = await ports.publications.get(repository, branch);
    const now = ports.clock.now();
    if (target.blocked !== undefined) return done('readers stay where they are: the target is blocked');
    const { newestFirst } = await historySince(ports, repository, branch, mergeCommit);
    const isPast = newestFirst.some(({ id }) => id === publication?.commit);
    if (isPast || isPublished(wanted, publication, target, now)) {
      return done(`readers see ${(publication?.commit ?? target.verifiedCommit).slice(0, 12)}`);
    }
    if (now - woken >= WAKE_EVERY_MS) {
      await ports.refreshes.wake(target, `rollback ${String(Math.floor(now / WAKE_EVERY_MS))}`);
      woken = now;
    }
    if (worker.isTimeUp()) return 'unfinished';
    await ports.pause(LOOK_EVERY_MS);
    await worker.beat();
  }
};

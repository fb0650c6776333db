/** Goes on with rollbacks that nobody works on any more. Reconcile's part of them. */
import { isBranchlineError } from '../domain/errors.ts';
import { advanceRollback, isUnfinished, ROLLBACK_GRACE_MS, type Rollback, workStands } from '../domain/rollback.ts';
import type { EpochMs } from '../domain/run.ts';
import type { RollbackPorts } from '../rollback-ports.ts';
import { goOn } from './rollback.ts';

export interface RollbackReport {
  readonly finished: number;
  readonly unfinished: number;
  /** Seconds since the oldest of them was asked for. */
  readonly oldestSeconds: number;
}

export const continueRollbacks = async (ports: RollbackPorts, until: EpochMs): Promise<RollbackReport> => {
  let finished = 0;
  let unfinished = 0;
  let oldest = ports.clock.now();
  for await (const rollback of ports.rollbacks.list({ unfinished: true })) {
    if (!isUnfinished(rollback)) continue;
    if (await isFinishedNow(ports, rollback, until)) finished += 1;
    else {
      unfinished += 1;
      oldest = Math.min(oldest, rollback.requestedAt);
    }
  }
  return { finished, unfinished, oldestSeconds: Math.round((ports.clock.now() - oldest) / 1000) };
};

const isFinishedNow = async (ports: RollbackPorts, rollback: Rollback, until: EpochMs): Promise<boolean> => {
  const now = ports.clock.now();
  if (workStands(rollback, now) || now >= until) return false;
  if (rollback.state === 'REQUESTED' && !(await isHolding(ports, rollback)))
    return now - rollback.requestedAt >= ROLLBACK_GRACE_MS && forget(ports, rollback);
  try {
    return (await goOn(ports, rollback, until)).outcome !== 'unfinished';
  } catch (error) {
    if (!isBranchlineError(error)) throw error;
    ports.log.error('rollback could not be finished', { rollback: rollback.id, reason: error.message });
    return false;
  }
};

/** Its call died between the hold and the word about it: it has begun. */
const isHolding = async (ports: RollbackPorts, { id, repository, target }: Rollback): Promise<boolean> =>
  (await ports.ledger.getTarget(repository, target))?.hold?.rollback === id;

/** The call that asked for it died before it held the target. */
const forget = async (ports: RollbackPorts, rollback: Rollback): Promise<boolean> => {
  const now = ports.clock.now();
  const cause = { code: 'BL5001', message: 'the function ended before it had begun; ask again' };
  const refused = advanceRollback(rollback, now, { state: 'REFUSED', settledAt: now, cause }, { note: cause.message });
  return (await ports.rollbacks.put(refused)).outcome === 'written';
};

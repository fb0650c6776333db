/**
 * Rolls a target back, or undoes one run. Everything is written to the ledger first and done after that: interrupted anywhere, the
 * same request goes on where the last call stopped, and so does reconcile.
 */
import { SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError, type ErrorCode, isBranchlineError } from '../domain/errors.ts';
import {
  advanceRollback,
  isMerged,
  isSameRequest,
  isUnfinished,
  type Rollback,
  type RollbackAsked,
  rollbackIdOf,
  workStands,
} from '../domain/rollback.ts';
import { type EpochMs, formatRunKey } from '../domain/run.ts';
import { isHeld } from '../domain/target.ts';
import type { RollbackRequest } from '../payloads.ts';
import type { RollbackPorts } from '../rollback-ports.ts';
import { effectOf, type RollbackEffect } from './rollback-effect.ts';
import { type Asked, planRollback } from './rollback-plan.ts';
import { merged, publishing } from './rollback-settle.ts';
import { holding, merging, requested, type StepOutcome } from './rollback-steps.ts';
import { letGo, type RollbackWorker, takeRollback } from './rollback-worker.ts';

export interface RollbackAnswer {
  readonly outcome:
    | 'rolled-back'
    | 'would-roll-back'
    /** The target holds already what was asked for. */
    | 'nothing-to-do'
    /** The time was up: send the same request again. */
    | 'unfinished'
    /** Another call works on it: send the same request again in a while. */
    | 'busy';
  readonly rollback: Rollback;
  /** Of a dry run: what would change. */
  readonly effect?: RollbackEffect;
}

export const rollBack = async (
  ports: RollbackPorts,
  request: RollbackRequest,
  until: EpochMs,
): Promise<RollbackAnswer> => {
  if (request.action === 'continue') {
    const found = await ports.rollbacks.get(request.rollback);
    if (found === undefined) throw new BranchlineError('BL1007', `the ledger knows no rollback "${request.rollback}"`);
    return goOn(ports, found, until);
  }
  const earlier = request.dryRun === true ? undefined : await unfinished(ports, request);
  if (earlier !== undefined) return goOn(ports, earlier, until);
  const fresh = await writeDown(ports, request);
  return fresh.dryRun ? look(ports, fresh) : goOn(ports, fresh, until);
};

const askedOf = (request: Asked): RollbackAsked =>
  request.action === 'undo-run'
    ? {
        run: formatRunKey({ runId: request.runId, attempt: request.attempt ?? 0 }),
        ...(request.restorePartitions === undefined ? {} : { restorePartitions: request.restorePartitions }),
      }
    : {
        to: request.to,
        ...(request.tables === undefined ? {} : { tables: request.tables }),
        ...(request.prefixes === undefined ? {} : { prefixes: request.prefixes }),
      };

/** The same one that somebody began: this call goes on with it. Another one that is not merged yet has the target. */
const unfinished = async (ports: RollbackPorts, request: Asked): Promise<Rollback | undefined> => {
  const { repository, target } = request;
  const held = await ports.ledger.getTarget(repository, target);
  const now = ports.clock.now();
  for (const found of await begun(ports, request, held?.hold?.rollback)) {
    if (isSameRequest(found.asked, askedOf(request))) return found;
    const isAtWork = held?.hold?.rollback === found.id && isHeld(held, now);
    if (!isMerged(found) && (isAtWork || workStands(found, now))) {
      const what = found.asked.to ?? `undo run ${found.asked.run ?? ''}`;
      const message = `rollback ${found.id} of ${repository}/${target} (${what}, by ${found.requestedBy}) is not finished`;
      throw new BranchlineError('BL2015', `${message}: let it finish, then ask again`, {
        details: { rollback: found.id, asked: found.asked },
      });
    }
  }
  return undefined;
};

/** The index may lag behind; the one that holds the target is known from the target's entry. */
const begun = async (
  ports: RollbackPorts,
  { repository, target }: Asked,
  holder: string | undefined,
): Promise<Rollback[]> => {
  const listed = await Array.fromAsync(ports.rollbacks.list({ unfinished: true, repository, target }));
  const isListed = holder === undefined || listed.some(({ id }) => id === holder);
  const holding = isListed ? undefined : await ports.rollbacks.get(holder);
  return [...listed, ...(holding === undefined ? [] : [holding])].filter(isUnfinished);
};

/** Also what makes no sense is written down, and then refused. */
const writeDown = async (ports: RollbackPorts, request: Asked): Promise<Rollback> => {
  const now = ports.clock.now();
  const { repository, target, reason } = request;
  const entry: Rollback = {
    ...{ schemaVersion: SCHEMA_VERSION, version: 1, id: rollbackIdOf(now, ports.ids.owner()) },
    ...{ state: 'REQUESTED', repository, target, requestedBy: request.requestedBy ?? 'unknown' },
    ...(reason === undefined ? {} : { reason }),
    ...{ dryRun: request.dryRun === true, asked: askedOf(request), requestedAt: now, updatedAt: now },
    steps: [{ at: now, state: 'REQUESTED' }],
  };
  try {
    const plan = await planRollback(ports, request);
    const planned = { ...entry, plan };
    await ports.rollbacks.put(planned);
    return planned;
  } catch (error) {
    if (isBranchlineError(error, ...REFUSALS)) {
      const { code, message } = error;
      const cause = { code, message };
      const steps = [...entry.steps, { at: now, state: 'REFUSED' as const, note: message }];
      await ports.rollbacks.put({ ...entry, state: 'REFUSED', settledAt: now, cause, steps });
    }
    throw error;
  }
};

const look = async (ports: RollbackPorts, rollback: Rollback): Promise<RollbackAnswer> => {
  try {
    const effect = await effectOf(ports, rollback);
    const seen = advanceRollback(rollback, ports.clock.now(), {
      ...{ state: 'DRY_RUN', settledAt: ports.clock.now(), head: effect.head, plan: effect.plan },
      ...{ undoneCount: effect.undone.length, restoredCount: effect.restored.length },
    });
    await ports.rollbacks.put(seen);
    return { outcome: effect.isNothing ? 'nothing-to-do' : 'would-roll-back', rollback: seen, effect };
  } catch (error) {
    if (isBranchlineError(error, ...REFUSALS)) {
      const cause = { code: error.code, message: error.message };
      const now = ports.clock.now();
      await ports.rollbacks.put(advanceRollback(rollback, now, { state: 'REFUSED', settledAt: now, cause }));
    }
    throw error;
  }
};

/** What no repeat would mend: the target is left as it was. */
const REFUSALS: readonly ErrorCode[] = [
  ...(['BL1001', 'BL1004', 'BL1005', 'BL2013', 'BL2015', 'BL2020', 'BL2022', 'BL3004', 'BL3006'] as const),
];

const STEPS: Partial<
  Record<Rollback['state'], (ports: RollbackPorts, worker: RollbackWorker) => Promise<StepOutcome>>
> = { REQUESTED: requested, HOLDING: holding, MERGING: merging, MERGED: merged, PUBLISHING: publishing };

/** Goes on with one that is written down, as far as the time reaches. */
export const goOn = async (ports: RollbackPorts, start: Rollback, until: EpochMs): Promise<RollbackAnswer> => {
  const worker = isUnfinished(start) ? await takeRollback(ports, start, until) : undefined;
  if (worker === undefined) {
    const current = (await ports.rollbacks.get(start.id)) ?? start;
    return { outcome: isUnfinished(current) ? 'busy' : endOf(current), rollback: current };
  }
  try {
    for (;;) {
      const step = STEPS[worker.entry.state];
      if (step === undefined) break;
      if ((await step(ports, worker)) === 'unfinished') break;
    }
  } catch (error) {
    await standDown(ports, worker, error);
    throw error;
  }
  await worker.release();
  return { outcome: isUnfinished(worker.entry) ? 'unfinished' : endOf(worker.entry), rollback: worker.entry };
};

const endOf = ({ state, cause, id }: Rollback): RollbackAnswer['outcome'] => {
  if (state === 'REFUSED') {
    throw new BranchlineError('BL1005', `rollback ${id} was refused: ${cause?.message ?? 'no cause is known'}`);
  }
  return state === 'UNCHANGED' ? 'nothing-to-do' : state === 'DRY_RUN' ? 'would-roll-back' : 'rolled-back';
};

/** After a refusal it is over; after any other fault the same request goes on, at once. */
const standDown = async (ports: RollbackPorts, worker: RollbackWorker, error: unknown): Promise<void> => {
  // Another one has the work: it is not ours to give back.
  if (!isBranchlineError(error) || error.code === 'BL4003') return;
  const isOver = REFUSALS.includes(error.code) && !isMerged(worker.entry) && (worker.entry.attempt?.number ?? 1) === 1;
  try {
    if (isOver) {
      const cause = { code: error.code, message: error.message };
      await letGo(ports, worker);
      const now = ports.clock.now();
      await worker.save({ state: 'REFUSED', settledAt: now, cause }, { note: error.message });
    }
    await worker.release();
  } catch (fault) {
    if (!isBranchlineError(fault)) throw fault;
    ports.log.warn('rollback could not be put down; its lease ends by itself', { reason: fault.message });
  }
};

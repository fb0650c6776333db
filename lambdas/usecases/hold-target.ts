/** Holding a target: promotions into it wait until the hold is released or has expired. */
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { type Hold, isHeld, type Target } from '../domain/target.ts';
import type { Ports } from '../ports.ts';
import { changeTarget } from './change.ts';
import { ensureTarget } from './verify-target.ts';
import { wakeWaiting } from './wake-promotions.ts';

const nameOf = ({ repository, branch }: Target): string => `${repository}/${branch}`;

const describe = ({ owner, reason, expiresAt }: Hold): string =>
  `held by ${owner} until ${new Date(expiresAt).toISOString()}: ${reason}`;

/** @throws BL2015 while somebody else holds it. */
export const refuseHeld = (target: Target, owner: string, now: EpochMs): void => {
  if (target.hold === undefined || !isHeld(target, now) || target.hold.owner === owner) return;
  const { hold } = target;
  throw new BranchlineError('BL2015', `target ${nameOf(target)} is ${describe(hold)}`, { details: { hold } });
};

/** Takes the hold, or makes one's own longer. @throws BL2015 while somebody else holds it. */
export const takeHold = async (ports: Ports, repository: string, branch: string, hold: Hold): Promise<Target> => {
  const target = await ensureTarget(ports, repository, branch);
  const held = await changeTarget(ports, repository, branch, target, (current) => {
    if (current === undefined) return undefined;
    refuseHeld(current, hold.owner, ports.clock.now());
    return { ...current, version: current.version + 1, updatedAt: ports.clock.now(), hold };
  });
  return held ?? target;
};

/** Gives it back, if it is this one's, and wakes the runs that waited. */
export const giveBackHold = async (ports: Ports, target: Target, owner: string): Promise<Target> => {
  const { repository, branch } = target;
  let isOurs = false;
  const open = await changeTarget(ports, repository, branch, target, (current) => {
    isOurs = current?.hold?.owner === owner;
    if (current === undefined || !isOurs) return undefined;
    const { hold: _, ...rest } = current;
    return { ...rest, version: current.version + 1, updatedAt: ports.clock.now() };
  });
  if (isOurs) await wakeWaiting(ports, repository, branch);
  return open ?? target;
};

const knownTarget = async (ports: Ports, repository: string, branch: string): Promise<Target> => {
  const target = await ports.ledger.getTarget(repository, branch);
  if (target !== undefined) return target;
  throw new BranchlineError('BL3004', `the ledger knows no target ${repository}/${branch}`);
};

interface HoldRequest {
  readonly repository: string;
  readonly target: string;
  readonly owner: string;
  readonly reason: string;
  readonly expiresInSeconds: number;
  readonly dryRun?: boolean | undefined;
}

export const holdTarget = async (ports: Ports, request: HoldRequest): Promise<{ outcome: string; target: Target }> => {
  const { repository, owner, reason } = request;
  const target = await knownTarget(ports, repository, request.target);
  refuseHeld(target, owner, ports.clock.now());
  if (request.dryRun === true) return { outcome: 'would-hold-target', target };
  const hold = { owner, reason, expiresAt: ports.clock.now() + request.expiresInSeconds * 1000 };
  return { outcome: 'held', target: await takeHold(ports, repository, request.target, hold) };
};

interface ReleaseRequest {
  readonly repository: string;
  readonly target: string;
  readonly owner?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** @throws BL2015 where somebody else holds it, or a rollback that is not finished. */
export const releaseTarget = async (
  ports: Ports,
  request: ReleaseRequest,
): Promise<{ outcome: string; target: Target }> => {
  const target = await knownTarget(ports, request.repository, request.target);
  const { hold } = target;
  const now = ports.clock.now();
  if (hold === undefined) return { outcome: 'not-held', target };
  if (request.owner !== undefined) refuseHeld(target, request.owner, now);
  if (hold.rollback !== undefined && isHeld(target, now)) {
    const message = `target ${nameOf(target)} is ${describe(hold)}; the same command again finishes the rollback, and its end releases the target`;
    throw new BranchlineError('BL2015', message, { details: { hold } });
  }
  if (request.dryRun === true) return { outcome: 'would-release-target', target };
  return { outcome: 'released', target: await giveBackHold(ports, target, hold.owner) };
};

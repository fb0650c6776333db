/** One rotation at a time: the ledger's entry about it is lock and record in one. */
import { SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import {
  isTaken,
  MAX_TRIALS,
  ROTATION_LEASE_MS,
  type Rotation,
  type RotationEnd,
  type RotationTrial,
} from '../domain/rotation.ts';
import type { RotationPorts } from '../rotation-ports.ts';

const NOTE_TRIES = 10;

interface Holder {
  readonly token: string;
  readonly by: string;
}

/** Takes the lock or renews it. @throws BL8305 while another rotation holds it, BL4003 where one came in between. */
export const holdRotation = async ({ rotations, clock }: RotationPorts, { token, by }: Holder): Promise<void> => {
  const stored = await rotations.get();
  const now = clock.now();
  if (isTaken(stored, token, now)) {
    const until = new Date(stored?.current?.leaseUntil ?? now).toISOString();
    throw new BranchlineError('BL8305', `${stored?.current?.by ?? 'somebody'} holds it until ${until} at the latest`);
  }
  const own = stored?.current?.token === token ? stored.current : undefined;
  const answer = await rotations.put({
    ...stored,
    schemaVersion: SCHEMA_VERSION,
    version: (stored?.version ?? 0) + 1,
    updatedAt: now,
    current: {
      ...own,
      ...{ token, by: own?.by ?? by, startedAt: own?.startedAt ?? now, leaseUntil: now + ROTATION_LEASE_MS },
    },
  });
  if (answer.outcome === 'stale') throw new BranchlineError('BL4003', 'the rotation was taken up by somebody else');
};

/** Who asked what would happen: beside whatever is under way, which is left as it is. */
export const noteTrial = async (
  { rotations, clock }: RotationPorts,
  trial: Omit<RotationTrial, 'at'>,
): Promise<void> => {
  for (let tries = 1; tries <= NOTE_TRIES; tries += 1) {
    const stored = await rotations.get();
    const now = clock.now();
    const answer = await rotations.put({
      ...stored,
      schemaVersion: SCHEMA_VERSION,
      version: (stored?.version ?? 0) + 1,
      updatedAt: now,
      trials: [{ ...trial, at: now }, ...(stored?.trials ?? [])].slice(0, MAX_TRIALS),
    });
    if (answer.outcome === 'written') return;
  }
  throw new BranchlineError('BL4003', 'the entry of the rotation changed again and again');
};

/** The way back is known before it may be needed. */
export const noteSnapshots = async (
  { rotations, clock }: RotationPorts,
  { token }: Holder,
  snapshots: readonly string[],
): Promise<void> => {
  const stored = await rotations.get();
  const now = clock.now();
  const answer =
    stored?.current?.token !== token
      ? undefined
      : await rotations.put({
          ...stored,
          version: stored.version + 1,
          updatedAt: now,
          current: { ...stored.current, snapshots, leaseUntil: now + ROTATION_LEASE_MS },
        });
  if (answer?.outcome !== 'written') throw new BranchlineError('BL4003', 'the rotation was taken up by somebody else');
};

/** After a failure: anybody may go on at once. */
export const yieldRotation = async ({ rotations, clock }: RotationPorts, { token }: Holder): Promise<void> => {
  const stored = await rotations.get();
  if (stored?.current?.token !== token) return;
  const now = clock.now();
  const current = { ...stored.current, leaseUntil: now };
  await rotations.put({ ...stored, version: stored.version + 1, updatedAt: now, current });
};

/** Records the end. What ended already stays as it is. */
export const releaseRotation = async ({ rotations, clock }: RotationPorts, { token, by }: Holder): Promise<void> => {
  const stored = await rotations.get();
  const isRecorded = stored?.last?.token === token;
  if (isRecorded && stored.current?.token !== token) return;
  const now = clock.now();
  const { current, ...rest } = stored ?? { schemaVersion: SCHEMA_VERSION, version: 0, updatedAt: now };
  const own = current?.token === token ? current : undefined;
  const answer = await rotations.put({
    ...rest,
    // Another one that holds the lock meanwhile keeps it.
    ...(current === undefined || own !== undefined ? {} : { current }),
    version: rest.version + 1,
    updatedAt: now,
    ...(isRecorded
      ? {}
      : { last: { ...endOf(own), token, by: own?.by ?? by, startedAt: own?.startedAt ?? now, endedAt: now } }),
  });
  if (answer.outcome === 'stale') throw new BranchlineError('BL4003', 'the entry of the rotation changed meanwhile');
};

const endOf = (own: Rotation['current']): Pick<RotationEnd, 'snapshots'> =>
  own?.snapshots === undefined ? {} : { snapshots: own.snapshots };

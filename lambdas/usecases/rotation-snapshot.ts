/**
 * Snapshots before a rotation: the way back of a server that is left without its user is its metadata store of a moment before, and where
 * that is somebody else's, a server that is made anew and restored from a backup. Before anything is changed, and once for each rotation.
 */
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { RotationPorts } from '../rotation-ports.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';
import { continueSnapshot, createSnapshot } from './create-snapshot.ts';
import { backupOf } from './tend-snapshots.ts';

/** What the steps after it need. */
const STEPS_MS = 120_000;
const KIND = 'pre-rotation';

interface Asked {
  readonly token: string;
  readonly by: string;
}

/** @returns their names, as REPOSITORY/SNAPSHOT. @throws BL8306 where the time was up: the next try goes on with it. */
export const snapshotFirst = async (ports: RotationPorts, asked: Asked): Promise<readonly string[]> => {
  const { forSnapshots } = ports;
  const targets = (await ports.config.load()).snapshots?.targets ?? [];
  if (forSnapshots === undefined) return [];
  const made: string[] = [];
  for (const { repository, target } of targets) {
    try {
      const { id } = await oneOf(forSnapshots, ports.deadline() - STEPS_MS, { repository, target, ...asked });
      made.push(`${repository}/${id}`);
    } catch (error) {
      // Set-up has not made it yet, or it is gone: there is nothing of it to be brought back.
      if (!isBranchlineError(error, 'BL3004', 'BL3007')) throw error;
      ports.log.warn('no snapshot before the rotation', { repository, target, reason: error.message });
    }
  }
  return made;
};

const oneOf = async (
  ports: SnapshotPorts,
  until: number,
  { repository, target, token, by }: Asked & { readonly repository: string; readonly target: string },
): Promise<Snapshot> => {
  const settings = (await ports.config.load()).snapshots;
  const reason = `before rotation ${token}`;
  const earlier = await earlierOf(ports, repository, target, reason);
  const at = { kind: KIND, startedAt: earlier?.startedAt ?? ports.clock.now() } as const;
  const more = { ...backupOf(settings, at), until };
  const answer =
    earlier === undefined
      ? await createSnapshot(ports, { repository, target, kind: KIND, requestedBy: by, reason, ...more })
      : await continueSnapshot(ports, earlier, more);
  if (answer.outcome === 'created') return answer.snapshot;
  throw new BranchlineError('BL8306', `snapshot ${answer.snapshot.id} of ${repository}/${target} is not complete`);
};

/** An earlier try of this rotation has begun it. */
const earlierOf = async (
  ports: SnapshotPorts,
  repository: string,
  target: string,
  reason: string,
): Promise<Snapshot | undefined> => {
  for await (const snapshot of ports.snapshots.list({ repository, target })) {
    const isUsable = snapshot.state === 'CREATING' || snapshot.state === 'COMPLETE';
    if (isUsable && snapshot.kind === KIND && snapshot.reason === reason) return snapshot;
  }
  return undefined;
};

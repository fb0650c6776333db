/** Rollbacks, restores and the rotation that are under way: whoever is not as urgent waits for them, or gives way. */
import type { Blocker } from '../domain/collection.ts';
import { isUnfinished } from '../domain/rollback.ts';
import type { Clock } from '../ports.ts';
import type { Restores } from '../restore-ports.ts';
import type { Rollbacks } from '../rollback-ports.ts';
import type { Rotations } from '../rotation-ports.ts';

interface WaysBackPorts {
  readonly clock: Clock;
  readonly rollbacks: Pick<Rollbacks, 'list'>;
  readonly restores: Pick<Restores, 'list'>;
  readonly rotations: Pick<Rotations, 'get'>;
}

/** A restore that has not ended by then died: no function runs for longer. */
const RESTORE_MS = 16 * 60_000;

/** Of one repository; the key pair is everybody's. */
export const waysBackUnderWay = async (ports: WaysBackPorts, repository: string): Promise<Blocker[]> => {
  const now = ports.clock.now();
  const found: Blocker[] = [];
  for await (const rollback of ports.rollbacks.list({ unfinished: true, repository })) {
    if (!isUnfinished(rollback)) continue;
    const { id, requestedBy, requestedAt: since } = rollback;
    found.push({ kind: 'rollback', what: id, message: `rollback ${id} of ${requestedBy} is under way`, since });
  }
  for await (const { id, dryRun, outcome, updatedAt, requestedBy } of ports.restores.list(repository)) {
    // Newest first: one that old has ended, whatever its record says.
    if (now - updatedAt > RESTORE_MS) break;
    if (dryRun || outcome !== undefined) continue;
    found.push({ kind: 'restore', what: id, message: `a restore by ${requestedBy} is under way`, since: updatedAt });
  }
  const rotation = (await ports.rotations.get())?.current;
  if (rotation !== undefined && rotation.leaseUntil > now) {
    const message = `${rotation.by} rotates the key pair of lakeFS`;
    found.push({ kind: 'rotation', what: rotation.token, message, since: rotation.startedAt });
  }
  return found;
};

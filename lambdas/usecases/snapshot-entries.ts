/** Conditional changes of the ledger's entries about snapshots: read, decide, write; on a lost race decide again. */
import { BranchlineError } from '../domain/errors.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';

const MAX_RACES = 8;

/** @param decide the next entry (by `advanceSnapshot`), or `undefined` to leave it as it is. Called again after a lost race. */
export const changeSnapshot = async (
  ports: Pick<SnapshotPorts, 'snapshots'>,
  start: Snapshot,
  decide: (snapshot: Snapshot) => Snapshot | undefined,
): Promise<Snapshot> => {
  let snapshot = start;
  for (let race = 0; race < MAX_RACES; race += 1) {
    const next = decide(snapshot);
    if (next === undefined) return snapshot;
    const answer = await ports.snapshots.put(next);
    if (answer.outcome === 'written') return next;
    if (answer.snapshot === undefined) throw new BranchlineError('BL8101', `snapshot ${snapshot.id} left the ledger`);
    snapshot = answer.snapshot;
  }
  throw new BranchlineError(
    'BL4003',
    `snapshot ${start.id} changed ${String(MAX_RACES)} times while it was being written`,
  );
};

export const requireSnapshot = async (
  ports: Pick<SnapshotPorts, 'snapshots'>,
  repository: string,
  id: string,
): Promise<Snapshot> => {
  const found = await ports.snapshots.get(repository, id);
  if (found === undefined) throw new BranchlineError('BL8101', `no snapshot ${id} of repository "${repository}"`);
  return found;
};

import type { Snapshot } from '../../../../lambdas/domain/snapshot.ts';
import { type CreateSnapshotRequest, createSnapshot } from '../../../../lambdas/usecases/create-snapshot.ts';
import { text } from '../../../fakes/ports.ts';
import type { SnapshotWorld } from '../../../fakes/snapshots.ts';

const HOUR = 3_600_000;

export const asked = (world: SnapshotWorld, more: Partial<CreateSnapshotRequest> = {}): CreateSnapshotRequest => ({
  repository: 'lake',
  target: 'main',
  kind: 'manual',
  requestedBy: 'anna',
  until: world.clock.now() + HOUR,
  ...more,
});

/** Lands files on the target, past its protection as a merge would. */
export const load = async (world: SnapshotWorld, files: Record<string, string>): Promise<string> => {
  const head = (await world.lakefs.getBranch('lake', 'main'))?.commitId ?? '';
  await world.lakefs.createBranch('lake', 'load', head);
  for (const [path, content] of Object.entries(files))
    await world.lakefs.putObject('lake', 'load', path, text(content));
  const made = await world.lakefs.commit('lake', 'load', { message: 'load', metadata: {} });
  if (made.outcome !== 'committed') throw new Error(made.outcome);
  const merged = await world.lakefs.merge('lake', made.commit.id, 'main', { message: 'merge', metadata: {} });
  await world.lakefs.deleteBranch('lake', 'load');
  if (merged.outcome !== 'merged') throw new Error(merged.outcome);
  return merged.commitId;
};

export const snap = async (world: SnapshotWorld, more: Partial<CreateSnapshotRequest> = {}): Promise<Snapshot> => {
  const answer = await createSnapshot(world, asked(world, more));
  if (answer.outcome !== 'created') throw new Error(answer.outcome);
  return answer.snapshot;
};

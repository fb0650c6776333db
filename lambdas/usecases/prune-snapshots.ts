/** Removes what no rule and no hold keeps. A snapshot that is being removed says so first, and is never relied on again. */
import type { Retention } from '../contract.ts';
import { backupFolder, manifestKey } from '../domain/backup.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { Cause } from '../domain/run.ts';
import { advanceSnapshot, type Snapshot } from '../domain/snapshot.ts';
import { planRetention, type RetentionPlan } from '../domain/snapshot-retention.ts';
import type { SnapshotFilter, SnapshotPorts } from '../snapshot-ports.ts';
import { changeSnapshot } from './snapshot-entries.ts';

/** For each target that has complete snapshots. */
export const retentionPlans = async (
  ports: SnapshotPorts,
  filter: SnapshotFilter,
  rules: Retention,
): Promise<readonly RetentionPlan[]> => {
  const byTarget = new Map<string, Snapshot[]>();
  for await (const snapshot of ports.snapshots.list(filter)) {
    if (snapshot.state !== 'COMPLETE') continue;
    const key = `${snapshot.repository}/${snapshot.target}`;
    byTarget.set(key, [...(byTarget.get(key) ?? []), snapshot]);
  }
  return [...byTarget.values()].map((snapshots) => planRetention(snapshots, rules));
};

/**
 * The entry says PRUNING first, by a condition on what was read: a hold that came in between wins. Then whatever is left of the snapshot
 * goes, the manifest before the rest of the backup. Safe to repeat.
 *
 * @throws BL8102 where it is held.
 */
export const removeSnapshot = async (ports: SnapshotPorts, start: Snapshot, cause: Cause): Promise<Snapshot> => {
  const { lakefs, clock } = ports;
  let snapshot = await changeSnapshot(ports, start, (entry) => {
    if (entry.hold !== undefined && (entry.state === 'COMPLETE' || entry.state === 'CREATING'))
      throw new BranchlineError('BL8102', `snapshot ${entry.id} is held by ${entry.hold.by}: ${entry.hold.reason}`);
    return entry.state === 'PRUNED' || entry.state === 'PRUNING'
      ? undefined
      : advanceSnapshot(entry, { state: 'PRUNING', cause }, clock.now());
  });
  if (snapshot.state === 'PRUNED') return snapshot;
  const { repository, id, keeperBranch } = snapshot;
  await ports.backups.remove(manifestKey(repository, id));
  for await (const { key } of ports.backups.list(backupFolder(repository, id))) await ports.backups.remove(key);
  await unlessRepositoryIsGone(() => lakefs.deleteTag(repository, id));
  await unlessRepositoryIsGone(() => lakefs.deleteBranch(repository, keeperBranch));
  await removeDatabaseBackup(ports, snapshot);
  snapshot = await changeSnapshot(ports, snapshot, (entry) =>
    entry.state === 'PRUNING' ? advanceSnapshot(entry, { state: 'PRUNED' }, clock.now()) : undefined,
  );
  return snapshot;
};

const unlessRepositoryIsGone = async (act: () => Promise<unknown>): Promise<void> => {
  try {
    await act();
  } catch (error) {
    if (!isBranchlineError(error, 'BL3007')) throw error;
  }
};

/** Several snapshots may share one: the last of them takes it along. */
const removeDatabaseBackup = async (ports: SnapshotPorts, snapshot: Snapshot): Promise<void> => {
  const { database } = snapshot;
  if (database === undefined || ports.databases === undefined) return;
  for await (const other of ports.snapshots.list({})) {
    const isOther = other.id !== snapshot.id || other.repository !== snapshot.repository;
    if (isOther && other.state !== 'PRUNING' && other.database?.arn === database.arn) return;
  }
  await ports.databases.remove(database);
};

/**
 * What the schedule does every hour at most: finish or give up what is half-made, remove what is half-removed, make what is due, prune, look
 * whether the newest of every target is still there, and tell how old it is. What fails for one target holds none of the others up.
 */

import type { EpochMs } from '../domain/run.ts';
import { databaseBackupName, isGood, type Snapshot, wantsDatabase } from '../domain/snapshot.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';
import { continueSnapshot, createSnapshot } from './create-snapshot.ts';
import { removeSnapshot, retentionPlans } from './prune-snapshots.ts';
import { verifySnapshot } from './verify-snapshot.ts';

/** A snapshot that could not be finished for so long is given up. */
const GIVE_UP_MS = 24 * 3_600_000;
/** The schedule fires a moment early or late: what is nearly due is due. */
const EARLY_MS = 5 * 60_000;
/** Age of the newest good snapshot where there is none: older than any alarm asks for. */
export const NEVER_SECONDS = 315_360_000;

export const SCHEDULE = 'schedule';

export interface TendReport {
  readonly created: readonly string[];
  readonly unfinished: readonly string[];
  readonly pruned: readonly string[];
  readonly damaged: readonly string[];
  readonly failures: readonly { readonly what: string; readonly reason: string }[];
  /** Of the target whose newest good snapshot is the oldest; 0 where no target is to have one. */
  readonly newestGoodSeconds: number;
}

export const tendSnapshots = async (ports: SnapshotPorts, { until }: { until: EpochMs }): Promise<TendReport> => {
  const { snapshots: settings } = await ports.config.load();
  const report = {
    ...{ created: [] as string[], unfinished: [] as string[], pruned: [] as string[], damaged: [] as string[] },
    failures: [] as { what: string; reason: string }[],
  };
  const attempt = async (what: string, act: () => Promise<void>): Promise<void> => {
    if (ports.clock.now() >= until) return;
    try {
      await act();
    } catch (error) {
      report.failures.push({ what, reason: String(error) });
      ports.log.error('could not tend to a snapshot', { what, reason: String(error) });
    }
  };
  const make = async (name: string, act: () => ReturnType<typeof createSnapshot>): Promise<void> =>
    attempt(name, async () => {
      const { outcome, snapshot } = await act();
      (outcome === 'created' ? report.created : report.unfinished).push(snapshot.id);
    });

  for (const snapshot of await Array.fromAsync(ports.snapshots.list({}))) {
    if (snapshot.state === 'CREATING' && ports.clock.now() - snapshot.startedAt < GIVE_UP_MS)
      await make(snapshot.id, () => continueSnapshot(ports, snapshot, { ...backupOf(settings, snapshot), until }));
    else if (snapshot.state === 'CREATING' || snapshot.state === 'PRUNING')
      await attempt(snapshot.id, async () => {
        const cause = { code: 'BL8103', message: 'could not be finished within a day' };
        report.pruned.push((await removeSnapshot(ports, snapshot, cause)).id);
      });
  }
  if (settings === undefined || settings.everySeconds === 0) return { ...report, newestGoodSeconds: 0 };
  for (const { repository, target } of settings.targets) {
    if (!(await isDue(ports, repository, target, settings.everySeconds))) continue;
    const kind = 'scheduled';
    const request = { repository, target, kind, requestedBy: SCHEDULE, until } as const;
    const planned = { kind, startedAt: ports.clock.now() } as const;
    await make(`${repository}/${target}`, () => createSnapshot(ports, { ...request, ...backupOf(settings, planned) }));
  }
  await attempt('retention', async () => {
    for (const { prune } of await retentionPlans(ports, {}, settings.retention)) {
      for (const snapshot of prune) {
        const cause = { code: 'BL8102', message: 'no rule of retention keeps it' };
        await attempt(snapshot.id, async () => {
          report.pruned.push((await removeSnapshot(ports, snapshot, cause)).id);
        });
      }
    }
  });
  const ages: number[] = [];
  for (const { repository, target } of settings.targets) {
    const newest = await newestGood(ports, repository, target);
    if (newest !== undefined)
      await attempt(newest.id, async () => {
        if ((await verifySnapshot(ports, newest, { isFull: false, until })).outcome === 'damaged')
          report.damaged.push(newest.id);
      });
    const good = await newestGood(ports, repository, target);
    ages.push(good === undefined ? NEVER_SECONDS : (ports.clock.now() - good.startedAt) / 1000);
  }
  return { ...report, newestGoodSeconds: Math.max(0, ...ages) };
};

export const backupOf = (
  settings: { readonly database: boolean } | undefined,
  { kind, startedAt }: Pick<Snapshot, 'kind' | 'startedAt'>,
): { databaseBackup?: string } =>
  settings?.database === true && wantsDatabase(kind) ? { databaseBackup: databaseBackupName(startedAt) } : {};

/** By when the last scheduled one began, whatever became of it: one that fails is not begun again every hour beside the first. */
const isDue = async (
  ports: SnapshotPorts,
  repository: string,
  target: string,
  everySeconds: number,
): Promise<boolean> => {
  for await (const { kind, startedAt, state, verified } of ports.snapshots.list({ repository, target })) {
    if (kind !== 'scheduled' || state === 'PRUNING' || verified?.outcome === 'damaged') continue;
    return ports.clock.now() - startedAt >= everySeconds * 1000 - EARLY_MS;
  }
  return true;
};

const newestGood = async (ports: SnapshotPorts, repository: string, target: string): Promise<Snapshot | undefined> => {
  for await (const snapshot of ports.snapshots.list({ repository, target })) if (isGood(snapshot)) return snapshot;
  return undefined;
};

/** Finds exports that are behind, or that stopped half-way, and wakes what is to go on with them. Reconcile's part of exports. */
import { nextRun } from '../domain/export.ts';
import type { WakingExportPorts } from '../export-ports.ts';

/** A wake-up that was just sent is given time before it is sent again. */
const WAKE_EVERY_MS = 5 * 60_000;

export interface ExportReport {
  readonly woken: number;
  /** Exports that can go no further by themselves. */
  readonly failed: number;
  /** Seconds since the oldest verified commit that some destination does not hold yet; of exports that follow promotions. */
  readonly lagSeconds: number;
}

export const wakeExports = async (ports: WakingExportPorts): Promise<ExportReport> => {
  const { exports = [] } = await ports.config.load();
  const now = ports.clock.now();
  let woken = 0;
  let failed = 0;
  let lagMs = 0;
  for (const config of exports) {
    const record = await ports.exports.get(config.name);
    if (record?.failure !== undefined) failed += 1;
    const { repository, target } = config;
    const entry = target === undefined ? undefined : await ports.ledger.getTarget(repository, target);
    const isBehind =
      config.trigger === 'promotion' &&
      entry !== undefined &&
      (record === undefined || nextRun(config, record, entry.verifiedCommit, { compare: false, now }) !== undefined);
    if (isBehind) lagMs = Math.max(lagMs, now - (entry.verifiedAt ?? entry.updatedAt));
    // Somebody who holds the lease goes on by himself; one that has expired was left behind.
    const isHeld = record?.lease !== undefined && record.lease.expiresAt > now;
    const isLeft = record?.run !== undefined || record?.failure !== undefined;
    if (isHeld || !(isBehind || isLeft)) continue;
    if (record !== undefined && now - record.updatedAt < WAKE_EVERY_MS && !isBehind) continue;
    await ports.exportQueue.wake(config.name, `reconcile ${String(Math.floor(now / WAKE_EVERY_MS))}`);
    woken += 1;
  }
  return { woken, failed, lagSeconds: Math.round(lagMs / 1000) };
};

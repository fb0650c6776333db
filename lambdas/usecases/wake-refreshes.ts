/** Finds targets whose readers do not see the newest verified commit, and wakes what is to mend it. Reconcile's part of the catalog. */
import type { CatalogPorts } from '../catalog-ports.ts';
import { behindSince, isPublished } from '../domain/catalog/publication.ts';
import { knownConfig, wantedOf } from './known-tables.ts';

/** A wake-up that was just sent is given time before it is sent again. */
const WAKE_GRACE_MS = 60_000;

export interface CatalogReport {
  /** Refreshes that were asked for. */
  readonly woken: number;
  /** Seconds since the oldest verified commit that some readers do not see yet. */
  readonly lagSeconds: number;
}

export const wakeRefreshes = async (
  ports: Omit<CatalogPorts, 'catalog' | 'manifests' | 'iceberg' | 'pause'>,
): Promise<CatalogReport> => {
  const config = await knownConfig(ports);
  const now = ports.clock.now();
  let woken = 0;
  let lagMs = 0;
  for (const { name, targets } of config.repositories) {
    for (const branch of targets) {
      const wanted = wantedOf(config, name, branch);
      const isNothing = wanted.tables.length === 0 && !wanted.isDescribed;
      const target = isNothing ? undefined : await ports.ledger.getTarget(name, branch);
      if (target === undefined) continue;
      const publication = await ports.publications.get(name, branch);
      const since = behindSince(wanted, publication, target);
      if (since !== undefined) lagMs = Math.max(lagMs, now - since);
      const isFresh = since !== undefined && now - since < WAKE_GRACE_MS;
      if (isFresh || isPublished(wanted, publication, target, now)) continue;
      // Once a minute at most: the same wake-up within that time is dropped as a duplicate.
      await ports.refreshes.wake(target, String(Math.floor(now / WAKE_GRACE_MS)));
      woken += 1;
    }
  }
  return { woken, lagSeconds: Math.round(lagMs / 1000) };
};

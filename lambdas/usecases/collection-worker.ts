/** The right to work on the collection of one repository, and its ledger entry while it is held. One worker at a time. */
import type { CollectionPorts } from '../collection-ports.ts';
import type { GarbageCollectionConfig, RepositoryConfig } from '../contract.ts';
import {
  advanceCollection,
  COLLECTION_LEASE_MS,
  type Collection,
  type CollectionRecord,
} from '../domain/collection.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';

type Change = Parameters<typeof advanceCollection>[1];

export interface CollectionWorker {
  readonly record: CollectionRecord;
  /** @throws BL5001 where there is none: it has ended. */
  readonly current: Collection;
  readonly repository: RepositoryConfig;
  readonly settings: GarbageCollectionConfig;
  /** As lakeFS says, whatever the configuration does. */
  readonly namespace: string;
  isTimeUp(): boolean;
  /** @throws BL4003 where somebody else took the work over. */
  save(change: Change): Promise<void>;
  release(): Promise<void>;
}

/** @returns `undefined` while somebody else is at it. */
export const takeCollection = async (
  ports: CollectionPorts,
  start: CollectionRecord,
  of: Pick<CollectionWorker, 'repository' | 'settings' | 'namespace'> & { readonly until: EpochMs },
): Promise<CollectionWorker | undefined> => {
  const { until, ...rest } = of;
  if (start.lease !== undefined && start.lease.expiresAt > ports.clock.now()) return undefined;
  const owner = ports.ids.owner();
  const lease = () => ({ owner, expiresAt: ports.clock.now() + COLLECTION_LEASE_MS });
  let record: CollectionRecord = { ...advanceCollection(start, {}, ports.clock.now()), lease: lease() };
  if ((await ports.collections.put(record)).outcome === 'stale') return undefined;
  const write = async (next: CollectionRecord): Promise<void> => {
    if ((await ports.collections.put(next)).outcome === 'stale')
      throw new BranchlineError('BL4003', `somebody else works on the collection of ${record.repository} now`);
    record = next;
  };
  return {
    ...rest,
    get record() {
      return record;
    },
    get current() {
      if (record.current === undefined)
        throw new BranchlineError('BL5001', `the collection of ${record.repository} has ended`);
      return record.current;
    },
    isTimeUp: () => ports.clock.now() >= until,
    save: (change) => write({ ...advanceCollection(record, change, ports.clock.now()), lease: lease() }),
    async release() {
      const { lease: _, ...free } = advanceCollection(record, {}, ports.clock.now());
      // Whoever took it over meanwhile gives it back.
      if ((await ports.collections.put(free)).outcome === 'written') record = free;
    },
  };
};

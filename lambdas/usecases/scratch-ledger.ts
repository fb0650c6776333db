/**
 * What a use case keeps about a scratch repository, in memory: it goes with the drill. A drill that dies is begun anew, so none of it has
 * to last, and nothing of a scratch repository ever appears among the real targets, rollbacks and snapshots.
 */
import type { CompiledConfig, RepositoryConfig } from '../contract.ts';
import { isUnfinished, type Rollback } from '../domain/rollback.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Target } from '../domain/target.ts';
import type { DrillPorts } from '../drill-ports.ts';
import type { Ledger, Ports } from '../ports.ts';
import type { RollbackPorts } from '../rollback-ports.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';

const nothing = async function* (): AsyncIterable<never> {};

/** No run ever writes to a scratch repository. */
const noRun = async (): Promise<never> => {
  throw new Error('a scratch repository has no runs');
};

const scratchLedger = (): Ledger => {
  const targets = new Map<string, Target>();
  const keyOf = (repository: string, branch: string): string => `${repository}/${branch}`;
  return {
    getTarget: async (repository, branch) => targets.get(keyOf(repository, branch)),
    async *listTargets() {
      yield* targets.values();
    },
    async putTarget(next) {
      const key = keyOf(next.repository, next.branch);
      const target = targets.get(key);
      if ((target?.version ?? 0) !== next.version - 1) return { outcome: 'stale', target };
      targets.set(key, next);
      return { outcome: 'written' };
    },
    getColumns: async () => undefined,
    getDescriptions: async () => [],
    getRun: async () => undefined,
    getRuns: async () => [],
    listRuns: nothing,
    getChanges: async () => undefined,
    createRun: noRun,
    updateRun: noRun,
    putChanges: noRun,
    recordUnmanaged: noRun,
  };
};

/** Entries by their ids, written as the ledger writes them. */
const entries = <T extends { readonly version: number; readonly id: string }>() => {
  const kept = new Map<string, T>();
  return {
    get: (id: string): T | undefined => kept.get(id),
    all: (): T[] => [...kept.values()].toReversed(),
    put(next: T): { isWritten: boolean; stored: T | undefined } {
      const stored = kept.get(next.id);
      const isWritten = (stored?.version ?? 0) === next.version - 1;
      if (isWritten) kept.set(next.id, next);
      return { isWritten, stored };
    },
  };
};

/** The configuration with the scratch repository in it and no other. */
const configOf = (scratch: RepositoryConfig): CompiledConfig => ({
  schemaVersion: 1,
  repositories: [scratch],
  pipelines: [],
});

/** Ports by which the use cases see the scratch repository alone. */
export const scratchPorts = (
  ports: DrillPorts,
  place: { readonly name: string; readonly storageNamespace: string },
): Ports & Pick<DrillPorts, 'pause'> & Omit<RollbackPorts, keyof Ports> & Omit<SnapshotPorts, keyof Ports> => {
  const rollbacks = entries<Rollback>();
  const snapshots = entries<Snapshot>();
  const config = configOf({
    ...place,
    ...{ defaultBranch: 'main', targets: ['main'], tables: [] },
    garbageCollection: { defaultRetentionDays: 28, branches: {} },
  });
  return {
    ...ports,
    config: { load: async () => config },
    ledger: scratchLedger(),
    promotions: { wake: async () => undefined },
    publications: { get: async () => undefined, getDescriptions: async () => undefined },
    refreshes: { wake: async () => undefined },
    sweeps: { stands: async () => false },
    rollbacks: {
      get: async (id) => rollbacks.get(id),
      async *list({ unfinished }) {
        yield* rollbacks.all().filter((rollback) => unfinished === undefined || isUnfinished(rollback));
      },
      async put(next) {
        const { isWritten, stored } = rollbacks.put(next);
        return isWritten ? { outcome: 'written' } : { outcome: 'stale', rollback: stored };
      },
    },
    snapshots: {
      get: async (_, id) => snapshots.get(id),
      async *list() {
        yield* snapshots.all();
      },
      async put(next) {
        const { isWritten, stored } = snapshots.put(next);
        return isWritten ? { outcome: 'written' } : { outcome: 'stale', snapshot: stored };
      },
    },
  };
};

/** What rolling back needs from outside besides `Ports`. */
import type { Publications, Refreshes } from './catalog-ports.ts';
import type { Rollback } from './domain/rollback.ts';
import type { Ports } from './ports.ts';

export interface RollbackFilter {
  /** Reads a sparse index. The index may lag behind by moments: look at the state of what is listed. */
  readonly unfinished?: true;
  readonly repository?: string;
  readonly target?: string;
}

/** The ledger's entries of rollbacks. */
export interface Rollbacks {
  get(id: string): Promise<Rollback | undefined>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: Rollback): Promise<{ outcome: 'written' } | { outcome: 'stale'; rollback: Rollback | undefined }>;
  /** Newest first. */
  list(filter: RollbackFilter): AsyncIterable<Rollback>;
}

/** Garbage collection, as others have to know of it. */
export interface Sweeps {
  /** Whether lakeFS's job deletes objects of the repository just now: what a rollback brings back may be among them. */
  stands(repository: string): Promise<boolean>;
}

export interface RollbackPorts extends Ports {
  readonly rollbacks: Rollbacks;
  /** What readers see: looked at, never written. */
  readonly publications: Pick<Publications, 'get' | 'getDescriptions'>;
  readonly refreshes: Refreshes;
  readonly sweeps: Sweeps;
  /** Waits for others: the end of a promotion, a refresh. */
  pause(ms: number): Promise<void>;
}

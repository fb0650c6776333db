/** What drills need from outside besides `Ports`. */
import type { StoredManifest } from './catalog-ports.ts';
import type { Drill, DrillKind } from './domain/drill.ts';
import type { Repository } from './domain/lakefs.ts';
import type { Ports } from './ports.ts';
import type { Restores } from './restore-ports.ts';
import type { Rollbacks } from './rollback-ports.ts';
import type { Rotations } from './rotation-ports.ts';
import type { Backups } from './snapshot-ports.ts';

/** The ledger's records of drills. Every write is conditional on what was read. */
export interface Drills {
  get(kind: DrillKind, id: string): Promise<Drill | undefined>;
  /** Newest first. */
  list(kind: DrillKind): AsyncIterable<Drill>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: Drill): Promise<{ outcome: 'written' } | { outcome: 'stale'; drill: Drill | undefined }>;
}

/** The only way to remove a repository of lakeFS: by the name of a drill's, and where it lies. */
export interface ScratchRepositories {
  /** Those whose name is one that a drill gives. */
  list(): AsyncIterable<Repository>;
  /** @throws BL8804 where a repository of that name is not the drill's. */
  remove(drill: Pick<Drill, 'id' | 'storageNamespace'>, name: string): Promise<'removed' | 'absent'>;
}

/** Objects below the places where scratch repositories lie. */
export interface ScratchStorage {
  list(root: string, prefix: string): AsyncIterable<StoredManifest>;
  remove(root: string, key: string): Promise<void>;
}

/** lakeFS's own files of the lake's repositories. */
export interface LakeFiles {
  list(below: string): AsyncIterable<{ readonly address: string }>;
  /** @throws BL4002 where it may not be read, or written there. */
  copy(from: string, to: string): Promise<void>;
}

export interface DrillPorts extends Ports {
  readonly drills: Drills;
  readonly scratch: ScratchRepositories;
  readonly storage: ScratchStorage;
  /** Files of the snapshots that drills make: below a prefix of their own. */
  readonly backups: Backups;
  /** Those of the lake: only read. */
  readonly lakeBackups: Pick<Backups, 'list' | 'get' | 'uri'>;
  readonly lakeFiles: LakeFiles;
  readonly rollbacks: Rollbacks;
  readonly restores: Restores;
  readonly rotations: Pick<Rotations, 'get'>;
  /** Waits so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
}

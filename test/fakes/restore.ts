/** A world with backups, and the records of restores in memory. */
import type { RestorePorts } from '../../lambdas/restore-ports.ts';
import { FakePublications } from './catalog.ts';
import { FakeRestores } from './restores.ts';
import { makeSnapshotWorld, type SnapshotWorld } from './snapshots.ts';

export interface RestoreWorld extends SnapshotWorld, Pick<RestorePorts, 'publications'> {
  readonly publications: FakePublications;
  readonly restores: FakeRestores;
}

export const makeRestoreWorld = async (): Promise<RestoreWorld> => ({
  ...(await makeSnapshotWorld()),
  publications: new FakePublications(),
  restores: new FakeRestores(),
});

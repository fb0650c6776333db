import { beforeEach, describe, expect, test } from 'vitest';
import { noteKey } from '../../../../lambdas/domain/replica-note.ts';
import { restoreRequest } from '../../../../lambdas/payloads.ts';
import type { RestorePorts } from '../../../../lambdas/restore-ports.ts';
import { replication } from '../../../../lambdas/usecases/replication.ts';
import { restore } from '../../../../lambdas/usecases/restore.ts';
import { makeReplicationWorld, type ReplicationWorld } from '../../../fakes/replication.ts';
import { makeRestoreWorld } from '../../../fakes/restore.ts';

const UNTIL = Number.MAX_SAFE_INTEGER;
let world: ReplicationWorld;
let there: RestorePorts;

/** The same lakeFS: of the other region only its backups and its storage matter here. */
beforeEach(async () => {
  world = await makeReplicationWorld();
  const { restores, publications } = await makeRestoreWorld();
  const config = await world.config.load();
  there = {
    ...{ ...world, restores, publications },
    config: {
      load: async () => ({
        ...config,
        repositories: config.repositories.map((each) => ({ ...each, storageNamespace: 's3://bucket-there/lake' })),
      }),
    },
    replica: { backups: world.backups, storage: world.replica },
  };
});

const ask = (request: Record<string, unknown>, ports = there) =>
  restore(ports, restoreRequest.parse({ what: 'repository', fromReplica: true, ...request }), UNTIL);
const tend = () => replication(world, { action: 'tend' }, UNTIL);

describe('a restore in the second region', () => {
  test('is by the snapshot that had wholly arrived, not by the newest, on the storage of its configuration', async () => {
    await world.commit({ a: '1' });
    const whole = await world.snapshot();
    world.copy(...world.pending());
    await tend();
    await world.commit({ a: '2' });
    const newest = await world.snapshot();
    await tend();
    const plan = await ask({ action: 'plan' });
    const backup = { snapshot: whole, storageNamespace: 's3://bucket-there/lake' };
    // What came after it, by the word of the first region.
    const after = { targets: { main: { commits: 1, runs: [] } } };
    expect(plan).toMatchObject({ outcome: 'planned', repositories: [{ repository: 'lake', backup, after }] });
    const other = await ask({ action: 'plan', repository: 'lake', snapshot: newest });
    expect(other).toMatchObject({ repositories: [{ backup: { snapshot: newest } }] });
    expect('repositories' in other && other.repositories[0]).not.toHaveProperty('after');
  });

  test('names the objects that are missing there', async () => {
    const commit = await world.commit({ a: '1', b: '2' });
    await world.snapshot();
    world.copy(...world.pending());
    await tend();
    const backup = new Map(world.backups.files);
    world.lakefs.repositories.delete('lake');
    expect(backup.has(noteKey('lake'))).toBe(true);
    const lost = [...world.replica.objects.keys()].find((address) => address.includes('/data/')) ?? '';
    world.replica.objects.delete(lost);
    // The fake keeps addresses as they were: on a real server they lie below the new namespace.
    const listObjects = world.lakefs.listObjects.bind(world.lakefs);
    world.lakefs.listObjects = async function* (...args) {
      for await (const object of listObjects(...args))
        yield { ...object, physicalAddress: object.physicalAddress.replace('s3://bucket/', 's3://bucket-there/') };
    };
    const answer = await ask({ action: 'run', repository: 'lake', confirm: 'lake' });
    expect(answer).toMatchObject({
      outcome: 'restored',
      repository: {
        objects: [{ target: 'main', commit, objects: 2, outcome: 'missing', missing: [{ address: lost }] }],
      },
    });
  });

  test('says what is not configured, and where the first region left no word', async () => {
    const { replica: _, ...without } = there;
    await expect(ask({ action: 'plan' }, without)).rejects.toMatchObject({ code: 'BL8853' });
    await expect(ask({ action: 'plan' })).rejects.toMatchObject({ code: 'BL8854' });
    world.backups.files.set(noteKey('lake'), 'no note');
    await expect(ask({ action: 'plan' })).rejects.toMatchObject({ code: 'BL8854' });
    await expect(ask({ action: 'plan', repository: 'other' })).rejects.toMatchObject({ code: 'BL1002' });
  });
});

/**
 * A lake, its bucket, the backups, and their replicas in a second region. S3's part is played by hand: what was written waits until it is
 * copied, in any order.
 */
import type { CompiledConfig, ReplicationConfig } from '../../lambdas/contract.ts';
import type { ReplicationRecord } from '../../lambdas/domain/replication.ts';
import type { ReplicationPorts, Replications } from '../../lambdas/replication-ports.ts';
import { createSnapshot } from '../../lambdas/usecases/create-snapshot.ts';
import { FakeStorage } from './collections.ts';
import { text } from './ports.ts';
import { makeSnapshotWorld, type SnapshotWorld } from './snapshots.ts';

export class FakeReplications implements Replications {
  readonly entries = new Map<string, ReplicationRecord>();
  /** Every image that the stream would carry, in order. */
  readonly stream: { before: ReplicationRecord | undefined; after: ReplicationRecord }[] = [];
  async get(repository: string): Promise<ReplicationRecord | undefined> {
    return structuredClone(this.entries.get(repository));
  }
  async put(
    next: ReplicationRecord,
  ): Promise<{ outcome: 'written' } | { outcome: 'stale'; record: ReplicationRecord | undefined }> {
    const stored = this.entries.get(next.repository);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', record: structuredClone(stored) };
    this.stream.push(structuredClone({ before: stored, after: next }));
    this.entries.set(next.repository, structuredClone(next));
    return { outcome: 'written' };
  }
}

export const REPLICATING: ReplicationConfig = {
  ...{ region: 'eu-central-1', everySeconds: 900, lateAfterSeconds: 3600 },
  ...{ buckets: { bucket: 'bucket-there', backup: 'backup-there' }, backups: 's3://backup-there/backups/' },
  importedObjects: 'refuse',
};

const thereOf = (address: string): string => {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(address) ?? [];
  return `s3://${REPLICATING.buckets[bucket] ?? 'nowhere'}/${key}`;
};

export interface ReplicationWorld extends SnapshotWorld, Pick<ReplicationPorts, 'replications'> {
  readonly replications: FakeReplications;
  readonly source: FakeStorage;
  readonly replica: FakeStorage;
  replicating: ReplicationConfig | undefined;
  /** Addresses that are not in the replica as they are in the source. */
  pending(): string[];
  copy(...addresses: string[]): void;
  commit(files: Readonly<Record<string, string | null>>): Promise<string>;
  snapshot(): Promise<string>;
}

export const makeReplicationWorld = async (): Promise<ReplicationWorld> => {
  const base = await makeSnapshotWorld();
  const [source, replica] = [new FakeStorage(), new FakeStorage()];
  const put = (address: string, content: string): void => {
    source.objects.set(address, { content, at: base.clock.now() });
  };
  base.lakefs.addressOf = (serial) => `s3://bucket/lake/data/f${String(serial % 3)}/${String(serial).padStart(5, '0')}`;
  base.lakefs.onPut = put;
  const config = await base.config.load();
  let files = 0;
  const addMetadata = (content: string): void => {
    files += 1;
    // Named by digests: in no order of time.
    put(`s3://bucket/lake/_lakefs/${String((files * 7919) % 10_007).padStart(5, '0')}`, content);
  };
  const world: ReplicationWorld = {
    ...base,
    source,
    replica,
    replications: new FakeReplications(),
    replicating: REPLICATING,
    config: {
      load: async (): Promise<CompiledConfig> => ({
        ...config,
        ...(world.replicating === undefined ? {} : { replication: world.replicating }),
      }),
    },
    pending() {
      for (const [key, content] of base.backups.files) put(`s3://backup/backups/${key}`, content);
      return [...source.objects].flatMap(([address, { content }]) =>
        replica.objects.get(thereOf(address))?.content === content ? [] : [address],
      );
    },
    copy(...addresses) {
      for (const address of addresses) {
        const found = source.objects.get(address);
        if (found !== undefined) replica.objects.set(thereOf(address), found);
      }
    },
    async commit(changes) {
      for (const [path, content] of Object.entries(changes)) {
        if (content === null) await base.lakefs.deleteObjects('lake', 'main', [path]);
        else await base.lakefs.putObject('lake', 'main', path, text(content));
      }
      // Its ranges, then its meta-range, are in the bucket before the commit is.
      addMetadata('range');
      addMetadata('meta-range');
      const done = await base.lakefs.commit('lake', 'main', { message: 'c', metadata: {} });
      if (done.outcome !== 'committed') throw new Error('nothing committed');
      return done.commit.id;
    },
    async snapshot() {
      addMetadata('dump');
      const request = { repository: 'lake', target: 'main', kind: 'manual', requestedBy: 'test' } as const;
      const made = await createSnapshot(world, { ...request, until: Number.MAX_SAFE_INTEGER });
      if (made.outcome !== 'created') throw new Error(made.outcome);
      base.clock.advance(1000);
      return made.snapshot.id;
    },
  };
  return world;
};

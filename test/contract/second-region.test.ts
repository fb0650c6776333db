/**
 * The first region is lost, bucket, server and all; a server with an empty metadata store comes up on the replica of its bucket, and what the
 * first region said had arrived is restored. On a real lakeFS and two buckets of a local S3; S3's part of the copying is played by the test.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackups } from '../../lambdas/adapters/backups.ts';
import { createLakeStorage } from '../../lambdas/adapters/lake-storage.ts';
import { createLakefs } from '../../lambdas/adapters/lakefs/client.ts';
import { askS3, callS3 } from '../../lambdas/adapters/s3-request.ts';
import type { LakeObject } from '../../lambdas/collection-ports.ts';
import type { Lakefs } from '../../lambdas/ports.ts';
import type { ReplicationPorts } from '../../lambdas/replication-ports.ts';
import type { RestorePorts } from '../../lambdas/restore-ports.ts';
import { createSnapshot } from '../../lambdas/usecases/create-snapshot.ts';
import { replication } from '../../lambdas/usecases/replication.ts';
import { restore } from '../../lambdas/usecases/restore.ts';
import { checkObjects } from '../../lambdas/usecases/restore-there.ts';
import { type RealServer, startLakefsBinary } from '../../local/lakefs-server.ts';
import { awsEnvironment, type Ministack, startMinistack } from '../../local/ministack.ts';
import { VENV } from '../../local/paths.ts';
import { FakeReplications } from '../fakes/replication.ts';
import { makeRestoreWorld } from '../fakes/restore.ts';
import { bytes, request } from './workbench.ts';

const BIN = process.env['LAKEFS_BIN'];
const PYTHON = join(VENV, 'bin');
const UNTIL = Number.MAX_SAFE_INTEGER;
const LAKE = ['first-lake', 'first-backups'] as const;
const THERE: Readonly<Record<string, string>> = { 'first-lake': 'second-lake', 'first-backups': 'second-backups' };
const SETTINGS = {
  ...{ region: 'eu-central-1', everySeconds: 900, lateAfterSeconds: 3600, importedObjects: 'refuse' as const },
  ...{ buckets: { 'first-lake': 'second-lake' }, backups: 's3://second-backups/backups/' },
};

const clientOf = ({ endpoint, accessKeyId, secretAccessKey }: RealServer): Lakefs => {
  const pair = { accessKeyId, secretAccessKey };
  return createLakefs({ endpoint, credentials: { get: async () => pair, refresh: async () => pair } });
};

/** Of every branch and tag: paths, checksums, sizes. Addresses lie elsewhere on the other side. */
const everything = async (lakefs: Lakefs): Promise<Record<string, string[]>> => {
  const found: Record<string, string[]> = {};
  for (const list of [lakefs.listBranches('lake', ''), lakefs.listTags('lake', '')])
    for await (const { id, commitId } of list) {
      const objects = await Array.fromAsync(lakefs.listObjects('lake', commitId, {}));
      found[`${id} ${commitId}`] = objects.map(({ path, checksum, sizeBytes }) => `${path} ${checksum} ${sizeBytes}`);
    }
  return found;
};

describe.runIf(BIN !== undefined && existsSync(join(PYTHON, 'ministack')))('a second region', () => {
  let scratch = '';
  let aws: Ministack;
  let env: Record<string, string>;
  const servers: RealServer[] = [];
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'branchline-second-'));
    const logFile = join(scratch, 'ministack.log');
    aws = await startMinistack({ pythonBin: PYTHON, clientEndpoint: 'http://127.0.0.1:1', scratch, logFile });
    env = awsEnvironment(aws.url);
    for (const bucket of [...LAKE, ...Object.values(THERE)])
      await callS3({ method: 'PUT', bucket, key: '', action: 's3:CreateBucket' }, { env });
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
    await aws?.process.stop();
    await rm(scratch, { recursive: true, force: true });
  });
  const serve = async (name: string): Promise<RealServer> => {
    const server = await startLakefsBinary(BIN ?? '', { metadata: name, s3: aws.url });
    servers.push(server);
    return server;
  };
  const place = (address: string) => {
    const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(address) ?? [];
    return { bucket, key };
  };
  const all = (): Promise<LakeObject[]> =>
    Promise.all(LAKE.map((bucket) => Array.fromAsync(createLakeStorage({ env }).list(`s3://${bucket}/`)))).then(
      (lists) => lists.flat(),
    );
  /** As S3 does it: the same bytes under the same key, in any order. */
  const copy = async (objects: readonly LakeObject[]): Promise<void> => {
    for (const { address } of objects) {
      const { bucket, key } = place(address);
      const { bytes: body } = await askS3({ method: 'GET', bucket, key, action: 's3:GetObject' }, { env });
      const to = { method: 'PUT', bucket: THERE[bucket] ?? '', key, body, action: 's3:ReplicateObject' } as const;
      await callS3(to, { env });
    }
  };
  const drop = async (address: string): Promise<void> => {
    await callS3({ method: 'DELETE', ...place(address), action: 's3:DeleteObject' }, { env });
  };

  it('restores what had wholly arrived: every ref lists the same, and every object can be read', async () => {
    const first = await serve('first');
    const lakefs = clientOf(first);
    await lakefs.createRepository({ name: 'lake', storageNamespace: 's3://first-lake/lake', defaultBranch: 'main' });
    const commit = async (branch: string, ...paths: string[]): Promise<string> => {
      for (const path of paths) await lakefs.putObject('lake', branch, path, bytes(`${branch} ${path}`));
      const made = await lakefs.commit('lake', branch, request(paths.join()));
      return made.outcome === 'committed' ? made.commit.id : '';
    };
    for (let i = 0; i < 30; i += 1) await commit('main', `sales/day=${String(i)}/part-0`);
    const head = (await lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await lakefs.createBranch('lake', 'run-1', head);
    await lakefs.merge('lake', await commit('run-1', 'stock/a', 'stock/b'), 'main', request('promotion'));
    await lakefs.createTag('lake', 'v1', head);
    await lakefs.deleteObjects('lake', 'main', ['sales/day=3/part-0']);
    await commit('main');

    const fakes = await makeRestoreWorld();
    const config = await fakes.config.load();
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 200)));
    const inRegion = (namespace: string) => ({
      load: async () => ({
        ...config,
        replication: SETTINGS,
        repositories: config.repositories.map((each) => ({ ...each, storageNamespace: namespace })),
      }),
    });
    const backups = createBackups({ env, root: { bucket: 'first-backups', prefix: 'backups/' } });
    const storage = createLakeStorage({ env });
    const world = {
      ...fakes,
      pause,
      lakefs,
      backups,
      config: inRegion('s3://first-lake/lake'),
    } as unknown as RestorePorts;
    const watching = {
      ...{ ...world, source: storage, replica: storage, replications: new FakeReplications() },
      snapshots: fakes.snapshots,
    } as unknown as ReplicationPorts & { replications: FakeReplications };
    const at = { repository: 'lake', target: 'main', kind: 'manual', requestedBy: 'test', until: UNTIL } as const;
    const snapshot = await createSnapshot({ ...world, snapshots: fakes.snapshots } as never, at);
    expect(snapshot.outcome).toBe('created');
    const before = await everything(lakefs);
    const shown = (await lakefs.getBranch('lake', 'main'))?.commitId ?? '';

    const tend = () => replication(watching, { action: 'tend' }, UNTIL);
    const record = () => watching.replications.entries.get('lake');
    const [late, ...others] = (await all()).filter(({ address }) => address.includes('/data/')).toReversed();
    await copy([...others, ...(await all()).filter(({ address }) => !address.includes('/data/'))]);
    expect(await tend()).toMatchObject({ report: { missing: 1, failures: [] } });
    expect(record()?.targets['main']?.candidate?.missing[0]?.address).toBe(late?.address);
    expect(record()?.restorable).toBeUndefined();
    await copy(late === undefined ? [] : [late]);
    expect(await tend()).toMatchObject({ report: { missing: 0, lagSeconds: 0, failures: [] } });
    expect(record()).toMatchObject({
      targets: { main: { replicated: { commit: shown } } },
      restorable: { commits: { main: shown } },
    });
    await copy((await all()).filter(({ address }) => address.endsWith('/replicated.json')));

    // What comes now has not arrived when the region is lost.
    const lost = await commit('main', 'after');
    await servers.shift()?.close();
    for (const { address } of await all()) await drop(address);

    const second = clientOf(await serve('second'));
    const there = {
      ...{ ...world, lakefs: second, config: inRegion('s3://second-lake/lake') },
      replica: { backups: createBackups({ env, root: { bucket: 'second-backups', prefix: 'backups/' } }), storage },
    } as unknown as RestorePorts;
    const asked = { what: 'repository', repository: 'lake', fromReplica: true } as const;
    const plan = await restore(there, { ...asked, action: 'plan' }, UNTIL);
    const where = { snapshot: record()?.restorable?.snapshot, storageNamespace: 's3://second-lake/lake' };
    expect(plan).toMatchObject({ repositories: [{ state: 'absent', backup: where }] });
    const answer = await restore(there, { ...asked, action: 'run', confirm: 'lake' }, UNTIL);
    const whole = { target: 'main', commit: shown, objects: 31, missing: [], outside: 0, outcome: 'whole' };
    expect(answer).toMatchObject({ outcome: 'restored', repository: { objects: [whole] } });
    expect(await everything(second)).toEqual(before);
    expect(await second.getCommit('lake', lost)).toBeUndefined();
    for await (const { path, physicalAddress } of second.listObjects('lake', 'main', {})) {
      expect(physicalAddress).toMatch(/^s3:\/\/second-lake\/lake\/data\//);
      expect(await second.getObject('lake', shown, path), path).toBeDefined();
    }
    // It is a repository like any other.
    await second.createBranch('lake', 'run-next', shown);
    await second.putObject('lake', 'run-next', 'next', bytes('next'));
    const next = await second.commit('lake', 'run-next', request('next'));
    const merged = next.outcome === 'committed' && (await second.merge('lake', next.commit.id, 'main', request('m')));
    expect(merged).toMatchObject({ outcome: 'merged' });

    const [victim] = await Array.fromAsync(second.listObjects('lake', shown, {}));
    await drop(victim?.physicalAddress ?? '');
    const again = { storageNamespace: 's3://second-lake/lake', targets: ['main'], until: UNTIL };
    expect(await checkObjects(there, 'lake', again)).toMatchObject([
      { outcome: 'missing', missing: [{ address: victim?.physicalAddress }] },
    ]);
  }, 180_000);
});

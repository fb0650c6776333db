/**
 * The newest backup of a lake that goes on working, restored beside it by a drill: on a real lakeFS and a local S3, with lakeFS's own files
 * copied as the function copies them.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackups } from '../../lambdas/adapters/backups.ts';
import { createLakefs } from '../../lambdas/adapters/lakefs/client.ts';
import { createScratchRepositories } from '../../lambdas/adapters/lakefs/scratch.ts';
import { createManifests } from '../../lambdas/adapters/manifests.ts';
import { callS3 } from '../../lambdas/adapters/s3-request.ts';
import { createLakeFiles } from '../../lambdas/adapters/scratch-files.ts';
import type { DrillPorts } from '../../lambdas/drill-ports.ts';
import { createSnapshot } from '../../lambdas/usecases/create-snapshot.ts';
import { drill } from '../../lambdas/usecases/drill.ts';
import { type RealServer, startLakefsBinary } from '../../local/lakefs-server.ts';
import { awsEnvironment, type Ministack, startMinistack } from '../../local/ministack.ts';
import { VENV } from '../../local/paths.ts';
import { makeDrillWorld } from '../fakes/drills.ts';
import { bytes, request } from './workbench.ts';

const BIN = process.env['LAKEFS_BIN'];
const PYTHON = join(VENV, 'bin');
const UNTIL = Number.MAX_SAFE_INTEGER;
const ROOT = 's3://lake/branchline-drills';

describe.runIf(BIN !== undefined && existsSync(join(PYTHON, 'ministack')))('a drill of a restore', () => {
  let scratch = '';
  let aws: Ministack;
  let server: RealServer;
  let env: Record<string, string>;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'branchline-drill-'));
    const logFile = join(scratch, 'ministack.log');
    aws = await startMinistack({ pythonBin: PYTHON, clientEndpoint: 'http://127.0.0.1:1', scratch, logFile });
    env = awsEnvironment(aws.url);
    for (const bucket of ['lake', 'backups'])
      await callS3({ method: 'PUT', bucket, key: '', action: 's3:CreateBucket' }, { env });
    server = await startLakefsBinary(BIN ?? '', { metadata: 'drill', s3: aws.url });
  });
  afterAll(async () => {
    await server?.close();
    await aws?.process.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  it('restores the newest backup of the lake too, which goes on meanwhile, and finds a file of it that is gone', async () => {
    const pair = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey };
    const options = { endpoint: server.endpoint, credentials: { get: async () => pair, refresh: async () => pair } };
    const lakefs = createLakefs(options);
    await lakefs.createRepository({ name: 'lake', storageNamespace: 's3://lake/data', defaultBranch: 'main' });
    const commit = async (...paths: string[]): Promise<void> => {
      for (const path of paths) await lakefs.putObject('lake', 'main', path, bytes(path));
      await lakefs.commit('lake', 'main', request(paths.join()));
    };
    for (let i = 0; i < 12; i += 1) await commit(`sales/day=${String(i)}/ö +%`, `stock/${String(i)}`);
    const head = (await lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await lakefs.createBranch('lake', 'run-1', head);

    const fakes = await makeDrillWorld();
    const config = await fakes.config.load();
    const storage = (root: string) => createManifests({ env, root: { bucket: 'lake', prefix: `${root.slice(10)}/` } });
    const lakeBackups = createBackups({ env, root: { bucket: 'backups', prefix: 'backups/' } });
    const ports = {
      ...fakes,
      ...{ lakefs, lakeBackups, lakeFiles: createLakeFiles({ env }), scratch: createScratchRepositories(options) },
      clock: { now: () => Date.now(), advance: () => undefined },
      ids: { ...fakes.ids, owner: () => crypto.randomUUID() },
      backups: createBackups({ env, root: { bucket: 'backups', prefix: 'drills/' } }),
      storage: {
        list: (root: string, prefix: string) => storage(root).list(prefix),
        remove: (root: string, key: string) => storage(root).remove(key),
      },
      config: {
        load: async () => ({ ...config, drills: { everySeconds: 0, places: [{ repository: 'lake', root: ROOT }] } }),
      },
      pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 200))),
    } as unknown as DrillPorts;
    const made = await createSnapshot(
      { ...ports, snapshots: (fakes as never)['snapshots'], backups: lakeBackups } as never,
      {
        ...{ repository: 'lake', target: 'main', kind: 'scheduled', requestedBy: 'schedule', until: UNTIL },
      },
    );
    expect(made.outcome).toBe('created');
    // The lake moves on: the backup is of before.
    await commit('sales/day=99/later');
    const before = (await lakefs.getBranch('lake', 'main'))?.commitId;

    const run = async () => {
      const answer = await drill(ports, { action: 'run', kind: 'restore', requestedBy: 'test' }, UNTIL);
      if (!('drill' in answer)) throw new Error('no drill');
      return answer.drill;
    };
    const passed = await run();
    expect(passed.cause).toBeUndefined();
    expect(passed).toMatchObject({
      ...{ state: 'PASSED', isRemoved: true },
      backup: { snapshot: made.snapshot.id, objects: 24, refs: 4 },
    });
    expect(passed.backup).not.toHaveProperty('left');
    expect((await lakefs.getBranch('lake', 'main'))?.commitId).toBe(before);
    expect((await Array.fromAsync(lakefs.listObjects('lake', 'main', {}))).length).toBe(25);
    expect(await Array.fromAsync(storage(ROOT).list(passed.id))).toEqual([]);

    // One of the files that the dump needs is gone from the lake's own folder.
    const { branchesMetaRangeId = '' } = made.snapshot.dump ?? {};
    const file = { bucket: 'lake', key: `data/_lakefs/${branchesMetaRangeId}` };
    await callS3({ method: 'DELETE', ...file, action: 's3:DeleteObject' }, { env });
    const failed = await run();
    expect(failed).toMatchObject({ state: 'FAILED', cause: { code: 'BL8402' }, isRemoved: true });
    expect((await lakefs.getBranch('lake', 'main'))?.commitId).toBe(before);
  }, 120_000);
});

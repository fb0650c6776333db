/**
 * From one version of lakeFS to another on PostgreSQL, with the task of the template: an old server with data, the migration, both
 * versions side by side as a rolling deployment has them, the new one alone, and the way back. Needs LAKEFS_BIN (new), LAKEFS_OLD_BIN,
 * PostgreSQL, and the Python of the local environment.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createLakefs } from '../../lambdas/adapters/lakefs/client.ts';
import type { Lakefs } from '../../lambdas/ports.ts';
import { freePort } from '../../local/guarded.ts';
import { awsEnvironment, CREDENTIALS, type Ministack, startMinistack } from '../../local/ministack.ts';
import { VENV } from '../../local/paths.ts';
import { special } from '../infra/server-template.ts';
import { REGION } from '../infra/template.ts';
import { containersOf, generateSecrets } from './deployed/containers.ts';
import { POSTGRES, type Postgres, startPostgres } from './deployed/postgres.ts';
import { Task } from './deployed/task.ts';
import { bytes, request, text } from './workbench.ts';

const { LAKEFS_BIN: NEW, LAKEFS_OLD_BIN: OLD } = process.env;
const PYTHON = join(VENV, 'bin');
const isReady =
  NEW !== undefined && OLD !== undefined && POSTGRES !== undefined && existsSync(join(PYTHON, 'ministack'));
const LAKE = 'lake';

describe.runIf(isReady)('another version of lakeFS', () => {
  const template = special('plain');
  const secrets = generateSecrets(template);
  const containers = containersOf(template, secrets);
  const pair = z
    .object({ access_key_id: z.string(), secret_access_key: z.string() })
    .transform((each) => ({ accessKeyId: each.access_key_id, secretAccessKey: each.secret_access_key }))
    .parse(JSON.parse(secrets.get('SecretsCredentials') ?? '{}'));
  const [user, password] = ['lakefs', 'a-password-for-one-test'];
  const tasks: Task[] = [];
  let folder = '';
  let aws: Ministack;
  let postgres: Postgres;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'branchline-upgrade-'));
    const clientEndpoint = `http://127.0.0.1:${String(await freePort())}`;
    aws = await startMinistack({
      pythonBin: PYTHON,
      clientEndpoint,
      scratch: folder,
      logFile: join(folder, 'aws.log'),
    });
    postgres = await startPostgres(user, password);
    const credentials = {
      accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID,
      secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    };
    const s3 = new S3Client({ endpoint: aws.url, region: REGION, credentials, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'upgrade' }));
  });
  afterAll(async () => {
    for (const task of tasks) task.close();
    await postgres?.close();
    await aws?.process.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const taskOn = (bin: string | undefined, database: string): Task => {
    const task = new Task(bin ?? '', containers, {
      ...awsEnvironment(aws.url),
      AWS_REGION: REGION,
      LAKEFS_BLOCKSTORE_S3_REGION: REGION,
      LAKEFS_BLOCKSTORE_S3_ENDPOINT: aws.url,
      LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE: 'true',
      PGHOST: '127.0.0.1',
      PGPORT: String(postgres.port),
      PGDATABASE: database,
      PGUSER: user,
      PGPASSWORD: password,
    });
    tasks.push(task);
    return task;
  };
  const clientOf = (endpoint: string): Lakefs =>
    createLakefs({ endpoint, credentials: { get: async () => pair, refresh: async () => pair } });
  const headOf = async (lakefs: Lakefs, branch = 'main') => (await lakefs.getBranch(LAKE, branch))?.commitId ?? '';

  /** What a run does: branch, upload, commit, merge by commit id. @returns the merge */
  const promote = async (lakefs: Lakefs, name: string): Promise<string> => {
    await lakefs.createBranch(LAKE, name, await headOf(lakefs));
    await lakefs.putObject(LAKE, name, `${name}.txt`, bytes(name));
    const committed = await lakefs.commit(LAKE, name, request(name));
    if (committed.outcome !== 'committed') throw new Error(committed.outcome);
    const merged = await lakefs.merge(LAKE, committed.commit.id, 'main', request(name));
    if (merged.outcome !== 'merged') throw new Error(merged.outcome);
    return merged.commitId;
  };
  const content = async (lakefs: Lakefs, name: string) => text(await lakefs.getObject(LAKE, 'main', `${name}.txt`));

  test('forward with a migration, side by side, and back', async () => {
    await postgres.createDatabase('moved');
    const [oldTask, newTask] = [taskOn(OLD, 'moved'), taskOn(NEW, 'moved')];
    expect(await oldTask.firstStart()).toEqual({ code: 0, output: 'first start: the admin is made\n' });
    const old = await oldTask.serve();
    const before = clientOf(old.endpoint);
    await before.createRepository({ name: LAKE, storageNamespace: 's3://upgrade/lake', defaultBranch: 'main' });
    const first = await promote(before, 'by-old');
    await before.setProtectedBranches(LAKE, ['main']);
    await before.createBranch(LAKE, 'open-run', first);
    await before.putObject(LAKE, 'open-run', 'staged.txt', bytes('staged'));

    // The new version asks the store whether it fits before it serves; what `migrate up` does where nothing is to do.
    const version = await newTask.command('migrate', 'version');
    expect(version.code).toBe(0);
    const migrated = await newTask.command('migrate', 'up');
    expect(migrated.code, migrated.output).toBe(0);

    // As a rolling deployment has it: both serve, on one store.
    expect(await newTask.firstStart()).toEqual({ code: 0, output: 'first start: the admin was there\n' });
    const now = await newTask.serve();
    const after = clientOf(now.endpoint);
    expect(await after.version()).not.toBe(await before.version());
    expect(await headOf(after)).toBe(first);
    expect(await content(after, 'by-old')).toBe('by-old');
    expect(await after.getProtectedBranches(LAKE)).toEqual(['main']);
    expect(text(await after.getObject(LAKE, 'open-run', 'staged.txt'))).toBe('staged');
    const second = await promote(after, 'by-new');
    expect(await headOf(before)).toBe(second);
    const third = await promote(before, 'by-old-beside-new');
    expect(await content(after, 'by-old-beside-new')).toBe('by-old-beside-new');

    // A run that was open before goes on after.
    await old.stop();
    const committed = await after.commit(LAKE, 'open-run', request('goes on'));
    expect(committed.outcome).toBe('committed');
    expect((await Array.fromAsync(after.log(LAKE, 'main', { limit: 3 }))).map(({ id }) => id)).toEqual([
      third,
      second,
      first,
    ]);
    expect(await now.stop()).toBe(0);

    // The way back: the old version again on the store that the new one wrote to.
    expect((await oldTask.firstStart()).output).toBe('first start: the admin was there\n');
    const back = await oldTask.serve();
    const again = clientOf(back.endpoint);
    expect(await headOf(again)).toBe(third);
    expect(await content(again, 'by-new')).toBe('by-new');
    await promote(again, 'by-old-again');
    expect(await back.stop()).toBe(0);
  });
});

/**
 * The template boots a real server: environment, secrets and commands of the containers are read from the synthesized task
 * definition, resolved, and run against a local PostgreSQL or DynamoDB. Needs LAKEFS_BIN, PostgreSQL, and the Python of the local
 * environment (`npm run local:up` makes it). Without them names and values are checked against what lakeFS knows.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { freePort } from '../../local/guarded.ts';
import { awsEnvironment, CREDENTIALS, type Ministack, startMinistack } from '../../local/ministack.ts';
import { VENV } from '../../local/paths.ts';
import { special } from '../infra/server-template.ts';
import { ofType, REGION, type Template } from '../infra/template.ts';
import { containersOf, generateSecrets } from './deployed/containers.ts';
import { POSTGRES, type Postgres, startPostgres } from './deployed/postgres.ts';
import { Task } from './deployed/task.ts';

const SETTINGS = z
  .array(z.string())
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/lakefs-1.84-settings.json'), 'utf8')));

describe.each(['plain', 'dynamodb', 'virtual host'] as const)('settings of the containers: %s', (variant) => {
  const template = special(variant);
  const containers = containersOf(template, generateSecrets(template));

  test('lakeFS knows each of them', () => {
    const known = new Set(SETTINGS.map((key) => `LAKEFS_${key.toUpperCase().replaceAll('.', '_')}`));
    const used = containers.flatMap(({ environment }) => Object.keys(environment));
    const ours = used.filter((name) => name.startsWith('LAKEFS_'));
    expect(ours.length).toBeGreaterThan(20);
    expect(ours.filter((name) => !known.has(name))).toEqual([]);
  });

  test('nothing is told to the vendor, and what lakeFS signs and encrypts with is not its default', () => {
    const server = containers.find(({ name }) => name === 'lakefs')?.environment ?? {};
    expect(server).toMatchObject({
      LAKEFS_STATS_ENABLED: 'false',
      LAKEFS_USAGE_REPORT_ENABLED: 'false',
      LAKEFS_EMAIL_SUBSCRIPTION_ENABLED: 'false',
      LAKEFS_SECURITY_CHECK_LATEST_VERSION: 'false',
    });
    expect(server['LAKEFS_AUTH_ENCRYPT_SECRET_KEY']).toHaveLength(64);
    expect(server['LAKEFS_BLOCKSTORE_SIGNING_SECRET_KEY']).toHaveLength(64);
    expect(Object.keys(server).filter((name) => name.includes('ACCESS_KEY'))).toEqual([]);
  });
});

const BIN = process.env['LAKEFS_BIN'];
const PYTHON = join(VENV, 'bin');
const isReady = BIN !== undefined && POSTGRES !== undefined && existsSync(join(PYTHON, 'ministack'));
const BUCKET = 'my-lake';

describe.runIf(isReady)('the task of the template, on a real lakeFS', () => {
  let folder = '';
  let aws: Ministack;
  let postgres: Postgres;
  const user = 'lakefs';
  const password = `p/w:@${'x'.repeat(20)}`;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'branchline-first-start-'));
    const clientEndpoint = `http://127.0.0.1:${String(await freePort())}`;
    aws = await startMinistack({
      pythonBin: PYTHON,
      clientEndpoint,
      scratch: folder,
      logFile: join(folder, 'aws.log'),
    });
    postgres = await startPostgres(user, password);
    await s3().send(new CreateBucketCommand({ Bucket: BUCKET }));
  });

  afterAll(async () => {
    await postgres?.close();
    await aws?.process.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const client = () => ({
    endpoint: aws.url,
    region: REGION,
    credentials: { accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID, secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY },
  });
  const s3 = (): S3Client => new S3Client({ ...client(), forcePathStyle: true });

  /** The table as the template makes it. */
  const createTable = async (template: Template, name: string): Promise<void> => {
    const [[, table] = []] = ofType(template, 'AWS::DynamoDB::GlobalTable');
    const { KeySchema, AttributeDefinitions, BillingMode } = z
      .object({
        KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })),
        AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['B', 'S', 'N']) })),
        BillingMode: z.literal('PAY_PER_REQUEST'),
      })
      .parse(table?.Properties);
    const input = { TableName: name, KeySchema, AttributeDefinitions, BillingMode };
    await new DynamoDBClient(client()).send(new CreateTableCommand(input));
  };

  const common = () => ({
    ...awsEnvironment(aws.url),
    AWS_REGION: REGION,
    LAKEFS_BLOCKSTORE_S3_REGION: REGION,
    LAKEFS_BLOCKSTORE_S3_ENDPOINT: aws.url,
    LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE: 'true',
  });

  const STORES = {
    plain: {
      make: (_: Template, name: string) => postgres.createDatabase(name),
      settings: (name: string) => ({
        PGHOST: '127.0.0.1',
        PGPORT: String(postgres.port),
        PGDATABASE: name,
        PGUSER: user,
        PGPASSWORD: password,
      }),
      wrong: { PGPASSWORD: 'not-the-password' },
      cause: /password authentication failed/,
    },
    dynamodb: {
      make: createTable,
      settings: (name: string) => ({
        LAKEFS_DATABASE_DYNAMODB_TABLE_NAME: name,
        LAKEFS_DATABASE_DYNAMODB_AWS_REGION: REGION,
        LAKEFS_DATABASE_DYNAMODB_ENDPOINT: aws.url,
      }),
      wrong: { LAKEFS_DATABASE_DYNAMODB_ENDPOINT: 'http://127.0.0.1:1', LAKEFS_DATABASE_DYNAMODB_MAX_ATTEMPTS: '1' },
      cause: /try 10 of 10 failed: .+/,
    },
  } as const;

  describe.each(['plain', 'dynamodb'] as const)('%s', (variant) => {
    const template = special(variant);
    const secrets = generateSecrets(template);
    const containers = containersOf(template, secrets);
    const pair = z
      .object({ access_key_id: z.string(), secret_access_key: z.string() })
      .parse(JSON.parse(secrets.get('SecretsCredentials') ?? '{}'));
    const { make, settings, wrong, cause } = STORES[variant];
    const tasks: Task[] = [];

    const taskOn = (name: string): Task => {
      const task = new Task(BIN ?? '', containers, { ...common(), ...settings(name) });
      tasks.push(task);
      return task;
    };
    afterAll(() => {
      for (const task of tasks) task.close();
    });

    const ask = (endpoint: string, path: string, init: RequestInit = {}, secret = pair.secret_access_key) =>
      fetch(`${endpoint}/api/v1${path}`, {
        ...init,
        headers: {
          authorization: `Basic ${Buffer.from(`${pair.access_key_id}:${secret}`).toString('base64')}`,
          ...(typeof init.body === 'string' ? { 'content-type': 'application/json' } : {}),
        },
      });

    const noSecretIn = (output: string): void => {
      for (const secret of [...secrets.values(), pair.secret_access_key, password])
        expect(output).not.toContain(secret);
    };

    test('first start, server, object in the bucket, restart; no secret is printed', async () => {
      await make(template, 'whole');
      const task = taskOn('whole');
      const first = await task.firstStart();
      expect(first).toEqual({ code: 0, output: 'first start: the admin is made\n' });

      const server = await task.serve();
      expect((await ask(server.endpoint, '/repositories')).status).toBe(200);
      expect((await ask(server.endpoint, '/repositories', {}, 'another')).status).toBe(401);
      const takeOver = await ask(server.endpoint, '/setup_lakefs', {
        method: 'POST',
        body: JSON.stringify({ username: 'somebody' }),
      });
      expect(takeOver.status).toBe(409);
      const repository = { name: `lake-${variant}`, storage_namespace: `s3://${BUCKET}/${variant}` };
      const made = await ask(server.endpoint, '/repositories', { method: 'POST', body: JSON.stringify(repository) });
      expect(made.status).toBe(201);
      const content = new FormData();
      content.append('content', new Blob(['rows']), 'rows');
      const uploaded = await ask(server.endpoint, `/repositories/lake-${variant}/branches/main/objects?path=a/rows`, {
        method: 'POST',
        body: content,
      });
      expect(uploaded.status).toBe(201);
      const objects = await s3().send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `${variant}/data/` }));
      expect(objects.KeyCount).toBe(1);
      expect(await server.stop(), 'SIGTERM ends it in order').toBe(0);
      noSecretIn(server.output());

      expect(await task.firstStart()).toEqual({ code: 0, output: 'first start: the admin was there\n' });
      const again = await task.serve();
      expect((await ask(again.endpoint, '/repositories')).status).toBe(200);
      await again.stop();
    });

    test('first tasks that race: one makes the admin, the others find it, its key pair works', async () => {
      await make(template, 'race');
      const ended = await Promise.all([1, 2, 3].map(() => taskOn('race').firstStart()));
      expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
      const outputs = ended.map(({ output }) => output.trim().split('\n').at(-1)).toSorted();
      expect(outputs).toEqual([
        'first start: the admin is made',
        'first start: the admin was there',
        'first start: the admin was there',
      ]);
      const server = await taskOn('race').serve();
      expect((await ask(server.endpoint, '/repositories')).status).toBe(200);
      await server.stop();
    });

    test('without a key pair nothing is set up, and nobody’s key is made', async () => {
      await make(template, 'empty');
      const task = taskOn('empty');
      for (const missing of ['SETUP_ACCESS_KEY_ID', 'SETUP_SECRET_ACCESS_KEY', 'LAKEFS_AUTH_ENCRYPT_SECRET_KEY']) {
        const { code, output } = await task.firstStart({ [missing]: '' });
        expect(code).not.toBe(0);
        expect(output).toMatch(new RegExp(`${missing}: is empty\\s*$`));
      }
      expect((await task.firstStart()).output).toBe('first start: the admin is made\n');
    });

    test('a store that does not let it in: the cause is told, no secret is', async () => {
      const { code, output } = await taskOn('whole').firstStart(wrong);
      expect(code).toBe(1);
      expect(output.trim().split('\n')).toHaveLength(10);
      expect(output).toMatch(cause);
      noSecretIn(output);
      expect(output).not.toContain('not-the-password');
    });

    test('a store of another encryption secret: the server is healthy, and refuses every call', async () => {
      const task = taskOn('whole');
      const other = { LAKEFS_AUTH_ENCRYPT_SECRET_KEY: 'y'.repeat(64) };
      expect(await task.firstStart(other)).toEqual({ code: 0, output: 'first start: the admin was there\n' });
      const server = await task.serve(other);
      expect((await ask(server.endpoint, '/repositories')).status).toBe(401);
      // The answer may be here before the log is.
      await expect.poll(() => server.output(), { timeout: 10_000 }).toContain('could not decrypt value');
      await server.stop();
    });
  });

  test('a restored database keeps its admin, and the key pair of the secrets that were kept works', async () => {
    const template = special('plain');
    const secrets = generateSecrets(template);
    const containers = containersOf(template, secrets);
    const on = (name: string): Task => new Task(BIN ?? '', containers, { ...common(), ...STORES.plain.settings(name) });
    await postgres.createDatabase('before');
    const before = on('before');
    expect((await before.firstStart()).code).toBe(0);
    await postgres.copyDatabase('before', 'restored');
    const restored = on('restored');
    expect(await restored.firstStart()).toEqual({ code: 0, output: 'first start: the admin was there\n' });
    const server = await restored.serve();
    const pair = JSON.parse(secrets.get('SecretsCredentials') ?? '{}') as Record<string, string>;
    const basic = Buffer.from(`${pair['access_key_id'] ?? ''}:${pair['secret_access_key'] ?? ''}`).toString('base64');
    const answer = await fetch(`${server.endpoint}/api/v1/repositories`, {
      headers: { authorization: `Basic ${basic}` },
    });
    expect(answer.status).toBe(200);
    await server.stop();
    for (const task of [before, restored]) task.close();
  });
});

/**
 * `cdk deploy --all` with `lakefs.server`: both stacks into a local AWS of their own, which runs no containers. So those of the deployed
 * task definition are run here, with the secrets, the table and the bucket that the deployment made: a real lakeFS where LAKEFS_BIN
 * names one, the emulator otherwise. Then both stacks are removed and deployed onto what they left.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { DescribeSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod';
import { createLakefs } from '../../lambdas/adapters/lakefs/client.ts';
import { FUNCTION, type FunctionName, functionName } from '../../lambdas/contract.ts';
import type { Run } from '../../lambdas/domain/run.ts';
import type { Check } from '../../lambdas/payloads.ts';
import type { Lakefs } from '../../lambdas/ports.ts';
import { connect } from '../../local/clients.ts';
import { bootstrap, type CdkOptions, deployPrepared, destroyAll, synth } from '../../local/deploy.ts';
import { type Front, startFront } from '../../local/front.ts';
import { freePort, type GuardedProcess, startGuarded, waitUntilServing } from '../../local/guarded.ts';
import { prepareAssembly } from '../../local/lacking.ts';
import { serverEnvironment } from '../../local/lakefs-settings.ts';
import { awsEnvironment, cleanEnvironment, type Ministack, REGION, startMinistack } from '../../local/ministack.ts';
import { PROJECT, VENV } from '../../local/paths.ts';
import { type Running, Task } from '../contract/deployed/task.ts';
import { localState } from './setup/environment.ts';

const BIN = process.env['LAKEFS_BIN'];
const SERVER = 'BranchlineLakefs';
const CONTROL_PLANE = 'BranchlineControlPlane';
const BUCKET = 'branchline-both-stacks';

let folder = '';
let front: Front;
let ministack: Ministack;
let aws: ReturnType<typeof connect>;
let address = '';
let server: { stop(): Promise<unknown>; output(): string } | undefined;
let options: CdkOptions;

const outputsOf = async (stack: string): Promise<Readonly<Record<string, string>>> => {
  const { Stacks: [found] = [] } = await aws.cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
  return Object.fromEntries(
    (found?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey ?? '', OutputValue ?? '']),
  );
};

const secretOf = async (arn: string): Promise<string> =>
  (await aws.secrets.send(new GetSecretValueCommand({ SecretId: arn }))).SecretString ?? '';

/** The local CloudFormation says a secret's name where AWS says its ARN. */
const arnOf = async (secret = ''): Promise<string> =>
  (await aws.secrets.send(new DescribeSecretCommand({ SecretId: secret }))).ARN ?? '';

const definition = z.object({
  taskDefinition: z.object({
    containerDefinitions: z.array(
      z.object({
        name: z.string(),
        command: z.array(z.string()),
        entryPoint: z.array(z.string()).default(['lakefs']),
        environment: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
        secrets: z.array(z.object({ name: z.string(), valueFrom: z.string() })).default([]),
      }),
    ),
  }),
});

/** The local ECS gives back what the template said, with the template's capitals. */
const lowered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(lowered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [`${key.slice(0, 1).toLowerCase()}${key.slice(1)}`, lowered(inner)]),
  );
};

/** ECS by hand: its client is no dependency of the project. */
const ecs = async (action: string, body: object): Promise<unknown> => {
  const answer = await fetch(ministack.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AmazonEC2ContainerServiceV20141113.${action}`,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/ecs/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  });
  return lowered(await answer.json());
};

/** As ECS gives them to a task: what `ARN:field::` names is looked up at the start. */
const containers = async () => {
  const { taskDefinitionArns } = z
    .object({ taskDefinitionArns: z.array(z.string()) })
    .parse(await ecs('ListTaskDefinitions', {}));
  const { taskDefinition } = definition.parse(
    await ecs('DescribeTaskDefinition', { taskDefinition: taskDefinitionArns.at(-1) }),
  );
  return Promise.all(
    taskDefinition.containerDefinitions.map(async ({ name, command, entryPoint, environment, secrets }) => {
      const values = await Promise.all(
        secrets.map(async (secret) => {
          const [, arn = '', field] = /^(.+?)(?::(\w+)::)?$/.exec(secret.valueFrom) ?? [];
          const value = await secretOf(arn);
          return [
            secret.name,
            field === undefined ? value : (z.record(z.string(), z.string()).parse(JSON.parse(value))[field] ?? ''),
          ];
        }),
      );
      return {
        name,
        command: [...entryPoint, ...command],
        environment: {
          ...Object.fromEntries(environment.map((each) => [each.name, each.value])),
          ...Object.fromEntries(values),
          AWS_REGION: REGION,
        } as Record<string, string>,
      };
    }),
  );
};

const keys = async () => {
  const { CredentialsSecretArn = '' } = await outputsOf(SERVER);
  const pair = z
    .object({ access_key_id: z.string(), secret_access_key: z.string() })
    .parse(JSON.parse(await secretOf(CredentialsSecretArn)));
  return { accessKeyId: pair.access_key_id, secretAccessKey: pair.secret_access_key };
};

const lakefs = async (): Promise<Lakefs> => {
  const pair = await keys();
  return createLakefs({
    endpoint: `http://${address}`,
    credentials: { get: async () => pair, refresh: async () => pair },
  });
};

const startReal = async (bin: string): Promise<typeof server> => {
  const task = new Task(bin, await containers(), {
    ...awsEnvironment(ministack.url),
    LAKEFS_DATABASE_DYNAMODB_ENDPOINT: ministack.url,
    LAKEFS_BLOCKSTORE_S3_ENDPOINT: ministack.url,
    LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE: 'true',
    LAKEFS_BLOCKSTORE_S3_DISCOVER_BUCKET_REGION: 'false',
  });
  const first = await task.firstStart();
  if (first.code !== 0) throw new Error(`the first start failed: ${first.output}`);
  const running: Running = await task.serve({ LAKEFS_LISTEN_ADDRESS: address });
  return {
    output: () => first.output + running.output(),
    stop: async () => {
      await running.stop();
      task.close();
    },
  };
};

/** Keeps its metadata in memory: one for the whole test. */
const startEmulated = async (): Promise<typeof server> => {
  const started: GuardedProcess = await startGuarded({
    name: 'lakeFS emulator',
    command: process.execPath,
    args: [join(PROJECT, 'local', 'emulator', 'main.ts')],
    cwd: PROJECT,
    env: {
      ...cleanEnvironment(),
      ...serverEnvironment({
        ...{
          keys: await keys(),
          listen: address,
          databasePath: join(folder, 'kv'),
          s3: ministack.url,
          encryptionKey: 'none',
        },
      }),
    },
    logFile: join(folder, 'emulator.log'),
  });
  await waitUntilServing(started, `http://${address}/_health`, 60_000);
  return { output: () => '', stop: () => started.stop() };
};

const deployWith = async (more: { readonly server?: object; readonly controlPlane?: object } = {}) => {
  const config = {
    lakefs: { server: { plainHttp: true, database: { kind: 'dynamodb' }, ...more.server } },
    ...(more.controlPlane === undefined ? {} : { controlPlane: more.controlPlane }),
    repositories: { lake: { storageNamespace: `s3://${BUCKET}/lake` } },
    pipelines: { all: { jobs: ['both-*'], repository: 'lake' } },
  };
  await writeFile(options.configFile, stringify(config));
  await synth(options);
  const left = await prepareAssembly(options.output, address);
  // On AWS the first stack is complete when ECS has its tasks healthy; here that is done between.
  await deployPrepared(options, SERVER);
  server ??= BIN === undefined ? await startEmulated() : await startReal(BIN);
  await deployPrepared(options, '--all');
  return left;
};

const invoke = async <T>(name: FunctionName, payload: object): Promise<T> => {
  const FunctionName = functionName('branchline', name);
  const answer = await aws.lambda.send(
    new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(payload)) }),
  );
  const said = JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as T;
  if (answer.FunctionError !== undefined) throw new Error(JSON.stringify(said));
  return said;
};

const doctor = async (): Promise<readonly Check[]> =>
  (await invoke<{ readonly checks: readonly Check[] }>(FUNCTION.inspect, { query: 'doctor' })).checks;

beforeAll(async () => {
  // The environment of the other tests gave its proof that everything is installed.
  expect(localState().stateVersion).toBe(1);
  folder = mkdtempSync(join(tmpdir(), 'branchline-both-'));
  mkdirSync(join(folder, 'logs'));
  front = await startFront();
  ministack = await startMinistack({
    pythonBin: join(VENV, 'bin'),
    clientEndpoint: front.url,
    scratch: folder,
    logFile: join(folder, 'logs', 'aws.log'),
  });
  front.passTo(ministack.url);
  aws = connect(ministack.url);
  address = `127.0.0.1:${String(await freePort())}`;
  options = {
    endpoint: ministack.url,
    output: join(folder, 'cdk.out'),
    logFile: join(folder, 'logs', 'cdk.log'),
    configFile: join(folder, 'branchline.yaml'),
  };
  await bootstrap(options);
});

afterAll(async () => {
  await server?.stop();
  aws?.destroy();
  await ministack?.process.stop();
  await front?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A deployment of everything on a machine that does something else besides. */
const PATIENCE = 400_000;

let kept = '';
const RUN_ID = 'before';
const runs = () =>
  invoke<{ readonly attempts: readonly { readonly run: Run }[] }>(FUNCTION.inspect, { query: 'run', runId: RUN_ID });

test('both stacks are deployed; the second uses what the first exports, and its functions find a healthy server', {
  timeout: PATIENCE,
}, async () => {
  const left = await deployWith();
  expect(left).toEqual({
    'AWS::ApplicationAutoScaling::ScalableTarget': 1,
    'AWS::ApplicationAutoScaling::ScalingPolicy': 2,
    'AWS::Backup::BackupSelection': 1,
    'AWS::EC2::EIP': 2,
    'AWS::EC2::FlowLog': 1,
    'AWS::EC2::NatGateway': 2,
    // The two ways out through the gateways.
    'AWS::EC2::Route': 2,
    'AWS::EC2::SecurityGroupEgress': 4,
    'AWS::EC2::SecurityGroupIngress': 4,
    'AWS::SecretsManager::RotationSchedule': 1,
  });
  const checks = await doctor();
  expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
  expect(checks.find(({ name }) => name === 'TLS of lakeFS')).toMatchObject({ status: 'warning' });
  for (const name of [
    'health of lakeFS',
    'metadata store',
    'target lake/main',
    'storage of lake',
    'presigned access to lake',
  ])
    expect(
      checks.find((check) => check.name === name),
      name,
    ).toMatchObject({ status: 'ok' });
});

test('what is written lies in the bucket that was deployed, and in nothing that is printed stands a secret', async () => {
  const lake = await lakefs();
  const head = (await lake.getBranch('lake', 'main'))?.commitId ?? '';
  await lake.createBranch('lake', 'by-hand', head);
  await lake.putObject('lake', 'by-hand', 'kept.txt', Buffer.from('kept'));
  await lake.commit('lake', 'by-hand', { message: 'kept', metadata: {} });
  const merged = await lake.merge('lake', (await lake.getBranch('lake', 'by-hand'))?.commitId ?? '', 'main', {
    message: 'kept',
    metadata: {},
  });
  expect(merged.outcome).toBe('merged');
  kept = (await lake.getBranch('lake', 'main'))?.commitId ?? '';
  const { Contents = [] } = await aws.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  expect(Contents.length).toBeGreaterThan(0);
  const secrets = (await containers()).flatMap(({ environment }) =>
    Object.entries(environment).flatMap(([name, value]) => (/SECRET|PASSWORD/.test(name) ? [value] : [])),
  );
  expect(secrets.length).toBeGreaterThan(0);
  const said = `${server?.output() ?? ''}${readFileSync(options.logFile, 'utf8')}`;
  expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
  // Something that the second deployment has to know again.
  await invoke(FUNCTION.claimRun, { jobName: 'both-a', jobRunId: 'jr_1', runId: RUN_ID });
  expect((await runs()).attempts[0]?.run).toMatchObject({ jobRunId: 'jr_1', baseCommit: kept });
});

test('removed, both stacks leave data, secrets and ledger; deployed again, they take all of it up', {
  timeout: PATIENCE,
}, async () => {
  const [first, second] = [await outputsOf(SERVER), await outputsOf(CONTROL_PLANE)];
  const before = await keys();
  if (BIN !== undefined) {
    await server?.stop();
    server = undefined;
  }
  await destroyAll(options);
  await expect(outputsOf(SERVER)).rejects.toThrow(/does not exist/);
  await deployWith({
    server: {
      adopt: {
        bucketKeyArn: first['BucketKeyArn'],
        secretsKeyArn: first['SecretsKeyArn'],
        credentialsSecretArn: await arnOf(first['CredentialsSecretArn']),
        encryptionSecretArn: await arnOf(first['EncryptionSecretArn']),
        tableArn: first['MetadataTableArn'],
      },
    },
    controlPlane: { adoptLedger: second['LedgerStreamArn'] },
  });
  expect(await keys()).toEqual(before);
  const lake = await lakefs();
  expect((await lake.getBranch('lake', 'main'))?.commitId).toBe(kept);
  expect(Buffer.from((await lake.getObject('lake', 'main', 'kept.txt')) ?? []).toString()).toBe('kept');
  expect((await doctor()).filter(({ status }) => status === 'failed')).toEqual([]);
  expect((await runs()).attempts[0]?.run).toMatchObject({ jobRunId: 'jr_1', baseCommit: kept });
});

/** The local environment as a whole: local AWS, lakeFS, the deployed control plane, and the relay of Glue's events. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { SECRET_KEY } from '../lambdas/contract.ts';
import { connect } from './clients.ts';
import { installCollector } from './collector.ts';
import { CONTROL_PLANE_STACK, EXPORT_BUCKET, writeConfig } from './config.ts';
import { bootstrap, type CdkOptions, deploy, describeStack } from './deploy.ts';
import { startFront } from './front.ts';
import { type Gate, startGate } from './gate.ts';
import { chooseLakefs, type LakefsServer, startLakefs } from './lakefs.ts';
import { ACCOUNT, CREDENTIALS, REGION, startMinistack } from './ministack.ts';
import { LOCAL, logDirectory, scratchDirectory } from './paths.ts';
import type { Progress } from './progress.ts';
import { ensurePython } from './python.ts';
import { type Delivery, startRelay } from './relay.ts';
import { isAlive, type LocalState } from './state.ts';

const LAKE_BUCKET = 'branchline-lake';
const SCRIPT_BUCKET = 'branchline-jobs';
const SECRET_NAME = 'branchline/lakefs';

export interface Environment {
  readonly state: LocalState;
  /** Ends everything that was started, in reverse, and deletes the scratch folder. Safe to repeat. */
  stop(): Promise<void>;
}

export interface EnvironmentOptions {
  /** What it is for: names the folder of its logs. */
  readonly label: string;
  readonly progress: Progress;
  /** Told of what goes wrong in the background. */
  readonly onError: (error: Error) => void;
}

/** Steps to take back, last first; one that fails does not keep the others from being taken. */
class Undo {
  readonly #steps: (() => Promise<unknown>)[] = [];
  #running: Promise<void> | undefined;

  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  run(): Promise<void> {
    this.#running ??= (async () => {
      for (const step of this.#steps.toReversed()) await step().catch(() => undefined);
    })();
    return this.#running;
  }
}

/** Folders of environments that were killed. */
const removeStaleScratch = async (): Promise<void> => {
  for (const name of await readdir(LOCAL).catch(() => [])) {
    const pid = /^scratch-.*-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(LOCAL, name), { recursive: true, force: true });
  }
};

const gateFor = async (server: LakefsServer): Promise<Gate | undefined> =>
  // A gate changes the host name, which a certificate would not fit.
  new URL(server.endpoint).protocol === 'http:' ? startGate(server.endpoint) : undefined;

/** @throws where anything does not start; what had been started is ended first. */
export const startEnvironment = async (options: EnvironmentOptions): Promise<Environment> => {
  const undo = new Undo();
  try {
    return { state: await start(options, undo), stop: () => undo.run() };
  } catch (error) {
    await undo.run();
    throw error;
  }
};

/** Where `cdk` finds this environment. */
export const cdkOptionsOf = (state: LocalState): CdkOptions => ({
  endpoint: state.aws.endpoint,
  output: join(dirname(state.stack.configFile), 'cdk.out'),
  logFile: join(state.logs, 'cdk.log'),
  configFile: state.stack.configFile,
});

/** Deploys what is in the work tree now into an environment that runs. */
export const redeploy = async (state: LocalState): Promise<void> => {
  await deploy(cdkOptionsOf(state), state.stack.name);
  const aws = connect(state.aws.endpoint);
  try {
    await installCollector(aws, state.scriptBucket);
  } finally {
    aws.destroy();
  }
};

const start = async ({ label, progress, onError }: EnvironmentOptions, undo: Undo): Promise<LocalState> => {
  const choice = await chooseLakefs();
  const pythonBin = await ensurePython(progress);
  const logs = logDirectory(label);
  const scratch = scratchDirectory(label);
  await removeStaleScratch();
  await rm(logs, { recursive: true, force: true });
  await mkdir(logs, { recursive: true });
  await mkdir(scratch, { recursive: true });
  undo.add(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));

  progress.step('starting the local AWS');
  const front = await startFront();
  undo.add(() => front.close());
  const ministack = await startMinistack({
    pythonBin,
    clientEndpoint: front.url,
    scratch,
    logFile: join(logs, 'ministack.log'),
  });
  undo.add(() => ministack.process.stop());
  front.passTo(ministack.url);
  const aws = connect(front.url);
  undo.add(async () => aws.destroy());
  for (const Bucket of [LAKE_BUCKET, SCRIPT_BUCKET, EXPORT_BUCKET])
    await aws.s3.send(new CreateBucketCommand({ Bucket }));

  progress.step('starting lakeFS');
  const lakefs = await startLakefs({
    choice,
    s3: front.url,
    bucket: LAKE_BUCKET,
    scratch,
    logFile: join(logs, 'lakefs.log'),
  });
  undo.add(async () => lakefs.process?.stop());
  const gate = await gateFor(lakefs);
  undo.add(async () => gate?.shut());
  const endpoint = gate?.url ?? lakefs.endpoint;

  progress.step('cdk bootstrap');
  const secret = await aws.secrets.send(
    new CreateSecretCommand({
      Name: SECRET_NAME,
      SecretString: JSON.stringify({
        [SECRET_KEY.accessKeyId]: lakefs.keys.accessKeyId,
        [SECRET_KEY.secretAccessKey]: lakefs.keys.secretAccessKey,
      }),
    }),
  );
  const cdkOptions: CdkOptions = {
    endpoint: front.url,
    output: join(scratch, 'cdk.out'),
    logFile: join(logs, 'cdk.log'),
    configFile: join(scratch, 'branchline.yaml'),
  };
  const secretArn = secret.ARN ?? SECRET_NAME;
  await writeConfig(cdkOptions.configFile, {
    endpoint,
    secretArn,
    repository: lakefs.repository,
    storageNamespace: lakefs.storageNamespace,
  });
  await bootstrap(cdkOptions);
  progress.step('cdk deploy');
  await deploy(cdkOptions, CONTROL_PLANE_STACK);
  await installCollector(aws, SCRIPT_BUCKET);
  progress.done('deployed the control plane');

  const relay = startRelay(front.url, onError);
  undo.add(() => relay.stop());
  const state: LocalState = {
    stateVersion: 1,
    pid: process.pid,
    startedAt: new Date().toISOString(),
    aws: {
      endpoint: front.url,
      region: REGION,
      account: ACCOUNT,
      accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID,
      secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    },
    lakefs: {
      kind: lakefs.kind,
      description: lakefs.description,
      version: lakefs.version,
      endpoint,
      ...lakefs.keys,
      secretArn,
      gated: gate !== undefined,
      repository: lakefs.repository,
      storageNamespace: lakefs.storageNamespace,
    },
    stack: await describeStack(aws.cloudFormation, CONTROL_PLANE_STACK, cdkOptions.configFile),
    scriptBucket: SCRIPT_BUCKET,
    logs,
  };
  front.handle('state', () => state);
  front.handle('relay', (method, body) => {
    if (method === 'PUT') relay.deliver((body as { deliveries: readonly Delivery[] }).deliveries);
    return { delivered: relay.delivered() };
  });
  front.handle('lakefs', async (method, body) => {
    if (method === 'PUT') await ((body as { open: boolean }).open ? gate?.open() : gate?.shut());
    return { gated: gate !== undefined, open: gate?.isOpen() ?? true };
  });
  return state;
};

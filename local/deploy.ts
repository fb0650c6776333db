/** The real thing, into the local AWS: `cdk bootstrap` and `cdk deploy` by the CDK's own command line. */
import { spawn } from 'node:child_process';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { DEFAULT_PREFIX, FUNCTION, type FunctionName } from '../lambdas/contract.ts';
import { ACCOUNT, awsEnvironment, cleanEnvironment, REGION } from './ministack.ts';
import { PROJECT } from './paths.ts';
import type { StackState } from './state.ts';

const CDK = join(PROJECT, 'node_modules', 'aws-cdk', 'bin', 'cdk');

export interface CdkOptions {
  /** Endpoint of the local AWS. */
  readonly endpoint: string;
  /** Folder for the synthesized templates. */
  readonly output: string;
  readonly logFile: string;
  /** branchline.yaml of this deployment. */
  readonly configFile: string;
  /** Folder of templates that are there already. @default the project's app makes them */
  readonly app?: string;
}

/** Many times what it takes: a custom resource whose function never answers would keep CloudFormation waiting for an hour. */
const TIMEOUT_MS = 600_000;

/** @throws with the end of what cdk printed where it fails or takes too long. */
const cdk = async (options: CdkOptions, args: readonly string[], cwd = PROJECT): Promise<void> => {
  await mkdir(dirname(options.logFile), { recursive: true });
  const env: NodeJS.ProcessEnv = {
    ...cleanEnvironment(),
    ...awsEnvironment(options.endpoint),
    CDK_DEFAULT_ACCOUNT: ACCOUNT,
    CDK_DEFAULT_REGION: REGION,
    BRANCHLINE_CONFIG: options.configFile,
    NO_COLOR: '1',
    CI: 'true',
  };
  delete env.FORCE_COLOR;
  const source = options.app === undefined ? ['--output', options.output] : ['--app', options.app];
  const child = spawn(process.execPath, [CDK, '--no-notices', '--no-version-reporting', ...source, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  let said = '';
  const note = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const end = (): void => void child.kill('SIGTERM');
  process.once('exit', end);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  process.removeListener('exit', end);
  await appendFile(options.logFile, `$ cdk ${args.join(' ')}\n${said}\n`);
  if (code !== 0) {
    const tail = said.trimEnd().split('\n').slice(-25).join('\n');
    const how =
      code === null ? `did not end within ${String(TIMEOUT_MS / 1000)} s` : `failed with code ${String(code)}`;
    throw new Error(`cdk ${args[0] ?? ''} ${how}; all of it in the folder of ${options.logFile}:\n${tail}`);
  }
};

/**
 * Once per account, as in a real one: the bucket and roles that `cdk deploy` uses. In the log's folder, where no cdk.json
 * lies: with an app at hand the CDK would synthesize it first.
 */
export const bootstrap = (options: CdkOptions): Promise<void> =>
  cdk(options, ['bootstrap', `aws://${ACCOUNT}/${REGION}`], dirname(options.logFile));

interface Resource {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
}

const resourcesOf = async (client: CloudFormationClient, stack: string): Promise<Resource[]> => {
  const resources: Resource[] = [];
  for await (const page of paginateListStackResources({ client }, { StackName: stack })) {
    for (const entry of page.StackResourceSummaries ?? []) {
      const { LogicalResourceId: logicalId, PhysicalResourceId: physicalId, ResourceType: type } = entry;
      if (logicalId !== undefined && physicalId !== undefined && type !== undefined)
        resources.push({ logicalId, physicalId, type });
    }
  }
  return resources;
};

const only = (resources: readonly Resource[], type: string): string => {
  const found = resources.filter((resource) => resource.type === type);
  const [first] = found;
  if (first === undefined)
    throw new Error(`the stack has no ${type}; it has ${resources.map((each) => each.type).join(', ')}`);
  return first.physicalId;
};

/** What the deployed stack is made of, asked from CloudFormation. */
export const describeStack = async (
  client: CloudFormationClient,
  name: string,
  configFile: string,
): Promise<StackState> => {
  const resources = await resourcesOf(client, name);
  const names = new Set(
    resources.filter((resource) => resource.type === 'AWS::Lambda::Function').map((resource) => resource.physicalId),
  );
  const functions: Partial<Record<FunctionName, string>> = {};
  for (const short of Object.values(FUNCTION)) {
    const deployed = `${DEFAULT_PREFIX}-${short}`;
    if (names.has(deployed)) functions[short] = deployed;
  }
  return {
    name,
    functions,
    queues: Object.fromEntries(
      resources
        .filter((resource) => resource.type === 'AWS::SQS::Queue')
        .map((resource) => [resource.logicalId, resource.physicalId]),
    ),
    buckets: resources.filter((resource) => resource.type === 'AWS::S3::Bucket').map((resource) => resource.physicalId),
    ledgerTable: only(
      resources.map((resource) =>
        resource.type === 'AWS::DynamoDB::GlobalTable' ? { ...resource, type: 'AWS::DynamoDB::Table' } : resource,
      ),
      'AWS::DynamoDB::Table',
    ),
    bus: only(resources, 'AWS::Events::EventBus'),
    configFile,
  };
};

/** Writes the templates of all stacks, to be changed before `deployPrepared`. */
export const synth = (options: CdkOptions): Promise<void> => cdk(options, ['synth', '--quiet']);

/** From the folder that `synth` wrote. */
const fromFolder = (options: CdkOptions): CdkOptions & { readonly app: string } => ({
  ...options,
  app: options.output,
});

/** @param stacks `--all`, or the name of one. */
export const deployPrepared = (options: CdkOptions, stacks: string): Promise<void> =>
  cdk(fromFolder(options), ['deploy', stacks, '--require-approval', 'never', '--progress', 'events']);

export const destroyAll = (options: CdkOptions): Promise<void> =>
  cdk(fromFolder(options), ['destroy', '--all', '--force']);

/** `cdk deploy` of the control plane; a repeat without a change is a no-op. */
export const deploy = (options: CdkOptions, stack: string): Promise<void> =>
  cdk(options, ['deploy', stack, '--require-approval', 'never', '--progress', 'events']);

export const destroy = (options: CdkOptions, stack: string): Promise<void> =>
  cdk(options, ['destroy', stack, '--force']);

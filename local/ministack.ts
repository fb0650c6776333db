/** ministack, the local AWS: S3, Lambda, EventBridge, SQS, DynamoDB, Glue, CloudFormation and more in one process. */
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { freePort, type GuardedProcess, startGuarded, waitUntilServing } from './guarded.ts';
import { NODE_BIN, PROJECT } from './paths.ts';

export const REGION = 'us-east-1';
/** ministack takes twelve digits as access key for the account. */
export const ACCOUNT = '000000000000';
/** What every AWS client of the local environment uses. They open nothing. */
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' } as const;

/**
 * Variables that must not reach the local AWS: with them a client would talk to a real account, and npm within npm would do
 * what the outer one was told to.
 */
const FOREIGN = /^(AWS_|LAKEFS_|BRANCHLINE_|CDK_|npm_)/;

/** This process's environment without anybody's real AWS or lakeFS settings. */
export const cleanEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));

/** The standard AWS variables for a process that is to use the local AWS. */
export const awsEnvironment = (endpoint: string): Record<string, string> => ({
  ...CREDENTIALS,
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  // Neither a person's profile nor the machine's role may come in between.
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
});

export interface Ministack {
  readonly process: GuardedProcess;
  /** `http://127.0.0.1:PORT` of ministack itself; clients use the front's. */
  readonly url: string;
}

export interface MinistackOptions {
  /** `bin` of the venv that holds ministack. */
  readonly pythonBin: string;
  /** Endpoint that Lambdas and Glue jobs are to use. */
  readonly clientEndpoint: string;
  readonly scratch: string;
  readonly logFile: string;
}

export const startMinistack = async (options: MinistackOptions): Promise<Ministack> => {
  const port = await freePort();
  const temporary = join(options.scratch, 'tmp');
  await mkdir(temporary, { recursive: true });
  // ministack's Node worker is CommonJS in a `.js` file: this project's own package.json, above it, must not say otherwise.
  await writeFile(join(temporary, 'package.json'), '{ "type": "commonjs" }\n');
  const process = await startGuarded({
    name: 'ministack',
    command: join(options.pythonBin, 'ministack'),
    args: [],
    cwd: PROJECT,
    logFile: options.logFile,
    env: {
      ...cleanEnvironment(),
      ...awsEnvironment(options.clientEndpoint),
      // Lambdas run as `node` from PATH, Python-shell jobs as `python3` from PATH.
      PATH: [NODE_BIN, options.pythonBin, globalThis.process.env.PATH ?? ''].join(delimiter),
      // On AWS `--extra-py-files` brings the job library; the local Glue knows that for Spark jobs alone.
      PYTHONPATH: join(PROJECT, 'glue'),
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_REGION: REGION,
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      // ministack keeps scripts and code in the system's temporary folder by base name: one folder per environment.
      TMPDIR: temporary,
      S3_DATA_DIR: join(options.scratch, 's3'),
      // Servers that nobody asked for: MQTT on 8883 and SFTP would listen on every interface.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      // Docker is for lakeFS at most: jobs and functions run as processes.
      DOCKER_HOST: 'unix:///nonexistent/docker.sock',
      LAMBDA_EXECUTOR: 'local',
    },
  });
  const url = `http://127.0.0.1:${String(port)}`;
  await waitUntilServing(process, `${url}/_ministack/health`, 60_000);
  return { process, url };
};

/** What the demo and the integration tests share: a running environment, and words for what one does with it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateJobCommand,
  DeleteJobCommand,
  GetJobRunCommand,
  type JobRun,
  StartJobRunCommand,
} from '@aws-sdk/client-glue';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createLedger } from '../lambdas/adapters/ledger/ledger.ts';
import type { FunctionName } from '../lambdas/contract.ts';
import { FUNCTION } from '../lambdas/contract.ts';
import type { ObjectStats } from '../lambdas/domain/lakefs.ts';
import { isSettled, needsCleanUp, type Run, type RunKey, type RunState } from '../lambdas/domain/run.ts';
import type { StartRunRequest } from '../lambdas/payloads.ts';
import type { Lakefs } from '../lambdas/ports.ts';
import type { InspectAnswer, RunDetails } from '../lambdas/usecases/inspect.ts';
import type { StartAnswer } from '../lambdas/usecases/start-run.ts';
import { type Clients, connect } from './clients.ts';
import { asEntry, type GlueJobStateChange, isTerminal } from './glue-event.ts';
import type { Delivered, Delivery } from './relay.ts';
import type { LocalState } from './state.ts';
import { waitFor } from './wait.ts';

/** A function answered with an error. `code` is the catalog's (`BL2001`) where it is one of ours. */
export class FunctionError extends Error {
  readonly code: string;

  constructor(name: string, code: string, message: string) {
    super(`${name}: ${code}: ${message}`);
    this.name = 'FunctionError';
    this.code = code;
  }
}

/** Path → checksum of everything that a ref holds. */
export type Listing = ReadonlyMap<string, string>;

export interface JobScript {
  /** File of the script. Its base name is unique: the local Glue keeps scripts by it. */
  readonly file: string;
  readonly defaultArguments?: Readonly<Record<string, string>>;
}

const STATE_TIMEOUT_MS = 60_000;
const JOB_TIMEOUT_MS = 60_000;

export class Harness {
  readonly state: LocalState;
  readonly aws: Clients;
  readonly lakefs: Lakefs;

  constructor(state: LocalState, lakefs: Lakefs) {
    this.state = state;
    this.lakefs = lakefs;
    this.aws = connect(state.aws.endpoint);
  }

  get repository(): string {
    return this.state.lakefs.repository;
  }

  close(): void {
    this.aws.destroy();
  }

  /** Invokes one of the functions and waits for its answer. @throws FunctionError */
  async invoke<T>(name: FunctionName, payload: unknown): Promise<T> {
    const deployed = this.state.stack.functions[name];
    if (deployed === undefined) throw new Error(`the stack has no function ${name}`);
    const answer = await this.aws.lambda.send(
      new InvokeCommand({ FunctionName: deployed, Payload: Buffer.from(JSON.stringify(payload)) }),
    );
    const text = Buffer.from(answer.Payload ?? new Uint8Array()).toString('utf8');
    if (answer.FunctionError !== undefined) {
      const error = JSON.parse(text) as { errorType?: string; errorMessage?: string };
      // The local Lambda forgets an error's name, which AWS takes for `errorType`; our messages begin with it.
      const code = /^BL\d{4}(?= )/.exec(error.errorMessage ?? '')?.[0] ?? error.errorType;
      throw new FunctionError(deployed, code ?? 'unknown', error.errorMessage ?? text);
    }
    return JSON.parse(text) as T;
  }

  // -- Glue -------------------------------------------------------------------------------------------------------

  /** A Python-shell job; one of that name is replaced. */
  async createJob(name: string, script: JobScript): Promise<void> {
    // Job names may be long and odd; the local Glue keeps scripts by the key's last part.
    const key = `${createHash('sha256').update(name).digest('hex').slice(0, 16)}.py`;
    await this.aws.s3.send(
      new PutObjectCommand({ Bucket: this.state.scriptBucket, Key: key, Body: await readFile(script.file) }),
    );
    await this.aws.glue.send(new DeleteJobCommand({ JobName: name }));
    await this.aws.glue.send(
      new CreateJobCommand({
        Name: name,
        Role: `arn:aws:iam::${this.state.aws.account}:role/branchline-local-job`,
        Command: {
          Name: 'pythonshell',
          PythonVersion: '3.9',
          ScriptLocation: `s3://${this.state.scriptBucket}/${key}`,
        },
        DefaultArguments: { ...script.defaultArguments },
        Timeout: 300,
      }),
    );
  }

  async removeJob(name: string): Promise<void> {
    await this.aws.glue.send(new DeleteJobCommand({ JobName: name }));
  }

  /** Straight through Glue, as a trigger or the console would: the job itself claims its run. */
  async startJob(job: string, args: Readonly<Record<string, string>>): Promise<string> {
    const answer = await this.aws.glue.send(new StartJobRunCommand({ JobName: job, Arguments: args }));
    if (answer.JobRunId === undefined) throw new Error(`Glue started ${job} without telling a job run id`);
    return answer.JobRunId;
  }

  /** Through start-run. */
  startRun(request: StartRunRequest): Promise<StartAnswer> {
    return this.invoke<StartAnswer>(FUNCTION.startRun, request);
  }

  waitForJob(job: string, jobRunId: string, timeoutMs = JOB_TIMEOUT_MS): Promise<JobRun> {
    let seen = '';
    return waitFor(
      async () => {
        const { JobRun: run } = await this.aws.glue.send(new GetJobRunCommand({ JobName: job, RunId: jobRunId }));
        seen = run?.JobRunState ?? 'nothing';
        return run !== undefined && isTerminal(run.JobRunState) && run.CompletedOn ? run : undefined;
      },
      { what: `job run ${jobRunId} of ${job} has ended`, timeoutMs },
      () => seen,
    );
  }

  /** Sends an event about a job run as Glue would have. */
  async sendEvent(detail: GlueJobStateChange): Promise<void> {
    await this.aws.events.send(new PutEventsCommand({ Entries: [asEntry(detail)] }));
  }

  // -- The environment's own controls -----------------------------------------------------------------------------

  async #local<T>(name: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.state.aws.endpoint}/_local/${name}`, {
      method: body === undefined ? 'GET' : 'PUT',
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`/_local/${name}: ${String(answer.status)} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** How Glue's events arrive from now on; without rules: once each, at once. */
  async deliver(...deliveries: readonly Delivery[]): Promise<void> {
    await this.#local('relay', { deliveries });
  }

  async delivered(): Promise<readonly Delivered[]> {
    return (await this.#local<{ delivered: readonly Delivered[] }>('relay')).delivered;
  }

  /** Whether lakeFS can be reached by anybody. @throws where this lakeFS has no gate. */
  async lakefsReachable(open: boolean): Promise<void> {
    const answer = await this.#local<{ gated: boolean }>('lakefs', { open });
    if (!answer.gated) throw new Error('an outage cannot be tried with this lakeFS: it is reached over TLS');
  }

  // -- What ledger and lakeFS say ---------------------------------------------------------------------------------

  /** All attempts of a run, by the function that operators ask. */
  async attempts(runId: string): Promise<readonly RunDetails[]> {
    const answer = await this.invoke<InspectAnswer>(FUNCTION.inspect, { query: 'run', runId });
    if (!('attempts' in answer)) throw new Error(`inspect answered ${JSON.stringify(answer)}`);
    return answer.attempts;
  }

  async run(runId: string, attempt = 0): Promise<Run | undefined> {
    return (await this.attempts(runId)).find((details) => details.run.attempt === attempt)?.run;
  }

  /** The entry as the table holds it: for times when inspect, which asks lakeFS too, cannot answer. */
  async ledgerEntry(key: RunKey): Promise<Run | undefined> {
    return createLedger({
      client: DynamoDBDocumentClient.from(this.aws.dynamo),
      tableName: this.state.stack.ledgerTable,
    }).getRun(key);
  }

  waitForRun(runId: string, states: readonly RunState[], timeoutMs = STATE_TIMEOUT_MS): Promise<Run> {
    let seen: Run | undefined;
    return waitFor(
      async () => {
        seen = await this.run(runId);
        return seen !== undefined && states.includes(seen.state) ? seen : undefined;
      },
      { what: `run ${runId} is ${states.join(' or ')}`, timeoutMs },
      () => (seen === undefined ? 'no such run' : `${seen.state} ${seen.cause?.message ?? ''}`),
    );
  }

  /** The run when it owes nothing any more: its branch is removed in a step after its promotion. */
  waitForCleanUp(runId: string): Promise<Run> {
    return waitFor(
      async () => {
        const run = await this.run(runId);
        return run !== undefined && isSettled(run.state) && !needsCleanUp(run) ? run : undefined;
      },
      { what: `run ${runId} owes nothing`, timeoutMs: STATE_TIMEOUT_MS },
    );
  }

  /** Commit id of a branch. */
  async head(branch: string): Promise<string> {
    const ref = await this.lakefs.getBranch(this.repository, branch);
    if (ref === undefined) throw new Error(`branch ${branch} does not exist`);
    return ref.commitId;
  }

  async branchExists(branch: string): Promise<boolean> {
    return (await this.lakefs.getBranch(this.repository, branch)) !== undefined;
  }

  /** Everything that a ref holds, or what lies below a prefix of it. */
  async listing(ref: string, prefix?: string): Promise<Listing> {
    const listing = new Map<string, string>();
    const objects = this.lakefs.listObjects(this.repository, ref, prefix === undefined ? {} : { prefix });
    for await (const object of objects as AsyncIterable<ObjectStats>) listing.set(object.path, object.checksum);
    return listing;
  }

  // -- Queues -----------------------------------------------------------------------------------------------------

  /** URLs of the queues whose logical id fits. */
  queues(pattern: RegExp): readonly string[] {
    return Object.entries(this.state.stack.queues)
      .filter(([logicalId]) => pattern.test(logicalId))
      .map(([, url]) => url);
  }

  async depth(queueUrl: string): Promise<number> {
    const answer = await this.aws.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: queueUrl,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      }),
    );
    return Object.values(answer.Attributes ?? {}).reduce((sum, count) => sum + Number(count), 0);
  }

  /** Takes what lies in a queue, at most ten messages. */
  async drain(queueUrl: string): Promise<readonly string[]> {
    const answer = await this.aws.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    const bodies: string[] = [];
    for (const message of answer.Messages ?? []) {
      bodies.push(message.Body ?? '');
      await this.aws.sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }));
    }
    return bodies;
  }
}

/** What two listings do not have in common. */
export const difference = (before: Listing, after: Listing): readonly string[] => {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted();
};

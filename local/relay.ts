/**
 * Tells the bus how Glue job runs ended, since ministack's Glue sends no events: asks for the job runs again and again
 * and sends what AWS Glue would send. It can be told to deliver badly, as best-effort events may be delivered.
 */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GlueClient, paginateGetJobRuns, paginateGetJobs } from '@aws-sdk/client-glue';
import { asEntry, type GlueJobStateChange, isTerminal, stateChange } from './glue-event.ts';
import { CREDENTIALS, REGION } from './ministack.ts';

/** How the events of a job are delivered. */
export interface Delivery {
  /** Exact job name; absent: every job. */
  readonly job?: string;
  /** How often the event is sent: 0 loses it, 2 duplicates it. */
  readonly copies: number;
  /** Milliseconds between the end of the job run and the first copy. */
  readonly delayMs: number;
}

/** One event that was due: sent as often as `copies` says. */
export interface Delivered {
  readonly detail: GlueJobStateChange;
  readonly copies: number;
  readonly at: string;
}

export interface Relay {
  /** The first entry that fits a job counts; without one an event is sent once, at once. */
  deliver(rules: readonly Delivery[]): void;
  delivered(): readonly Delivered[];
  stop(): Promise<void>;
}

const POLL_MS = 250;

export const startRelay = (endpoint: string, onError: (error: Error) => void): Relay => {
  const client = {
    endpoint,
    region: REGION,
    credentials: { accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID, secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY },
  };
  const glue = new GlueClient(client);
  const events = new EventBridgeClient(client);
  const told = new Set<string>();
  const delivered: Delivered[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let rules: readonly Delivery[] = [];
  let stopped = false;

  const send = async (detail: GlueJobStateChange, copies: number): Promise<void> => {
    // One call for each copy: they are to be separate events, as they would be from AWS.
    for (let copy = 0; copy < copies; copy += 1) {
      const answer = await events.send(new PutEventsCommand({ Entries: [asEntry(detail)] }));
      if (answer.FailedEntryCount !== 0) throw new Error(`PutEvents refused: ${JSON.stringify(answer.Entries)}`);
    }
    delivered.push({ detail, copies, at: new Date().toISOString() });
  };

  const tell = async (detail: GlueJobStateChange): Promise<void> => {
    const rule = rules.find((each) => each.job === undefined || each.job === detail.jobName);
    const copies = rule?.copies ?? 1;
    const delayMs = rule?.delayMs ?? 0;
    if (delayMs === 0) return send(detail, copies);
    const timer = setTimeout(() => {
      timers.delete(timer);
      send(detail, copies).catch(onError);
    }, delayMs);
    timers.add(timer);
  };

  const look = async (): Promise<void> => {
    for await (const jobs of paginateGetJobs({ client: glue }, {})) {
      for (const job of jobs.Jobs ?? []) {
        if (job.Name === undefined) continue;
        for await (const page of paginateGetJobRuns({ client: glue }, { JobName: job.Name })) {
          for (const run of page.JobRuns ?? []) {
            // ministack sets the state a moment before the time of completion: wait for both.
            if (run.Id === undefined || told.has(run.Id) || !isTerminal(run.JobRunState) || !run.CompletedOn) continue;
            told.add(run.Id);
            await tell(stateChange(job.Name, run.Id, run.JobRunState, run.ErrorMessage));
          }
        }
      }
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopped) {
      await look().catch((error: Error) => {
        if (!stopped) onError(error);
      });
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  const looping = loop();

  return {
    deliver: (next) => {
      rules = next;
    },
    delivered: () => delivered,
    stop: async () => {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      await looping;
      glue.destroy();
      events.destroy();
    },
  };
};

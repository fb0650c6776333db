/** AWS Glue: jobs, their runs, their bookmarks. */
import {
  ConcurrentRunsExceededException,
  EntityNotFoundException,
  GetJobCommand,
  GetJobRunCommand,
  type GlueClient,
  paginateGetJobRuns,
  ResetJobBookmarkCommand,
  ResourceNumberLimitExceededException,
  StartJobRunCommand,
  type JobRun as WireJobRun,
} from '@aws-sdk/client-glue';
import { BranchlineError } from '../domain/errors.ts';
import type { Glue, JobRun } from '../ports.ts';
import { awsErrorName, awsFault, callAws } from './aws-errors.ts';
import { backoffMs, pause } from './pause.ts';

/** Glue: GetJobRuns takes `MaxResults` up to 200. */
const MAX_PAGE = 200;
const MAX_START_TRIES = 5;

export interface GlueOptions {
  /** With adaptive retries: Glue's request rates are undocumented and low. */
  readonly client: GlueClient;
  /**
   * The same without retries, for StartJobRun alone: that call has no client token, so a repeat after a lost answer would start
   * the job twice.
   */
  readonly startClient: GlueClient;
}

/** Glue spells it both ways. Both are answered before anything was started. */
const isThrottled = (error: unknown): boolean =>
  /^(Throttling|ThrottlingException|TooManyRequestsException)$/.test(awsErrorName(error));

const orUndefined = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await call();
  } catch (error) {
    if (error instanceof EntityNotFoundException) return undefined;
    throw error;
  }
};

const toJobRun = (jobName: string, run: WireJobRun): JobRun => ({
  jobName: run.JobName ?? jobName,
  id: run.Id ?? '',
  state: run.JobRunState ?? 'UNKNOWN',
  arguments: run.Arguments ?? {},
  ...(run.StartedOn === undefined ? {} : { startedOn: run.StartedOn.getTime() }),
  ...(run.CompletedOn === undefined ? {} : { completedOn: run.CompletedOn.getTime() }),
  ...(run.ErrorMessage === undefined || run.ErrorMessage === '' ? {} : { errorMessage: run.ErrorMessage }),
});

export const createGlue = ({ client, startClient }: GlueOptions): Glue => ({
  async getJob(name) {
    const answer = await callAws(`glue:GetJob "${name}"`, () =>
      orUndefined(() => client.send(new GetJobCommand({ JobName: name }))),
    );
    const job = answer?.Job;
    if (job === undefined) return undefined;
    return {
      name,
      defaultArguments: job.DefaultArguments ?? {},
      maxConcurrentRuns: job.ExecutionProperty?.MaxConcurrentRuns ?? 1,
      maxRetries: job.MaxRetries ?? 0,
    };
  },

  async getJobRun(jobName, jobRunId) {
    const answer = await callAws(`glue:GetJobRun "${jobName}" ${jobRunId}`, () =>
      orUndefined(() => client.send(new GetJobRunCommand({ JobName: jobName, RunId: jobRunId }))),
    );
    return answer?.JobRun === undefined ? undefined : toJobRun(jobName, answer.JobRun);
  },

  async *listJobRuns(jobName, limit) {
    let left = limit;
    if (left <= 0) return;
    const pages = paginateGetJobRuns({ client, pageSize: Math.min(limit, MAX_PAGE) }, { JobName: jobName });
    try {
      for await (const page of pages) {
        for (const run of page.JobRuns ?? []) {
          yield toJobRun(jobName, run);
          left -= 1;
          if (left === 0) return;
        }
      }
    } catch (error) {
      if (error instanceof EntityNotFoundException) return;
      throw awsFault(`glue:GetJobRuns "${jobName}"`, error);
    }
  },

  async startJobRun(jobName, args) {
    const command = new StartJobRunCommand({ JobName: jobName, Arguments: { ...args } });
    for (let tries = 1; ; tries += 1) {
      try {
        const { JobRunId } = await startClient.send(command);
        if (JobRunId === undefined)
          throw new BranchlineError('BL4001', `glue:StartJobRun "${jobName}" answered without a job run id`);
        return { outcome: 'started', jobRunId: JobRunId };
      } catch (error) {
        // The job's own limit, and the account's: both pass when other runs end.
        if (error instanceof ConcurrentRunsExceededException || error instanceof ResourceNumberLimitExceededException) {
          return { outcome: 'busy' };
        }
        if (error instanceof EntityNotFoundException) {
          throw new BranchlineError('BL4004', `Glue knows no job "${jobName}"`, { cause: error });
        }
        if (!isThrottled(error) || tries === MAX_START_TRIES) throw awsFault(`glue:StartJobRun "${jobName}"`, error);
        await pause(backoffMs(tries, 200));
      }
    }
  },

  async resetJobBookmark(jobName, jobRunId) {
    // A job that never committed a bookmark has none: nothing to put back.
    await callAws(`glue:ResetJobBookmark "${jobName}" ${jobRunId}`, () =>
      orUndefined(() => client.send(new ResetJobBookmarkCommand({ JobName: jobName, RunId: jobRunId }))),
    );
  },
});

/**
 * Runs of the Spark jobs that copy the chunks of exports. JSON in and out; the action is a header. Source: AWS Glue API reference.
 * StartJobRun knows no client token: each job takes one run at a time (`MaxConcurrentRuns`), so that a repeat after a lost answer begins
 * no second one, and a run is found again by the name among its arguments.
 */
import * as z from 'zod/mini';
import { EXPORT_ARGUMENT } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { isTerminal } from '../domain/job-states.ts';
import type { ExportJobs, MapState } from '../export-ports.ts';
import { askJson, type JsonService, saidBy } from './json-request.ts';
import type { SignedOptions } from './signed-request.ts';

const GLUE: JsonService = { id: 'GLUE', service: 'glue', target: 'AWSGlue', version: '1.1' };

const jobRun = z.object({
  Id: z.string(),
  JobRunState: z.string(),
  Arguments: z.optional(z.nullable(z.record(z.string(), z.string()))),
  ErrorMessage: z.optional(z.nullable(z.string())),
  CompletedOn: z.optional(z.nullable(z.number())),
  LastModifiedOn: z.optional(z.nullable(z.number())),
});
type JobRun = z.infer<typeof jobRun>;
const listed = z.object({ JobRuns: z.optional(z.array(jobRun)), NextToken: z.optional(z.nullable(z.string())) });

/** Glue gives the newest ones first, 200 in a page; a try that is older than so many others is not asked for any more. */
const RECENT = 200;
/** Of what a run says of its end; an error with its trace may be long. */
const MAX_SAID = 500;

/** Other runs have to end first: of this job, or in the account. Whoever asks again later begins it. */
const BUSY = ['ConcurrentRunsExceededException', 'ResourceNumberLimitExceededException'];

export interface ExportJobsOptions extends SignedOptions {
  /** Of the names of the jobs; that of the export follows. */
  readonly prefix: string;
}

export const createExportJobs = ({ prefix, ...options }: ExportJobsOptions): ExportJobs => {
  const call = (action: string, job: string, body: object): Promise<unknown> =>
    askJson(GLUE, action, job, { JobName: job, ...body }, options);

  const find = async (job: string, name: string): Promise<JobRun | undefined> => {
    let token: string | null | undefined;
    try {
      do {
        const page = { MaxResults: RECENT, ...(token ? { NextToken: token } : {}) };
        const { JobRuns = [], NextToken } = listed.parse(await call('GetJobRuns', job, page));
        const found = JobRuns.find((run) => run.Arguments?.[EXPORT_ARGUMENT.execution] === name);
        // A full page is all that is looked at; Glue may give less than that in one.
        if (found !== undefined || JobRuns.length >= RECENT) return found;
        token = NextToken;
      } while (token);
    } catch (error) {
      if (saidBy(error) !== 'EntityNotFoundException') throw error;
    }
    return undefined;
  };

  const jobOf = (name: string): string => `${prefix}${name}`;

  return {
    async start({ export: of, name }, { uri }) {
      const job = jobOf(of);
      const found = await find(job, name);
      if (found !== undefined) return isTerminal(found.JobRunState) ? 'taken' : 'started';
      try {
        await call('StartJobRun', job, {
          Arguments: { [EXPORT_ARGUMENT.execution]: name, [EXPORT_ARGUMENT.order]: uri },
        });
      } catch (error) {
        if (saidBy(error) === 'EntityNotFoundException')
          throw new BranchlineError('BL8320', `Glue knows no job ${job}`, { cause: error });
        if (!BUSY.includes(String(saidBy(error)))) throw error;
      }
      return 'started';
    },

    async look({ export: of, name }) {
      const found = await find(jobOf(of), name);
      if (found === undefined) return undefined;
      const { Id, JobRunState, ErrorMessage, CompletedOn, LastModifiedOn } = found;
      if (!isTerminal(JobRunState)) return { state: 'running' };
      const words = [`job run ${Id} is ${JobRunState}`, ErrorMessage ?? ''].filter((word) => word !== '');
      const state: MapState = {
        state: 'ended',
        endedAt: Math.round((CompletedOn ?? LastModifiedOn ?? 0) * 1000),
        said: words.join(': ').slice(0, MAX_SAID),
      };
      return state;
    },

    async stop({ export: of, name }) {
      const job = jobOf(of);
      const found = await find(job, name);
      if (found === undefined || isTerminal(found.JobRunState)) return;
      await call('BatchStopJobRun', job, { JobRunIds: [found.Id] });
    },
  };
};

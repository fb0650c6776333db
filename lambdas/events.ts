/**
 * What arrives from outside: events about Glue job runs, by EventBridge through SQS. Strict about what we rest on, tolerant of
 * all else, so that fields which AWS adds change nothing. Every event is best effort, none carries arguments or attempt, and none
 * is believed: a hint says which job run to ask Glue about.
 *
 * Sources: AWS Glue developer guide, "Automating AWS Glue with EventBridge"; EventBridge user guide, "AWS service events delivered
 * via CloudTrail". Fixtures of every accepted version lie in test/fixtures/events.
 */
import * as z from 'zod/mini';
import { GLUE_DETAIL_TYPE, GLUE_EVENT_SOURCE } from './contract.ts';
import { BranchlineError } from './domain/errors.ts';
import type { EpochMs } from './domain/run.ts';
import { describeIssues, shown } from './issues.ts';

/** Which job run something may have happened to. */
export interface JobRunHint {
  readonly jobName: string;
  /** Carries `_attempt_N` for a retry. */
  readonly jobRunId: string;
  /** State as Glue names it; an API call has none. */
  readonly state?: string;
  readonly at: EpochMs;
  readonly account: string;
  readonly region: string;
}

type IgnoreReason = 'foreign-account' | 'unknown-state' | 'failed-call' | 'other-call';

export type ParsedEvent =
  | { readonly kind: 'hint'; readonly hint: JobRunHint }
  /** Well-formed, and none of our business. `message` says what was seen. */
  | { readonly kind: 'ignored'; readonly reason: IgnoreReason; readonly message: string };

/** Source: AWS Glue API, JobRun `JobRunState`. */
const JOB_RUN_STATES = [
  'STARTING',
  'RUNNING',
  'STOPPING',
  'STOPPED',
  'SUCCEEDED',
  'FAILED',
  'TIMEOUT',
  'ERROR',
  'WAITING',
  'EXPIRED',
] as const;

/** Source: AWS Glue API, NameString and IdString: 1 to 255 characters of nearly any kind. */
const name = z.string().check(z.minLength(1), z.maxLength(255));

const envelope = z.object({
  source: z.enum(GLUE_EVENT_SOURCE),
  'detail-type': z.enum([GLUE_DETAIL_TYPE.stateChange, GLUE_DETAIL_TYPE.runStatus, GLUE_DETAIL_TYPE.apiCall]),
  account: z.string().check(z.regex(/^\d{12}$/, 'expected twelve digits')),
  region: z.string().check(z.minLength(1)),
  time: z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)), 'expected an ISO 8601 time')),
  detail: z.record(z.string(), z.unknown()),
});

const jobRunDetail = z.object({ jobName: name, jobRunId: name, state: z.string().check(z.minLength(1)) });

const apiCallDetail = z.object({
  eventSource: z.string(),
  eventName: z.string(),
  errorCode: z.optional(z.string()),
  errorMessage: z.optional(z.string()),
});
const startJobRunDetail = z.object({
  requestParameters: z.object({ jobName: name }),
  responseElements: z.object({ jobRunId: name }),
});

const parseWith = <T extends z.ZodMiniType>(schema: T, value: unknown, prefix: string): z.infer<T> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BranchlineError('BL1006', describeIssues(parsed.error, value, prefix));
};

const ignored = (reason: IgnoreReason, message: string): ParsedEvent => ({ kind: 'ignored', reason, message });

/**
 * @param body the event as JSON text, as an SQS target of a rule receives it.
 * @param own the account that this function runs in.
 * @throws BL1006 naming the field, what it wants and what was found.
 */
export const parseGlueEvent = (body: string, own: { readonly account: string }): ParsedEvent => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new BranchlineError('BL1006', `event is no JSON, found ${shown(body)}`);
  }
  const event = parseWith(envelope, value, 'event');
  if (event.account !== own.account) {
    return ignored('foreign-account', `event of account ${event.account}, this is ${own.account}`);
  }
  const where = { at: Date.parse(event.time), account: event.account, region: event.region };
  if (event['detail-type'] === GLUE_DETAIL_TYPE.apiCall) return parseApiCall(event.detail, where);
  const { jobName, jobRunId, state } = parseWith(jobRunDetail, event.detail, 'event.detail');
  if (!(JOB_RUN_STATES as readonly string[]).includes(state)) {
    return ignored(
      'unknown-state',
      `state ${shown(state)} of job run ${jobRunId}, known are ${JOB_RUN_STATES.join(', ')}`,
    );
  }
  return { kind: 'hint', hint: { jobName, jobRunId, state, ...where } };
};

const parseApiCall = (
  detail: Record<string, unknown>,
  where: Pick<JobRunHint, 'at' | 'account' | 'region'>,
): ParsedEvent => {
  const call = parseWith(apiCallDetail, detail, 'event.detail');
  if (call.eventSource !== 'glue.amazonaws.com' || call.eventName !== 'StartJobRun') {
    return ignored('other-call', `call ${call.eventSource} ${call.eventName}`);
  }
  // A call that failed has no answer, and started nothing.
  if (call.errorCode !== undefined) return ignored('failed-call', `StartJobRun failed with ${shown(call.errorCode)}`);
  const { requestParameters, responseElements } = parseWith(startJobRunDetail, detail, 'event.detail');
  return { kind: 'hint', hint: { jobName: requestParameters.jobName, jobRunId: responseElements.jobRunId, ...where } };
};

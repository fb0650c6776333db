/** What open-run and settle-run have in common: a queue of events about job runs, each of which is a hint or none of our business. */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type JobRunHint, parseGlueEvent } from '../events.ts';
import type { Ports } from '../ports.ts';
import { eachMessage } from './batch.ts';

/** `arn:aws:lambda:<region>:<account>:function:<name>` */
const accountOf = (context: Context): string => context.invokedFunctionArn.split(':')[4] ?? '';

/** A malformed event fails its message, so that it ends in the dead-letter queue where a person sees it. */
export const eachHint = (
  event: SQSEvent,
  context: Context,
  portsOf: () => Ports,
  useCase: (ports: Ports, hint: JobRunHint) => Promise<{ readonly outcome: string }>,
): Promise<SQSBatchResponse> =>
  eachMessage(event, async (record, log) => {
    const parsed = parseGlueEvent(record.body, { account: accountOf(context) });
    if (parsed.kind === 'ignored') {
      const isStrange = parsed.reason === 'foreign-account' || parsed.reason === 'unknown-state';
      log[isStrange ? 'warn' : 'info']('event ignored', { reason: parsed.reason, seen: parsed.message });
      return;
    }
    const { jobName, jobRunId, state } = parsed.hint;
    const { outcome } = await useCase({ ...portsOf(), log }, parsed.hint);
    log.info('event handled', { job: jobName, jobRunId, state, outcome });
  });

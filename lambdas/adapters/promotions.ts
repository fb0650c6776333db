/** Wake-ups for promote-run: an SQS FIFO queue, one message group per target, so that each target sees one promotion at a time. */
import { createHash } from 'node:crypto';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { RunKey } from '../domain/run.ts';
import { describeIssues, shown } from '../issues.ts';
import type { Promotions } from '../ports.ts';
import { callAws } from './aws-errors.ts';

/** SQS allows 128 letters, digits and punctuation marks for group and deduplication ids; we keep to the plain ones. */
const PLAIN_ID = /^[A-Za-z0-9_./:#-]{1,128}$/;

export const asId = (text: string): string =>
  PLAIN_ID.test(text) ? text : `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

export type WakeUp = Parameters<Promotions['wake']>[0];

export const groupIdOf = (run: Pick<WakeUp, 'repository' | 'target'>): string =>
  asId(`${run.repository}/${run.target}`);

/**
 * A deduplication id seen within five minutes is dropped without a word, so it carries what makes two wake-ups differ: the
 * version of the entry, and how often the run was woken.
 */
export const deduplicationIdOf = (run: WakeUp): string =>
  asId(`${run.runId}#${String(run.attempt)}#v${String(run.version)}#w${String(run.wakeUps ?? 0)}`);

/** Body of a wake-up. It names the run and nothing else: the ledger decides. */
const wakeUpBody = z.object({ runId: z.string().check(z.minLength(1)), attempt: z.int().check(z.gte(0)) });

/** @throws BL1006 where the body is no wake-up. */
export const parseWakeUp = (body: string): RunKey => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new BranchlineError('BL1006', `a wake-up is JSON, found ${shown(body)}`);
  }
  const parsed = wakeUpBody.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BranchlineError('BL1006', describeIssues(parsed.error, value, 'wake-up'));
};

export const createPromotions = (options: { readonly client: SQSClient; readonly queueUrl: string }): Promotions => ({
  async wake(run) {
    await callAws(`sqs:SendMessage ${options.queueUrl}`, () =>
      options.client.send(
        new SendMessageCommand({
          QueueUrl: options.queueUrl,
          MessageBody: JSON.stringify({ schemaVersion: SCHEMA_VERSION, runId: run.runId, attempt: run.attempt }),
          MessageGroupId: groupIdOf(run),
          MessageDeduplicationId: deduplicationIdOf(run),
        }),
      ),
    );
  },
});

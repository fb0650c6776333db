/** Wake-ups through SQS FIFO queues. A message names what is to be looked at and nothing else: the ledger decides. */
import { createHash } from 'node:crypto';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type * as z from 'zod/mini';
import { SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { describeIssues, shown } from '../issues.ts';
import { callAws } from './aws-errors.ts';

/** SQS allows 128 letters, digits and punctuation marks for group and deduplication ids; we keep to the plain ones. */
const PLAIN_ID = /^[A-Za-z0-9_./:#-]{1,128}$/;

export const asId = (text: string): string =>
  PLAIN_ID.test(text) ? text : `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

export interface FifoQueue {
  readonly client: SQSClient;
  readonly queueUrl: string;
}

/**
 * @param group messages of one group are handled one after the other.
 * @param id of two messages with one id within five minutes the second is dropped without a word.
 */
export const sendWakeUp = async (
  { client, queueUrl }: FifoQueue,
  body: Readonly<Record<string, unknown>>,
  group: string,
  id: string,
): Promise<void> => {
  await callAws(`sqs:SendMessage ${queueUrl}`, () =>
    client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...body }),
        MessageGroupId: asId(group),
        MessageDeduplicationId: asId(id),
      }),
    ),
  );
};

/** @throws BL1006 where the text is no wake-up. */
export const parseBody = <T extends z.ZodMiniType>(schema: T, text: string): z.infer<T> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BranchlineError('BL1006', `a wake-up is JSON, found ${shown(text)}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BranchlineError('BL1006', describeIssues(parsed.error, value, 'wake-up'));
};

/** Batches from SQS: each message succeeds or fails by itself, and those that failed are named, so that only they come back. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { asLog } from '../adapters/log.ts';
import type { Log } from '../ports.ts';
import { deadline } from './deadline.ts';
import { errorData, logger } from './observability.ts';

/** With less time than this a message is not begun: it comes back. */
const MIN_WORK_MS = 5_000;

/** @param log carries the message id on every line. */
export type Work = (record: SQSRecord, log: Log) => Promise<void>;

/** @returns whether the message is done with. */
const attempt = async (record: SQSRecord, work: Work): Promise<boolean> => {
  const log = asLog(logger, { messageId: record.messageId });
  if (Date.now() + MIN_WORK_MS > deadline()) {
    log.warn('no time left for this message; it comes back');
    return false;
  }
  try {
    await work(record, log);
    return true;
  } catch (error) {
    const receiveCount = Number(record.attributes?.ApproximateReceiveCount ?? 1);
    log.error('message failed; it comes back, and in the end goes to the dead-letter queue', {
      receiveCount,
      ...errorData(error),
    });
    return false;
  }
};

const answer = (failed: readonly SQSRecord[]): SQSBatchResponse => ({
  batchItemFailures: failed.map((record) => ({ itemIdentifier: record.messageId })),
});

/** A standard queue: messages have nothing to do with one another. */
export const eachMessage = async (event: SQSEvent, work: Work): Promise<SQSBatchResponse> => {
  const done = await Promise.all(event.Records.map((record) => attempt(record, work)));
  return answer(event.Records.filter((_, at) => done[at] !== true));
};

/**
 * A FIFO queue: groups go on side by side, messages of a group one after the other. After a failure the rest of its group
 * counts as failed too, or a later message would overtake the one that comes back.
 */
export const eachInGroup = async (event: SQSEvent, work: Work): Promise<SQSBatchResponse> => {
  const groups = Map.groupBy(event.Records, (record) => record.attributes.MessageGroupId ?? '');
  const failed = await Promise.all(
    [...groups.values()].map(async (records) => {
      for (const [at, record] of records.entries()) {
        if (!(await attempt(record, work))) return records.slice(at);
      }
      return [];
    }),
  );
  return answer(failed.flat());
};

/** Invoking a handler as Lambda does, and reading what it wrote to standard output. */
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { vi } from 'vitest';

export const context = (remainingMs = 60_000): Context =>
  ({
    awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e812345678',
    functionName: 'branchline-test',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:branchline-test',
    getRemainingTimeInMillis: () => remainingMs,
  }) as Context;

export const message = (id: string, body: string, group?: string): SQSRecord =>
  ({
    messageId: id,
    body,
    attributes: { ApproximateReceiveCount: '1', ...(group === undefined ? {} : { MessageGroupId: group }) },
  }) as SQSRecord;

export const batch = (...records: SQSRecord[]): SQSEvent => ({ Records: records });

export const failedOf = (answer: unknown): string[] =>
  (answer as { batchItemFailures: { itemIdentifier: string }[] }).batchItemFailures.map(
    ({ itemIdentifier }) => itemIdentifier,
  );

type Line = Record<string, unknown>;

/** Every JSON line written while `work` runs: log lines and metrics. */
export const linesDuring = async <T>(work: () => Promise<T>): Promise<{ answer: T; lines: Line[] }> => {
  const lines: Line[] = [];
  const write = (text: unknown): boolean => {
    lines.push(JSON.parse(String(text)) as Line);
    return true;
  };
  // Powertools writes through a console of its own, past the one that could be watched.
  const spies = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockImplementation(write));
  try {
    return { answer: await work(), lines };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
};

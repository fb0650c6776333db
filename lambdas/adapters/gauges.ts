/** What `doctor` reads off besides: how much lies in the queues, and what time others say it is. */
import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { deadLetterQueueName, HOP, type HopName, queueName } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { Clock, Gauges, QueueDepth } from '../ports.ts';
import { awsErrorName, callAws } from './aws-errors.ts';

export interface GaugeOptions {
  readonly client: SQSClient;
  readonly prefix: string;
  /** Base URL without `/api/v1`. */
  readonly lakefsEndpoint: string;
  readonly clock: Clock;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

const HEALTH_TIMEOUT_MS = 5_000;

/** A Date header drops the fraction of its second: half a second is the best guess at it. */
const HALF_A_SECOND = 500;

/** @param date as a header gives it; @param sent, @param received when we asked and when we had the answer. */
export const skewOf = (date: string, sent: number, received: number): number =>
  Math.round(Date.parse(date) + HALF_A_SECOND - (sent + received) / 2);

const isAnswer = (value: unknown): value is { readonly headers: Readonly<Record<string, string>> } =>
  typeof value === 'object' && value !== null && 'headers' in value;

const queuesOf = (prefix: string): { queue: string; isDeadLetters: boolean }[] =>
  (Object.keys(HOP) as HopName[]).flatMap((hop) => [
    ...(HOP[hop].hasQueue ? [{ queue: queueName(prefix, hop), isDeadLetters: false }] : []),
    { queue: deadLetterQueueName(prefix, hop), isDeadLetters: true },
  ]);

export const createGauges = ({
  client,
  prefix,
  lakefsEndpoint,
  clock,
  fetch = globalThis.fetch,
}: GaugeOptions): Gauges => {
  /** Of the newest answer of AWS. */
  let seen: { readonly date: string; readonly sent: number; readonly received: number } | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const sent = clock.now();
      const result = await next(args);
      const date = isAnswer(result.response) ? result.response.headers['date'] : undefined;
      if (date !== undefined) seen = { date, sent, received: clock.now() };
      return result;
    },
    { step: 'deserialize', name: 'branchlineNotesDate', priority: 'low', override: true },
  );

  const urlOf = async (queue: string): Promise<string> => {
    try {
      const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: queue }));
      return QueueUrl ?? '';
    } catch (error) {
      if (!/QueueDoesNotExist|NonExistentQueue/.test(awsErrorName(error))) throw error;
      throw new BranchlineError('BL4001', `queue ${queue} does not exist; deploy again`, { cause: error });
    }
  };

  const depthOf = async (queue: string, isDeadLetters: boolean): Promise<QueueDepth> => {
    const QueueUrl = await urlOf(queue);
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
    );
    const [waiting, inFlight] = AttributeNames.map((name) => Number(Attributes?.[name] ?? 0));
    return { queue, isDeadLetters, waiting: waiting ?? 0, inFlight: inFlight ?? 0 };
  };

  const askLakefs = async (): Promise<number> => {
    const sent = clock.now();
    const answer = await fetch(`${lakefsEndpoint}/_health`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
    }).catch((error: unknown) => {
      throw new BranchlineError('BL3001', `HEAD /_health of ${lakefsEndpoint}: ${String(error)}`, { cause: error });
    });
    const date = answer.headers.get('date');
    if (date === null) throw new BranchlineError('BL3005', `${lakefsEndpoint} answers without a Date`);
    return skewOf(date, sent, clock.now());
  };

  return {
    queueDepths: () =>
      Promise.all(
        queuesOf(prefix).map(({ queue, isDeadLetters }) =>
          callAws(`sqs:GetQueueAttributes ${queue}`, () => depthOf(queue, isDeadLetters)),
        ),
      ),
    async clockSkew(side) {
      if (side === 'lakeFS') return askLakefs();
      if (seen === undefined) {
        const queue = queueName(prefix, 'promotions');
        await callAws(`sqs:GetQueueUrl ${queue}`, () => urlOf(queue));
      }
      if (seen === undefined) throw new BranchlineError('BL4001', 'AWS answered without a Date');
      return skewOf(seen.date, seen.sent, seen.received);
    },
  };
};

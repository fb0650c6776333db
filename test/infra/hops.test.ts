import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { deadLetterQueueName, HOP, type HopName, queueName } from '../../lambdas/contract.ts';
import { LEASE_MS } from '../../lambdas/domain/promotion.ts';
import { asList, asText, ofType, type Template, templateOf, VARIANT_NAMES } from './template.ts';

const queueShape = z.looseObject({
  QueueName: z.string(),
  FifoQueue: z.boolean().default(false),
  ContentBasedDeduplication: z.boolean().default(false),
  SqsManagedSseEnabled: z.boolean(),
  MessageRetentionPeriod: z.number(),
  VisibilityTimeout: z.number().default(30),
  RedrivePolicy: z.object({ deadLetterTargetArn: z.unknown(), maxReceiveCount: z.number() }).optional(),
});

const queuesOf = (template: Template) =>
  ofType(template, 'AWS::SQS::Queue').map(([id, { Properties }]) => ({
    ref: `<${id.replace(/[0-9A-F]{8}$/, '')}>`,
    ...queueShape.parse(Properties),
  }));

const mappingsOf = (template: Template) =>
  ofType(template, 'AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => ({
    source: asText(Properties['EventSourceArn']),
    target: asText(Properties['FunctionName']),
    properties: Properties,
  }));

const timeoutOf = (template: Template, ref: string): number => {
  const [, found] =
    ofType(template, 'AWS::Lambda::Function').find(([id]) => `<${id.replace(/[0-9A-F]{8}$/, '')}>` === ref) ?? [];
  return z.number().parse(found?.Properties['Timeout']);
};

describe.each(VARIANT_NAMES)('%s', (variant) => {
  const template = templateOf(variant);
  const queues = queuesOf(template);
  const working = queues.filter(({ RedrivePolicy }) => RedrivePolicy !== undefined);
  const dead = queues.filter(({ RedrivePolicy }) => RedrivePolicy === undefined);

  test('every queue that is worked off has a dead-letter queue of its kind, which keeps messages longer', () => {
    expect(working.length).toBe(5);
    for (const queue of working) {
      const target = asText(queue.RedrivePolicy?.deadLetterTargetArn);
      const deadLetters = dead.find(({ ref }) => ref === target);
      expect(deadLetters, queue.QueueName).toMatchObject({ FifoQueue: queue.FifoQueue });
      expect(deadLetters?.MessageRetentionPeriod).toBeGreaterThan(queue.MessageRetentionPeriod);
    }
  });

  test('the queues are those of the contract, by its names: doctor finds them so', () => {
    const prefix = variant === 'full' ? 'second' : 'branchline';
    const named = (Object.keys(HOP) as HopName[]).flatMap((hop) => [
      ...(HOP[hop].hasQueue ? [queueName(prefix, hop)] : []),
      deadLetterQueueName(prefix, hop),
    ]);
    expect(queues.map(({ QueueName }) => QueueName).toSorted()).toEqual(named.toSorted());
  });

  test('a queue without dead-letter queue is one itself, and somebody uses it', () => {
    const uses = JSON.stringify(template.Resources);
    for (const { QueueName, ref } of dead) {
      expect(QueueName).toMatch(/-dlq(\.fifo)?$/);
      const id = ofType(template, 'AWS::SQS::Queue').find(([each]) => ref.startsWith(`<${each.slice(0, -8)}`))?.[0];
      expect(uses.split(`"${id ?? '?'}","Arn"`).length, QueueName).toBeGreaterThan(1);
    }
  });

  test('every queue is encrypted, takes TLS only, and only from who is named', () => {
    const policies = ofType(template, 'AWS::SQS::QueuePolicy').map(([, { Properties }]) => Properties);
    for (const { ref, QueueName, SqsManagedSseEnabled } of queues) {
      expect(SqsManagedSseEnabled, QueueName).toBe(true);
      const statements = policies
        .filter((policy) => asList(policy['Queues']).map(asText).includes(ref))
        .flatMap((policy) => asList(z.object({ Statement: z.unknown() }).parse(policy['PolicyDocument']).Statement));
      const texts = statements.map((statement) => JSON.stringify(statement));
      expect(
        texts.filter((text) => text.includes('"Effect":"Deny"') && text.includes('"aws:SecureTransport":"false"')),
        QueueName,
      ).toHaveLength(1);
      for (const allowed of texts.filter((text) => text.includes('"Effect":"Allow"')))
        expect(allowed, QueueName).toContain('aws:SourceArn');
    }
  });

  test('every queue raises an alarm: dead letters at the first, the others when messages grow old', () => {
    const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => ({
      metric: Properties['MetricName'],
      queue: asText(z.array(z.object({ Value: z.unknown() })).parse(Properties['Dimensions'])[0]?.Value),
      threshold: Number(Properties['Threshold']),
    }));
    for (const { ref } of dead) {
      const queue = ref.replace('>', '.QueueName>');
      expect(alarms).toContainEqual({ metric: 'ApproximateNumberOfMessagesVisible', queue, threshold: 1 });
    }
    for (const { ref, MessageRetentionPeriod } of working) {
      const queue = ref.replace('>', '.QueueName>');
      const age = alarms.find((alarm) => alarm.queue === queue && alarm.metric === 'ApproximateAgeOfOldestMessage');
      expect(age?.threshold, ref).toBeLessThan(MessageRetentionPeriod / 2);
    }
  });

  test('every consumer reports message by message, and has the time that Lambda wants it to have', () => {
    const mappings = mappingsOf(template).filter(({ source }) => !source.includes('StreamArn'));
    expect(mappings.map(({ source }) => source).toSorted()).toEqual(working.map(({ ref }) => ref).toSorted());
    for (const { source, target, properties } of mappings) {
      expect(properties['FunctionResponseTypes'], source).toEqual(['ReportBatchItemFailures']);
      const queue = working.find(({ ref }) => ref === source);
      const timeout = timeoutOf(template, target);
      // Source: Lambda developer guide, SQS: six times the time-out. Promotions have a law of their own, below.
      if (queue?.FifoQueue === false) expect(queue.VisibilityTimeout, source).toBeGreaterThanOrEqual(6 * timeout);
    }
  });

  test('promotions: one at a time per target, and time-out < lease < visibility', () => {
    const [queue] = working.filter(({ FifoQueue }) => FifoQueue);
    expect(queue?.ContentBasedDeduplication, 'the ledger version tells wake-ups apart, not their text').toBe(false);
    const mapping = mappingsOf(template).find(({ source }) => source === queue?.ref);
    const timeout = timeoutOf(template, mapping?.target ?? '');
    expect(timeout * 1000).toBeLessThan(LEASE_MS);
    expect(LEASE_MS).toBeLessThan((queue?.VisibilityTimeout ?? 0) * 1000);
  });

  test('the ledger’s stream: a poisoned record is cut out, tried, and kept', () => {
    const [mapping, ...others] = mappingsOf(template).filter(({ source }) => source.includes('StreamArn'));
    expect(others).toEqual([]);
    expect(mapping?.target).toBe('<PublishEventsFunction>');
    expect(mapping?.properties).toMatchObject({
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      StartingPosition: 'TRIM_HORIZON',
    });
    expect(Number(mapping?.properties['MaximumRetryAttempts'])).toBeGreaterThan(0);
    const destination = z
      .object({ OnFailure: z.object({ Destination: z.unknown() }) })
      .parse(mapping?.properties['DestinationConfig']);
    expect(dead.map(({ ref }) => ref)).toContain(asText(destination.OnFailure.Destination));
  });

  test('schedules try again, and give up where a person sees it', () => {
    const schedules = ofType(template, 'AWS::Scheduler::Schedule');
    const exports =
      variant === 'full'
        ? [
            '<CollectGarbageFunction>',
            '<DrillFunction>',
            '<EraseFunction>',
            '<ExportFunction>',
            '<ReplicationFunction>',
          ]
        : [];
    expect(schedules.length).toBe(4 + exports.length);
    const target = z.object({
      Arn: z.unknown(),
      DeadLetterConfig: z.object({ Arn: z.unknown() }),
      RetryPolicy: z.object({ MaximumRetryAttempts: z.number().min(1) }),
    });
    const targets = schedules.map(([, { Properties }]) => target.parse(Properties['Target']));
    expect(targets.map(({ Arn }) => asText(Arn)).toSorted()).toEqual([
      '<AskCatalogFunction>',
      ...exports.filter((name) => name !== '<ReplicationFunction>'),
      '<ReconcileFunction>',
      ...exports.filter((name) => name === '<ReplicationFunction>'),
      ...['<SnapshotFunction>', '<SweepFunction>'],
    ]);
    for (const { DeadLetterConfig } of targets)
      expect(dead.map(({ ref }) => ref)).toContain(asText(DeadLetterConfig.Arn));
  });
});

describe('each event that was ever accepted goes to its hop', () => {
  const pattern = z.record(z.string(), z.unknown());
  type Pattern = z.infer<typeof pattern>;

  /** Exact values and nesting are all that our rules use; anything else fails the parse of `values`. */
  const matches = (rule: Pattern, event: Pattern): boolean =>
    Object.entries(rule).every(([key, allowed]) => {
      const found = event[key];
      if (!Array.isArray(allowed)) return matches(pattern.parse(allowed), pattern.parse(found ?? {}));
      const values = z.array(z.string()).parse(allowed);
      return typeof found === 'string' && values.includes(found);
    });

  const rules = ofType(templateOf('plain'), 'AWS::Events::Rule').map(([, { Properties }]) => ({
    pattern: pattern.parse(Properties['EventPattern']),
    queues: z
      .array(z.object({ Arn: z.unknown() }))
      .parse(Properties['Targets'])
      .map(({ Arn }) => asText(Arn)),
  }));
  const folder = join(import.meta.dirname, '..', 'fixtures', 'events', '2026-11');
  const hopOf = (file: string): string[] =>
    file.startsWith('state-change')
      ? ['<SettleHopQueue>']
      : file.startsWith('run-status') || file.startsWith('api-call-start')
        ? ['<OpenHopQueue>']
        : [];

  test.each(readdirSync(folder))('%s', (file) => {
    const event = pattern.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    const reached = rules.filter((rule) => matches(rule.pattern, event)).flatMap(({ queues }) => queues);
    expect(reached).toEqual(hopOf(file));
    const foreign = { ...event, source: 'somebody.else' };
    expect(rules.filter((rule) => matches(rule.pattern, foreign))).toEqual([]);
  });
});

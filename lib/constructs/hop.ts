/**
 * An asynchronous step: queue → function.
 *
 * What you get: an encrypted queue that takes TLS only, a dead-letter queue kept for 14 days, partial batch responses, and
 * alarms on both: nothing that fails goes unseen.
 */
import { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetterQueueName, HOP, type HopName, queueName } from '../../lambdas/contract.ts';
import { acknowledge } from '../compliance.ts';
import { addAlarm, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';

export interface DeadLetterQueueProps {
  readonly prefix: string;
  /** What the queue belongs to: `settle`, `promotions`, … */
  readonly hop: HopName;
  readonly alarmActions: readonly IAlarmAction[];
}

/** Where a person finds what could not be done. */
export class DeadLetterQueue extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, props: DeadLetterQueueProps) {
    super(scope, id);
    const { isFifo } = HOP[props.hop];
    this.queue = new Queue(this, 'Queue', {
      queueName: deadLetterQueueName(props.prefix, props.hop),
      ...(isFifo ? { fifo: true } : {}),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(this.queue, 'SQS3', undefined, 'It is a dead-letter queue itself.');
    addAlarm(this, 'NotEmpty', {
      metric: this.queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: 'max' }),
      threshold: 1,
      description: `${props.prefix}: messages of hop ${props.hop} could not be worked off. ${RUNBOOK}/dead-letter-queue.md`,
      actions: props.alarmActions,
    });
  }
}

export interface HopProps extends DeadLetterQueueProps {
  readonly target: BranchlineFunction;
  readonly visibilityTimeout: Duration;
  readonly batchSize: number;
  /** A message is tried so often before it goes to the dead-letter queue. */
  readonly maxReceiveCount: number;
  readonly maxConcurrency: number;
  /** For senders that cannot name a message: EventBridge. Source: EventBridge user guide, Amazon SQS targets, FIFO queues. */
  readonly tellsRepeatsByContent?: boolean;
  /** The oldest message may be so old before the alarm is raised. */
  readonly maxAge: Duration;
}

export class Hop extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: HopProps) {
    super(scope, id);
    const { isFifo } = HOP[props.hop];
    this.deadLetters = new DeadLetterQueue(this, 'DeadLetters', props).queue;
    this.queue = new Queue(this, 'Queue', {
      queueName: queueName(props.prefix, props.hop),
      ...(isFifo ? { fifo: true } : {}),
      ...(props.tellsRepeatsByContent === true ? { contentBasedDeduplication: true } : {}),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: props.visibilityTimeout,
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.maxReceiveCount },
    });
    props.target.fn.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: props.batchSize,
        reportBatchItemFailures: true,
        maxConcurrency: props.maxConcurrency,
      }),
    );
    addAlarm(this, 'Old', {
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(1), statistic: 'max' }),
      threshold: props.maxAge.toSeconds(),
      description: `${props.prefix}: hop ${props.hop} falls behind. ${RUNBOOK}/dead-letter-queue.md`,
      actions: props.alarmActions,
    });
  }
}

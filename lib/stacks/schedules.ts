/** What happens by the clock. Whatever the scheduler gives up goes to one queue of dead letters. */
import { Duration, type Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { FUNCTION, type FunctionName } from '../../lambdas/contract.ts';
import { type Config, durationSeconds } from '../config/schema.ts';
import type { BranchlineFunction } from '../constructs/branchline-function.ts';
import { DRILL_EVERY } from '../constructs/drills.ts';
import { ERASE_EVERY } from '../constructs/erasure.ts';
import { COLLECT_EVERY } from '../constructs/garbage-collection.ts';
import { DeadLetterQueue } from '../constructs/hop.ts';
import { TEND_EVERY } from '../constructs/snapshots.ts';
import { DESCRIPTION, idOf } from './functions.ts';

/** Of each minute, so long are heads looked at. */
const WATCH_SECONDS = 58;

/** One schedule: which function, how the schedule is called, how often, and what the function is told. */
interface Tick {
  readonly name: FunctionName;
  readonly called: string;
  /** As in the configuration, e.g. `5m`. */
  readonly every: string;
  readonly description: string;
  readonly input?: object;
}

const ticksOf = ({ schedules, snapshots, garbageCollection, drills, replication }: Config): readonly Tick[] => {
  const { reconcile, sweep, watch } = schedules;
  const own = (name: FunctionName, every: string): Tick => ({
    ...{ name, called: name, every },
    description: DESCRIPTION[name],
  });
  return [
    own(FUNCTION.reconcile, reconcile),
    own(FUNCTION.sweep, sweep),
    {
      // Only the function that makes previews has the rights to remove them.
      ...own(FUNCTION.catalog, sweep),
      description: 'Removes previews that have expired',
      input: { action: 'sweep-previews' },
    },
    ...(snapshots.every === 'never' ? [] : [{ ...own(FUNCTION.snapshot, TEND_EVERY), input: { action: 'tend' } }]),
    ...(drills.every === 'never' ? [] : [{ ...own(FUNCTION.drill, DRILL_EVERY), input: { action: 'tend' } }]),
    ...(garbageCollection.clientJar === undefined
      ? []
      : [
          { ...own(FUNCTION.collectGarbage, COLLECT_EVERY), input: { action: 'tend' } },
          { ...own(FUNCTION.erase, ERASE_EVERY), input: { action: 'tend' } },
        ]),
    ...(replication.to === undefined
      ? []
      : [{ ...own(FUNCTION.replication, replication.to.every), input: { action: 'tend' } }]),
    ...(watch === undefined
      ? []
      : [
          {
            // One ends when the next begins: a schedule knows whole minutes.
            ...{ name: FUNCTION.catalog, called: 'watch', every: '1m' },
            description: 'Looks at the heads of targets for merges by hand',
            input: { action: 'watch', everySeconds: durationSeconds(watch), forSeconds: WATCH_SECONDS },
          },
        ]),
  ];
};

/** @returns the dead letters of all schedules. */
export const addSchedules = (
  stack: Stack,
  config: Config,
  fnOf: (name: FunctionName) => BranchlineFunction,
  alarmActions: readonly IAlarmAction[],
): Queue => {
  const { prefix } = config.controlPlane;
  const { queue } = new DeadLetterQueue(stack, 'SchedulesDeadLetters', { prefix, hop: 'schedules', alarmActions });
  for (const { name, called, every, description, input } of ticksOf(config)) {
    const { fn } = fnOf(name);
    // A role of our own: the one that the CDK makes may invoke any version of the function.
    const role = new Role(stack, `${idOf(called)}ScheduleRole`, {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
      description: `Of the schedule ${prefix}-${called}`,
    });
    role.addToPolicy(
      new PolicyStatement({ sid: 'Invoke', actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
    );
    role.addToPolicy(new PolicyStatement({ sid: 'GiveUp', actions: ['sqs:SendMessage'], resources: [queue.queueArn] }));
    new Schedule(stack, `${idOf(called)}Schedule`, {
      scheduleName: `${prefix}-${called}`,
      description,
      schedule: ScheduleExpression.rate(Duration.seconds(durationSeconds(every))),
      target: new LambdaInvoke(fn, {
        role: role.withoutPolicyUpdates(),
        deadLetterQueue: queue,
        retryAttempts: 2,
        maxEventAge: Duration.hours(1),
        ...(input === undefined ? {} : { input: ScheduleTargetInput.fromObject(input) }),
      }),
    });
  }
  return queue;
};

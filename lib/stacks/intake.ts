/** What comes in: Glue's own events, those of CloudTrail where the account has a trail, and replays under a source of our own. */
import type { Stack } from 'aws-cdk-lib';
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { GLUE_DETAIL_TYPE, GLUE_EVENT_SOURCE } from '../../lambdas/contract.ts';
import type { Hop } from '../constructs/hop.ts';

export const addIntake = (stack: Stack, open: Hop, settle: Hop): void => {
  const rule = (id: string, hop: Hop, description: string, eventPattern: EventPattern): void => {
    new Rule(stack, id, { description, eventPattern, targets: [new SqsQueue(hop.queue)] });
  };
  const source = [...GLUE_EVENT_SOURCE];
  rule('JobEnded', settle, 'Glue job runs that ended', { source, detailType: [GLUE_DETAIL_TYPE.stateChange] });
  rule('JobRunning', open, 'Glue job runs that are going on', { source, detailType: [GLUE_DETAIL_TYPE.runStatus] });
  rule('JobStarted', open, 'Calls of StartJobRun, where a trail records them', {
    source,
    detailType: [GLUE_DETAIL_TYPE.apiCall],
    detail: { eventSource: ['glue.amazonaws.com'], eventName: ['StartJobRun'] },
  });
};

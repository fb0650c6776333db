import { expect, test } from 'vitest';
import { GLUE_DETAIL_TYPE, GLUE_EVENT_SOURCE } from '../../../lambdas/contract.ts';
import { asEntry, isTerminal, stateChange } from '../../../local/glue-event.ts';

test('a success looks as AWS Glue documents it', () => {
  expect(stateChange('sales', 'jr_1', 'SUCCEEDED')).toEqual({
    jobName: 'sales',
    severity: 'INFO',
    state: 'SUCCEEDED',
    jobRunId: 'jr_1',
    message: 'Job run succeeded',
  });
});

test('a failure carries the job’s own message', () => {
  expect(stateChange('sales', 'jr_1', 'FAILED', 'ValueError: x')).toMatchObject({
    severity: 'ERROR',
    message: 'ValueError: x',
  });
  expect(stateChange('sales', 'jr_1', 'TIMEOUT', '')).toMatchObject({ severity: 'WARN', message: 'Job run timed out' });
});

test('the entry has a source and a detail type that the intake accepts', () => {
  const entry = asEntry(stateChange('sales', 'jr_1', 'STOPPED'));
  expect(GLUE_EVENT_SOURCE).toContain(entry.Source);
  expect(entry.DetailType).toBe(GLUE_DETAIL_TYPE.stateChange);
  expect(JSON.parse(entry.Detail)).toMatchObject({ state: 'STOPPED', severity: 'INFO' });
});

test('running states are not terminal', () => {
  expect(['STARTING', 'RUNNING', 'STOPPING', 'WAITING', undefined].map(isTerminal)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});

import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { FUNCTION, METRIC, METRIC_NAMESPACE, RUN_OUTCOMES } from '../../lambdas/contract.ts';
import {
  ACCOUNT,
  asText,
  ofType,
  REGION,
  synth,
  type Template,
  templateOf,
  VARIANT_NAMES,
  VARIANTS,
} from './template.ts';

const alarmShape = z.looseObject({
  AlarmDescription: z.string(),
  MetricName: z.string(),
  Namespace: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })),
  Threshold: z.number(),
  Period: z.number(),
  EvaluationPeriods: z.number(),
  ComparisonOperator: z.string(),
  TreatMissingData: z.string(),
  AlarmActions: z.array(z.unknown()).default([]),
});

const alarmsOf = (template: Template) =>
  ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => alarmShape.parse(Properties));
const ownAlarms = (template: Template) => alarmsOf(template).filter(({ Namespace }) => Namespace === METRIC_NAMESPACE);

describe.each(VARIANT_NAMES)('%s', (variant) => {
  const template = templateOf(variant);

  test('every alarm names the page of the runbook that says what to do', () => {
    for (const { AlarmDescription } of alarmsOf(template))
      expect(AlarmDescription).toMatch(/^(branchline|second): .+\. See docs\/runbook\/[a-z-]+\.md$/);
  });

  test('what people have to know raises an alarm', () => {
    expect(ownAlarms(template).map(({ MetricName }) => MetricName)).toEqual(
      expect.arrayContaining([
        METRIC.oldestOpenRunSeconds,
        METRIC.stuckRuns,
        METRIC.waitingRuns,
        METRIC.blockedTargets,
        METRIC.lakefsErrors,
        METRIC.catalogLagSeconds,
        METRIC.foreignSnapshots,
        METRIC.snapshotAgeSeconds,
        METRIC.snapshotFaults,
      ]),
    );
  });

  test('own metrics are read under the dimension that the functions write', () => {
    const prefix = variant === 'full' ? 'second' : 'branchline';
    for (const { Dimensions } of ownAlarms(template)) expect(Dimensions).toEqual([{ Name: 'service', Value: prefix }]);
  });

  test('every function raises alarms on errors and throttles', () => {
    const watched = (metric: string): string[] =>
      alarmsOf(template)
        .filter(({ MetricName, Namespace }) => Namespace === 'AWS/Lambda' && MetricName === metric)
        .map(({ Dimensions }) => asText(Dimensions[0]?.Value));
    const functions = ofType(template, 'AWS::Lambda::Function')
      .filter(([, { Properties }]) => typeof Properties['FunctionName'] === 'string')
      .map(([id]) => `<${id.slice(0, -8)}>`);
    expect(functions.length).toBe(Object.keys(FUNCTION).length);
    expect([...new Set(watched('Errors'))].toSorted()).toEqual(functions.toSorted());
    expect(watched('Throttles').toSorted()).toEqual(functions.toSorted());
  });

  test('no alarm compares more than CloudWatch can: a day, in whole minutes', () => {
    for (const { AlarmDescription, Period, EvaluationPeriods } of alarmsOf(template)) {
      expect(Period % 60, AlarmDescription).toBe(0);
      expect(Period * EvaluationPeriods, AlarmDescription).toBeLessThanOrEqual(86_400);
    }
  });

  test('the dashboard shows runs by outcome, time to promotion, ages of queues, errors of lakeFS', () => {
    const [[, dashboard] = ['', undefined]] = ofType(template, 'AWS::CloudWatch::Dashboard');
    const body = asText(dashboard?.Properties['DashboardBody']);
    for (const outcome of RUN_OUTCOMES) expect(body).toContain(outcome);
    for (const name of Object.values(METRIC)) expect(body).toContain(`"${name}"`);
    for (const queue of ['OpenHopQueue', 'SettleHopQueue', 'PromotionsHopQueue']) expect(body).toContain(queue);
    expect(JSON.parse(body)).toHaveProperty('widgets');
  });
});

/** reconcile writes these; between two of its turns there is no measurement, and a missing one ends an alarm. */
test.each([
  ['5m', 600],
  ['1m', 300],
  ['1h', 7200],
])('with reconcile every %s, alarms on what it measures compare periods of %i s', (every, period) => {
  const template = synth(`${VARIANTS.plain}schedules: { reconcile: ${every} }\n`);
  const others: readonly string[] = [
    ...[METRIC.lakefsErrors, METRIC.snapshotAgeSeconds, METRIC.snapshotFaults, METRIC.foreignSnapshots],
  ];
  const measured = ownAlarms(template).filter(({ MetricName }) => !others.includes(MetricName));
  expect(measured).toHaveLength(6);
  expect(new Set(measured.map(({ Period }) => Period))).toEqual(new Set([period]));
});

test('the age of the oldest open run is compared with the longest time that a pipeline allows', () => {
  const text = `${VARIANTS.plain}  slow: { jobs: [slow], repository: lake, maxOpenFor: 2d }\n`;
  const [alarm] = ownAlarms(synth(text)).filter(({ MetricName }) => MetricName === METRIC.oldestOpenRunSeconds);
  expect(alarm?.Threshold).toBe(172_800);
});

test('alarms notify the topic, where one is given', () => {
  const actions = (variant: 'plain' | 'full') => alarmsOf(templateOf(variant)).map(({ AlarmActions }) => AlarmActions);
  expect(actions('plain').flat()).toEqual([]);
  for (const each of actions('full')) expect(each).toEqual([`arn:aws:sns:${REGION}:${ACCOUNT}:alarms`]);
});

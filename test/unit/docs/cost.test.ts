import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../docs/generate/files.ts';
import { METRIC, RUN_OUTCOMES } from '../../../lambdas/contract.ts';
import { ofType, templateOf } from '../../infra/template.ts';

const read = (file: string): string => readFileSync(join(PROJECT, file), 'utf8');

test('what idles is counted as it is deployed', () => {
  const alarms = ofType(templateOf('plain'), 'AWS::CloudWatch::Alarm').length;
  expect(read('docs/cost.md')).toContain(`| alarms | ${String(alarms)} | ${(alarms * 0.1).toFixed(2)} |`);
  expect(read('README.md')).toContain(`${String(alarms)} alarms`);
  const metrics = Object.keys(METRIC).length - 1 + RUN_OUTCOMES.length;
  expect(read('docs/cost.md')).toContain(`at most ${String(metrics)}: `);
});

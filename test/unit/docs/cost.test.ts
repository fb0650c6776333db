import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../docs/generate/files.ts';
import { METRIC, RUN_OUTCOMES } from '../../../lambdas/contract.ts';
import { special } from '../../infra/server-template.ts';
import { ofType, templateOf } from '../../infra/template.ts';

const read = (file: string): string => readFileSync(join(PROJECT, file), 'utf8');

test('what idles is counted as it is deployed', () => {
  const alarms = ofType(templateOf('plain'), 'AWS::CloudWatch::Alarm').length;
  expect(read('docs/cost.md')).toContain(`| alarms | ${String(alarms)} | ${(alarms * 0.1).toFixed(2)} |`);
  expect(read('README.md')).toContain(`${String(alarms)} alarms`);
  const metrics = Object.keys(METRIC).length - 1 + RUN_OUTCOMES.length;
  expect(read('docs/cost.md')).toContain(`at most ${String(metrics)}: `);
});

test('what the server costs is counted as it is deployed', () => {
  const page = read('docs/cost.md');
  const [plain, endpoints] = [special('plain'), special('endpoints')];
  const interfaces = ofType(endpoints, 'AWS::EC2::VPCEndpoint').filter(
    ([, { Properties }]) => Properties['VpcEndpointType'] === 'Interface',
  ).length;
  expect(page).toContain(`| ${String(interfaces)} endpoints × 2 zones`.replace('| ', ''));
  expect(page).toContain(`| ${(interfaces * 2 * 730 * 0.01).toFixed(2)} |`);
  expect(page).toContain(`175.20 for \`endpoints\``);
  expect((interfaces * 3 * 730 * 0.01).toFixed(2)).toBe('175.20');
  const gateways = ofType(plain, 'AWS::EC2::NatGateway').length;
  expect(page).toContain(`${String(gateways)} gateways at 0.045`);
  expect(page).toContain(`| ${(gateways * 730 * 0.05).toFixed(2)} |`);
  const alarms = ofType(plain, 'AWS::CloudWatch::Alarm').length;
  expect(page).toContain(`| ${String(alarms)} × 0.10, 1 × 3.00 | ${(alarms * 0.1 + 3).toFixed(2)} |`);
  const [keys, secrets] = [ofType(plain, 'AWS::KMS::Key').length, ofType(plain, 'AWS::SecretsManager::Secret').length];
  expect(page).toContain(`${String(keys)} × 1.00, ${String(secrets)} × 0.40`);
});

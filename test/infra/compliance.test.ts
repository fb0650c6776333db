import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, test } from 'vitest';
import { ENV, FUNCTION } from '../../lambdas/contract.ts';
import { ofType, SECRET_ARN, synth, templateOf, VARIANT_NAMES, VARIANTS } from './template.ts';

describe('cdk-nag', () => {
  test.each(VARIANT_NAMES)('%s: finds nothing that is not acknowledged with a reason', (variant) => {
    expect(() => synth(VARIANTS[variant], { comply: true })).not.toThrow();
  });

  test('a finding that nobody acknowledged fails the synthesis', () => {
    const careless = () => synth(VARIANTS.plain, { comply: true, change: (stack) => new Bucket(stack, 'Careless') });
    expect(careless).toThrow(/validation/i);
  });
});

/** Names of properties and variables that would hold a secret, and texts that look like one. */
const SECRET_NAME = /password|passwd|secret_?access_?key|private_?key|api_?key|token$/i;
const SECRET_TEXT = /AKIA[0-9A-Z]{12,}|-----BEGIN|\{\{resolve:secretsmanager/;

const leaves = (value: unknown, path: string): [path: string, text: string][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`))
    : [[path, String(value)]];

describe.each(VARIANT_NAMES)('no secret lies in the template: %s', (variant) => {
  const template = templateOf(variant);

  test('neither under a name that would hold one nor in a text that looks like one', () => {
    const all = leaves(template, '');
    expect(all.length).toBeGreaterThan(1000);
    expect(all.filter(([path]) => SECRET_NAME.test(path.split('.').at(-1) ?? ''))).toEqual([]);
    expect(all.filter(([, text]) => SECRET_TEXT.test(text))).toEqual([]);
  });

  test('functions are told where the secret is, and nothing of what it holds', () => {
    const functions = ofType(template, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties);
    const told = functions.flatMap(({ Environment }) =>
      leaves(Environment ?? {}, '').filter(([path]) => /secret/i.test(path)),
    );
    expect(new Set(told.map(([, text]) => text))).toEqual(new Set([SECRET_ARN]));
    expect(told.length).toBe(Object.keys(FUNCTION).length - 1);
  });
});

test('what holds data outlives the stack', () => {
  const template = templateOf('plain');
  const tables = [...ofType(template, 'AWS::DynamoDB::GlobalTable'), ...ofType(template, 'AWS::DynamoDB::Table')];
  expect(tables).toHaveLength(1);
  for (const [, { DeletionPolicy, UpdateReplacePolicy }] of tables)
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  const asked = synth(VARIANTS.plain.replace('repositories:', 'controlPlane: { removeLedger: true }\nrepositories:'));
  const kept = [...ofType(asked, 'AWS::DynamoDB::GlobalTable'), ...ofType(asked, 'AWS::DynamoDB::Table')];
  expect(
    kept.map(([, { DeletionPolicy }]) => DeletionPolicy),
    'one key of two',
  ).toEqual(['Retain']);
});

test('a ledger that is there is taken up by its stream: no table is made, and rights are on that one alone', () => {
  const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/left-over';
  const stream = `${table}/stream/2026-11-20T10:00:00.000`;
  const adopting = synth(
    VARIANTS.plain.replace('repositories:', `controlPlane: { adoptLedger: "${stream}" }\nrepositories:`),
  );
  expect(ofType(adopting, 'AWS::DynamoDB::GlobalTable')).toEqual([]);
  const text = JSON.stringify(adopting);
  expect(text).toContain('"LEDGER_TABLE":"left-over"'.replace('LEDGER_TABLE', ENV.ledgerTable));
  expect(text).not.toContain('branchline-ledger');
  expect(
    ofType(adopting, 'AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties['EventSourceArn']),
  ).toContain(stream);
  const resources = [...text.matchAll(/arn:aws:dynamodb:[^"]+/g)].map(([arn]) => arn);
  expect(resources.length).toBeGreaterThan(3);
  expect(resources.filter((arn) => !arn.startsWith(`${table}`))).toEqual([]);
});

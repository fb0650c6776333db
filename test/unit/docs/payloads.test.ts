/** Payloads that the pages tell people to send are taken by the functions that they are sent to. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type * as z from 'zod/mini';
import { PROJECT } from '../../../docs/generate/files.ts';
import { ANSWERS, REQUESTS } from '../../../docs/generate/schemas.ts';
import { parseGlueEvent } from '../../../lambdas/events.ts';

const DOCS = join(PROJECT, 'docs');
const files = readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
const text = ['README.md', ...files.map((file) => join('docs', file))]
  .map((file) => readFileSync(join(PROJECT, file), 'utf8'))
  .join('\n');

const sent: [string, string, z.ZodMiniType][] = [
  ...[...text.matchAll(/--function-name branchline-([a-z-]+)[^']*?--payload '([^']+)'/g)].map(
    ([, name = '', payload = '']) => [name, payload] as const,
  ),
  ...[...text.matchAll(/^\s*ask '([^']+)'/gm)].map(([, payload = '']) => ['inspect', payload] as const),
  ...[...text.matchAll(/^\s*act '([^']+)'/gm)].map(([, payload = '']) => ['resolve-run', payload] as const),
].map(([name, payload]) => [name, payload, REQUESTS[name as keyof typeof REQUESTS]]);

test('the pages show payloads', () => {
  expect(sent.length).toBeGreaterThan(15);
});

test.each(sent)('%s takes %s', (_, payload, schema) => {
  expect(schema.safeParse(JSON.parse(payload)).error?.issues).toBeUndefined();
});

test('the answer of claim-run is as shown', () => {
  const [, after = ''] = /## claim-run([\s\S]*?)## resolve-run/.exec(text) ?? [];
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(after) ?? [];
  expect(ANSWERS['claim-run'].safeParse(JSON.parse(example)).success).toBe(true);
});

test('the event that settles a run by hand is a hint for settle-run', () => {
  const [, entries = ''] = /put-events --entries '([\s\S]*?)'/.exec(text) ?? [];
  const [entry] = JSON.parse(entries) as { Source: string; DetailType: string; Detail: string }[];
  const event = {
    source: entry?.Source,
    'detail-type': entry?.DetailType,
    account: '111122223333',
    region: 'eu-west-1',
    time: '2026-11-20T02:00:00Z',
    detail: JSON.parse(entry?.Detail ?? '') as unknown,
  };
  expect(parseGlueEvent(JSON.stringify(event), { account: '111122223333' })).toMatchObject({
    kind: 'hint',
    hint: { jobName: '<job>' },
  });
});

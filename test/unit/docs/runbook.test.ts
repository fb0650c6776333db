import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../../../docs/generate/files.ts';
import { SERVER_VARIANT_NAMES, serverTemplateOf } from '../../infra/server-template.ts';
import { ofType, templateOf, VARIANT_NAMES } from '../../infra/template.ts';

const FOLDER = join(PROJECT, 'docs', 'runbook');
const pages = readdirSync(FOLDER).filter((file) => file !== 'README.md');

const templates = [...VARIANT_NAMES.map(templateOf), ...SERVER_VARIANT_NAMES.map(serverTemplateOf)];
const named = templates.flatMap((template) =>
  ofType(template, 'AWS::CloudWatch::Alarm').map(
    ([, { Properties }]) => /docs\/runbook\/([a-z-]+\.md)/.exec(String(Properties['AlarmDescription']))?.[1] ?? '',
  ),
);

test('every page that an alarm names is there, and every page is named by an alarm', () => {
  expect(named.length).toBeGreaterThan(100);
  expect([...new Set(named)].toSorted()).toEqual(pages.toSorted());
});

test('the first page lists all others', () => {
  const index = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  for (const page of pages) expect(index).toContain(`(${page})`);
});

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(FOLDER, page), 'utf8');

  test('says what it means, how to look, what to decide and do, when it is over, and what is at risk', () => {
    for (const part of ['**Alarm', '## What it means', '## Look', 'Decide', '## Over when', '## Data at risk'])
      expect(text).toContain(part);
    expect(text).toMatch(/```sh|```text/);
  });

  test('names codes of the catalog, and no others', () => {
    const errors = readFileSync(join(PROJECT, 'docs', 'errors.md'), 'utf8');
    for (const [code] of text.matchAll(/\bBL\d{4}\b/g)) expect(errors).toContain(`### ${code}\n`);
  });
});

test('names of queues in the pages are names of queues', () => {
  const queues = ofType(templateOf('plain'), 'AWS::SQS::Queue').map(([, { Properties }]) => Properties['QueueName']);
  const text = pages.map((page) => readFileSync(join(FOLDER, page), 'utf8')).join('\n');
  const found = new Set([...text.matchAll(/`(branchline-[a-z-]+-dlq(?:\.fifo)?)`/g)].map(([, name]) => name));
  expect(found.size).toBeGreaterThan(0);
  for (const name of found) expect(queues).toContain(name);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../docs/generate/files.ts';
import { faultsOf } from '../config/sample.ts';

const page = readFileSync(join(PROJECT, 'README.md'), 'utf8');

test('the first configuration is right', () => {
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  expect(text).toContain('pipelines:');
  expect(faultsOf(text)).toEqual([]);
});

test('the commands of the first screen are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(page).toContain('npm ci && npm run demo');
  expect(page).toContain('npm ci && npm test');
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test']));
});

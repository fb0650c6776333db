import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { typesWithoutExample } from '../../../docs/generate/events.ts';
import { generatedFiles, PROJECT } from '../../../docs/generate/files.ts';
import { ERROR_CATALOG } from '../../../lambdas/domain/errors.ts';

const generated = generatedFiles();

describe('what is made from code is as the code makes it (`npm run generate:docs`)', () => {
  test.each([...generated.keys()])('%s', (file) => {
    expect(readFileSync(join(PROJECT, file), 'utf8')).toBe(generated.get(file));
  });

  test.each(['requests', 'answers'])('schema/%s holds nothing else', (folder) => {
    const made = [...generated.keys()].filter((file) => file.startsWith(`schema/${folder}/`));
    expect(readdirSync(join(PROJECT, 'schema', folder)).map((file) => `schema/${folder}/${file}`)).toEqual(
      made.toSorted(),
    );
  });
});

test('every domain event has an example', () => {
  expect(typesWithoutExample()).toEqual([]);
});

test('every code of the catalog has a section of its own', () => {
  const page = generated.get('docs/errors.md') ?? '';
  for (const code of Object.keys(ERROR_CATALOG)) expect(page).toContain(`\n### ${code}\n`);
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../docs/generate/files.ts';

const NOT_OURS = ['node_modules', 'cdk.out', 'dist', 'build', 'coverage', 'reports'];

const pagesBelow = (folder: string): string[] =>
  readdirSync(join(PROJECT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') || NOT_OURS.includes(entry.name) ? [] : pagesBelow(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
const pages = pagesBelow('');

const proseOf = (file: string): string => readFileSync(join(PROJECT, file), 'utf8').replace(/^```[\s\S]*?^```/gm, '');

/** As GitHub makes them of headings. */
const anchorsOf = (file: string): Set<string> =>
  new Set(
    [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

const linksOf = (file: string): { target: string; anchor: string | undefined }[] =>
  [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor] = link.split('#');
      const target =
        path === '' ? file : relative(PROJECT, normalize(join(PROJECT, dirname(file), decodeURIComponent(path))));
      return { target, anchor };
    });

test('there are pages', () => {
  expect(pages).toContain('README.md');
  expect(pages.length).toBeGreaterThan(15);
});

test.each(pages)('relative links of %s lead somewhere', (file) => {
  const broken = linksOf(file)
    .filter(
      ({ target, anchor }) =>
        !existsSync(join(PROJECT, target)) ||
        (anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor)),
    )
    .map(({ target, anchor }) => (anchor === undefined ? target : `${target}#${anchor}`));
  expect(broken).toEqual([]);
});

test('no page names what belongs to one machine', () => {
  for (const file of pages) expect(readFileSync(join(PROJECT, file), 'utf8'), file).not.toMatch(/\/(work|home|root)\//);
});

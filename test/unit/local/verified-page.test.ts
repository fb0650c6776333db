import { describe, expect, it } from 'vitest';
import { asPage, type Findings } from '../../../local/verified-page.ts';

const findings: Findings = {
  version: '1.84.0',
  kind: 'binary',
  date: '2026-11-24',
  commit: 'abc123',
  node: 'v24.21.0',
  suites: [
    { name: 'Contract suite', command: 'npm run test:contract', ok: true, passed: 340, failed: 0, skipped: 2 },
    { name: 'Integration tests', command: 'npm run test:integration', ok: false, passed: 10, failed: 1, skipped: 0 },
  ],
  demo: { ok: true, scenes: 9, checks: 41, seconds: 55 },
};

describe('the page of what was verified', () => {
  it('tells server, date, commit and Node', () => {
    const page = asPage(findings);
    expect(page).toContain('| lakeFS | 1.84.0, a server binary, started for this, objects in the local S3 |');
    expect(page).toContain('| Date | 2026-11-24 |');
    expect(page).toContain('| Commit | `abc123` |');
    expect(page).toContain('| Node | v24.21.0 |');
  });

  it('tells every suite with its counts, a failed one plainly', () => {
    const page = asPage(findings);
    expect(page).toContain('| Contract suite | `npm run test:contract` | passed | 340 | 0 | 2 |');
    expect(page).toContain('| Integration tests | `npm run test:integration` | **failed** | 10 | 1 | 0 |');
  });

  it('tells the demo as one more row', () => {
    expect(asPage(findings)).toContain('| Demo: 9 scenes, 55 s | `npm run demo` | passed | 41 | 0 | 0 |');
    const failed = asPage({ ...findings, demo: { ...findings.demo, ok: false } });
    expect(failed).toContain('| Demo: 9 scenes, 55 s | `npm run demo` | **failed** | 41 | 1 | 0 |');
  });

  it.each([
    ['endpoint', 'a server that ran already'],
    ['docker', 'the official image, started for this, objects in the local S3'],
    ['something new', 'something new'],
  ])('tells how the server was reached: %s', (kind, words) => {
    expect(asPage({ ...findings, kind })).toContain(`| lakeFS | 1.84.0, ${words} |`);
  });

  it('has tables of equal width, so that they are tables', () => {
    const rows = asPage(findings)
      .split('\n\n')
      .filter((block) => block.startsWith('|'))
      .map(
        (block) =>
          new Set(
            block
              .trimEnd()
              .split('\n')
              .map((row) => row.split('|').length),
          ),
      );
    expect(rows.map(({ size }) => size)).toEqual([1, 1]);
  });

  it('says that it is written by a program, and ends with one line break', () => {
    expect(asPage(findings)).toContain('do not edit by hand');
    expect(asPage(findings)).toMatch(/[^\n]\n$/);
  });
});

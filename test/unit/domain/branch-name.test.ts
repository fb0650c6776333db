import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { branchNameOf, MAX_BRANCH_LENGTH, splitJobRunId } from '../../../lambdas/domain/branch-name.ts';

interface Vector {
  readonly job: string;
  readonly runId: string;
  readonly attempt: number;
  readonly branch: string;
}
const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/branch-names.json', import.meta.url), 'utf8'),
) as Vector[];

const job = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 255 }),
  fc.stringMatching(/^[ab_-]{1,12}$/),
  fc.constantFrom('a', 'a-b', 'a-b-c', 'sales daily', 'verkäufe/täglich', '📈', '-', 'job'),
);
const runId = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/),
  fc.stringMatching(/^[abr][0-9abr-]{0,6}$/),
  fc.constantFrom('a1', 'r1', 'x-r1', 'c', 'b-c', 'jr_0', 'x-r1-r2'),
);
const key = fc.record({ job, runId, attempt: fc.nat(3) });

describe('branchNameOf', () => {
  it.each(vectors)('names $job $runId $attempt as the fixture says', ({ job: name, runId: id, attempt, branch }) => {
    expect(branchNameOf(name, id, attempt)).toBe(branch);
  });

  it('gives names that lakeFS takes, of at most 100 characters', () => {
    fc.assert(
      fc.property(key, ({ job: name, runId: id, attempt }) => {
        const branch = branchNameOf(name, id, attempt);
        expect(branch).toMatch(/^run-[A-Za-z0-9_-]+$/);
        expect(branch.length).toBeLessThanOrEqual(MAX_BRANCH_LENGTH);
      }),
    );
  });

  it('never gives two runs one name', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = a.job === b.job && a.runId === b.runId && a.attempt === b.attempt;
        expect(branchNameOf(a.job, a.runId, a.attempt) === branchNameOf(b.job, b.runId, b.attempt)).toBe(same);
      }),
      { numRuns: 20_000 },
    );
  });

  it('keeps runs apart whose job and run id read alike when joined', () => {
    expect(branchNameOf('a-b', 'c', 0)).not.toBe(branchNameOf('a', 'b-c', 0));
    expect(branchNameOf('a', 'x', 1)).not.toBe(branchNameOf('a-x', 'a1', 0));
    expect(branchNameOf('a', 'x-r1', 0)).not.toBe(branchNameOf('a-x', 'r1', 0));
  });
});

describe('splitJobRunId', () => {
  it.each([
    ['jr_abc', { root: 'jr_abc', attempt: 0 }],
    ['jr_abc_attempt_2', { root: 'jr_abc', attempt: 2 }],
    ['_attempt_2', { root: '_attempt_2', attempt: 0 }],
    ['jr_attempt_x', { root: 'jr_attempt_x', attempt: 0 }],
  ])('%s', (id, expected) => {
    expect(splitJobRunId(id)).toEqual(expected);
  });
});

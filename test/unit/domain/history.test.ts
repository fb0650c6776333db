import { describe, expect, it } from 'vitest';
import { COMMIT_KIND, METADATA } from '../../../lambdas/contract.ts';
import { claimedRunOf, findMerge, revertedBy } from '../../../lambdas/domain/history.ts';
import type { Commit } from '../../../lambdas/domain/lakefs.ts';

const commit = (id: string, parents: string[], more: Partial<Commit> = {}): Commit => ({
  id,
  parents,
  metaRangeId: '',
  message: '',
  committer: 'admin',
  creationDate: 0,
  metadata: {},
  ...more,
});
const base = commit('base', []);
const promotion = (id: string, parent: string, source: string) => commit(id, [parent, source]);
const revert = (id: string, parent: string, of: string) =>
  commit(id, [parent], { metadata: { [METADATA.reverts]: of } });
const rollback = (id: string, parent: string, to: string) =>
  commit(id, [parent, `branch-${id}`], {
    metadata: { [METADATA.kind]: COMMIT_KIND.rollback, [METADATA.rollbackTo]: to },
  });

describe('findMerge', () => {
  const m1 = promotion('m1', 'base', 'r1');
  const m2 = promotion('m2', 'm1', 'r2');
  it.each([
    ['not merged', [base], 'r1', undefined],
    ['merged', [m1, base], 'r1', { mergeCommit: 'm1', inForce: true }],
    ['another merged after it', [m2, m1, base], 'r1', { mergeCommit: 'm1', inForce: true }],
    ['reverted', [revert('x', 'm2', 'm1'), m2, m1, base], 'r1', { mergeCommit: 'm1', inForce: false }],
    ['another reverted', [revert('x', 'm2', 'm2'), m2, m1, base], 'r1', { mergeCommit: 'm1', inForce: true }],
    [
      'its revert reverted',
      [revert('y', 'x', 'x'), revert('x', 'm2', 'm1'), m2, m1, base],
      'r1',
      { mergeCommit: 'm1', inForce: true },
    ],
    ['rolled back past it', [rollback('x', 'm2', 'base'), m2, m1, base], 'r1', { mergeCommit: 'm1', inForce: false }],
    ['rolled back to it', [rollback('x', 'm2', 'm1'), m2, m1, base], 'r1', { mergeCommit: 'm1', inForce: true }],
    [
      'rolled back to just before it',
      [rollback('x', 'm2', 'm1'), m2, m1, base],
      'r2',
      { mergeCommit: 'm2', inForce: false },
    ],
    [
      'rolled back to before this log',
      [rollback('x', 'm1', 'older'), m1, base],
      'r1',
      { mergeCommit: 'm1', inForce: false },
    ],
    [
      'rolled forward again',
      [rollback('y', 'x', 'm2'), rollback('x', 'm2', 'base'), m2, m1, base],
      'r1',
      { mergeCommit: 'm1', inForce: true },
    ],
  ])('%s', (_, log, source, expected) => {
    expect(findMerge(log, source)).toEqual(expected && { takenBack: false, ...expected });
  });
});

describe('a merge that the promotion itself took back', () => {
  const ours = { [METADATA.runId]: 'x', [METADATA.attempt]: '0' };
  const merge = commit('m', ['base', 'r'], { metadata: ours });
  const undo = (metadata: Record<string, string>) =>
    commit('u', ['m'], { metadata: { [METADATA.kind]: COMMIT_KIND.revert, [METADATA.reverts]: 'm', ...metadata } });
  it.each([
    ['by its own run', undo(ours), true],
    ['by another run', undo({ ...ours, [METADATA.runId]: 'y' }), false],
    ['by another attempt', undo({ ...ours, [METADATA.attempt]: '1' }), false],
    ['by a person', undo({}), false],
  ])('%s', (_, last, takenBack) => {
    expect(findMerge([last, merge, base], 'r')).toEqual({ mergeCommit: 'm', inForce: false, takenBack });
  });
});

describe('revertedBy', () => {
  const id = '3a4971a489718be747a29a43b183d142d0f77ebd1728779f26cd82250171a470';
  it('reads the default message of lakeFS, seen on a real server', () => {
    expect(revertedBy(commit('x', ['p'], { message: `Revert ${id}` }))).toBe(id);
  });
  it('reads nothing into other messages', () => {
    expect(revertedBy(commit('x', ['p'], { message: 'Revert the schema change' }))).toBeUndefined();
  });
});

describe('claimedRunOf', () => {
  it.each([
    [
      'a merge of ours',
      commit('m', ['a', 'b'], { metadata: { [METADATA.runId]: 'x', [METADATA.attempt]: '2' } }),
      { runId: 'x', attempt: 2 },
    ],
    ['no merge', commit('m', ['a'], { metadata: { [METADATA.runId]: 'x' } }), undefined],
    [
      'a nonsense attempt',
      commit('m', ['a', 'b'], { metadata: { [METADATA.runId]: 'x', [METADATA.attempt]: 'two' } }),
      undefined,
    ],
    [
      'a negative attempt',
      commit('m', ['a', 'b'], { metadata: { [METADATA.runId]: 'x', [METADATA.attempt]: '-1' } }),
      undefined,
    ],
    ['a merge by hand', commit('m', ['a', 'b']), undefined],
  ])('%s', (_, from, expected) => {
    expect(claimedRunOf(from)).toEqual(expected);
  });
});

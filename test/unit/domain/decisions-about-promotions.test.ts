import { describe, expect, it } from 'vitest';
import { COMMIT_KIND, METADATA } from '../../../lambdas/contract.ts';
import { undoneBelow } from '../../../lambdas/domain/history.ts';
import type { Commit } from '../../../lambdas/domain/lakefs.ts';
import { mayDecide } from '../../../lambdas/domain/promotion.ts';
import type { Run } from '../../../lambdas/domain/run.ts';

const id = (letter: string): string => letter.repeat(64);
const commit = (letter: string, more: Partial<Commit> = {}): Commit => ({
  id: id(letter),
  parents: [],
  metaRangeId: '',
  message: '',
  committer: '',
  creationDate: 0,
  metadata: {},
  ...more,
});
const revertOf = (letter: string, of: string): Commit => commit(letter, { message: `Revert ${id(of)}` });
const rollbackTo = (letter: string, to: string): Commit =>
  commit(letter, { metadata: { [METADATA.kind]: COMMIT_KIND.rollback, [METADATA.rollbackTo]: id(to) } });

/** Oldest first, as one tells it; the base is the first. */
const undone = (...oldestFirst: Commit[]): string | undefined => undoneBelow(oldestFirst.toReversed())?.id[0];

describe('whether the base of a run was undone', () => {
  it.each([
    ['nothing since', undone(commit('b')), undefined],
    ['the base itself was reverted', undone(commit('b'), revertOf('c', 'b')), 'c'],
    ['something older was reverted', undone(commit('b'), revertOf('c', 'a')), 'c'],
    ['something younger was reverted', undone(commit('b'), commit('c'), revertOf('d', 'c')), undefined],
    [
      'what a younger merge brought was reverted',
      undone(commit('b'), commit('c', { parents: [id('b'), id('9')] }), revertOf('d', '9')),
      undefined,
    ],
    ['and came back', undone(commit('b'), revertOf('c', 'b'), revertOf('d', 'c')), undefined],
    ['and was undone once more', undone(commit('b'), revertOf('c', 'b'), revertOf('d', 'c'), revertOf('e', 'd')), 'c'],
    ['rolled back past the base', undone(commit('b'), rollbackTo('c', 'a')), 'c'],
    ['rolled back to the base', undone(commit('b'), commit('c'), rollbackTo('d', 'b')), undefined],
    ['rolled forward again', undone(commit('b'), commit('c'), rollbackTo('d', 'a'), rollbackTo('e', 'c')), undefined],
    [
      'rolled back to what was undone',
      undone(commit('b'), revertOf('c', 'b'), revertOf('d', 'c'), rollbackTo('e', 'c')),
      'c',
    ],
    ['a rollback past the base was reverted', undone(commit('b'), rollbackTo('c', 'a'), revertOf('d', 'c')), undefined],
  ])('%s', (_, found, expected) => {
    expect(found).toBe(expected);
  });
});

describe('who may write down what was found out about a promotion', () => {
  const lease = { owner: 'me', checkedHead: id('a'), expiresAt: 1_000 };
  const run = (more: Partial<Run>): Run => ({ state: 'COMMITTED', runCommit: id('c'), ...more }) as Run;
  it.each([
    ['nobody else holds it', run({}), run({}), true],
    ['its own lease', run({ state: 'PROMOTING', lease }), run({ state: 'PROMOTING', lease }), true],
    ["another's lease", run({ state: 'PROMOTING', lease }), run({}), false],
    ["another's, which has run out", run({ state: 'PROMOTING', lease: { ...lease, expiresAt: 500 } }), run({}), true],
    ['other work by now', run({ runCommit: id('d') }), run({}), false],
    ['it is decided', run({ state: 'CONFLICTED' }), run({}), false],
  ])('%s', (_, current, seen, expected) => {
    expect(mayDecide(current, seen, 500)).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { eventsOf, targetEventsOf } from '../../../lambdas/domain/domain-events.ts';
import { ERROR_CATALOG } from '../../../lambdas/domain/errors.ts';
import { hasSucceeded, isTerminal } from '../../../lambdas/domain/job-states.ts';
import { matchesPattern } from '../../../lambdas/domain/pipelines.ts';
import { consoleUrl, leaseStands, promotionBaseOf } from '../../../lambdas/domain/promotion.ts';
import {
  formatRunKey,
  isMoving,
  isSettled,
  isWaiting,
  needsCleanUp,
  parseRunKey,
  RUN_STATE,
  type Run,
} from '../../../lambdas/domain/run.ts';
import { isHeld, type Target } from '../../../lambdas/domain/target.ts';
import { ALLOWED, advance } from '../../../lambdas/domain/transitions.ts';

const run = (more: Partial<Run> = {}): Run => ({
  schemaVersion: 1,
  runId: 'x',
  attempt: 0,
  version: 1,
  state: 'OPEN',
  job: 'job-a',
  pipeline: 'p',
  repository: 'lake',
  target: 'main',
  branch: 'run-job-a-x',
  baseCommit: 'base',
  openedAt: 1,
  updatedAt: 1,
  rerunNumber: 0,
  branchDeleted: false,
  steps: [],
  ...more,
});
const target = (more: Partial<Target> = {}): Target => ({
  schemaVersion: 1,
  version: 1,
  repository: 'lake',
  branch: 'main',
  verifiedCommit: 'c',
  updatedAt: 1,
  ...more,
});

describe('states', () => {
  it('are each settled, waiting or moving, and only one of these', () => {
    for (const state of Object.values(RUN_STATE)) {
      expect([isSettled(state), isWaiting(state), isMoving(state)].filter(Boolean)).toHaveLength(1);
    }
  });
  it('never let a discarded or unchanged run come back', () => {
    expect(ALLOWED.DISCARDED).toEqual([]);
    expect(ALLOWED.UNCHANGED).toEqual([]);
  });
  it('lead to PROMOTED only from where work is committed: by promotion, by the log, by a merge of a person', () => {
    const before = Object.entries(ALLOWED).flatMap(([state, next]) => (next.includes('PROMOTED') ? [state] : []));
    expect(before.sort()).toEqual(['COMMITTED', 'CONFLICTED', 'PROMOTING', 'REJECTED', 'ROLLED_BACK']);
  });
});

describe('advance', () => {
  it('bumps the version, dates the change and notes the step', () => {
    const next = advance(
      run({ lease: { owner: 'o', checkedHead: 'h', expiresAt: 5 } }),
      7,
      { state: 'COMMITTED' },
      { note: 'n', forget: ['lease'] },
    );
    expect(next).toMatchObject({
      version: 2,
      updatedAt: 7,
      state: 'COMMITTED',
      steps: [{ at: 7, state: 'COMMITTED', note: 'n' }],
    });
    expect('lease' in next).toBe(false);
  });
  it('refuses what may not follow, naming both states', () => {
    expect(() => advance(run({ state: 'DISCARDED' }), 7, { state: 'PROMOTED' })).toThrow(/DISCARDED.*PROMOTED/);
  });
  it('writes no step where nothing is new, and keeps the newest fifty', () => {
    expect(advance(run(), 7, { wakeUps: 1 }).steps).toEqual([]);
    let long = run();
    for (let i = 0; i < 60; i += 1) long = advance(long, i, {}, { note: String(i) });
    expect(long.steps).toHaveLength(50);
    expect(long.steps.at(-1)?.note).toBe('59');
  });
});

describe('run keys', () => {
  it.each([
    [{ runId: 'x', attempt: 0 }, 'x'],
    [{ runId: 'x', attempt: 3 }, 'x#3'],
  ])('%o', (key, text) => {
    expect(formatRunKey(key)).toBe(text);
    expect(parseRunKey(text)).toEqual(key);
  });
});

describe('needsCleanUp', () => {
  it.each([
    ['an open run', run(), false],
    ['a settled run with its branch', run({ state: 'PROMOTED' }), true],
    ['one that owes nothing', run({ state: 'PROMOTED', branchDeleted: true }), false],
    ['one that owes a rewind', run({ state: 'DISCARDED', branchDeleted: true, bookmarkRewind: 'due' }), true],
    [
      'one whose window a person runs again',
      run({ state: 'DISCARDED', branchDeleted: true, bookmarkRewind: 'rerun-needed' }),
      false,
    ],
    ['one that owes a rerun', run({ state: 'DISCARDED', branchDeleted: true, rerunDue: true }), true],
    ['one whose work is to be preserved', run({ state: 'DISCARDED', branchDeleted: true, preserveDue: true }), true],
  ])('%s', (_, given, expected) => {
    expect(needsCleanUp(given)).toBe(expected);
  });
});

describe('job states', () => {
  it.each(['SUCCEEDED', 'FAILED', 'TIMEOUT', 'STOPPED', 'ERROR', 'EXPIRED'])('%s is an end', (state) => {
    expect(isTerminal(state)).toBe(true);
    expect(hasSucceeded(state)).toBe(state === 'SUCCEEDED');
  });
  it.each(['STARTING', 'RUNNING', 'STOPPING', 'WAITING', 'toString', 'A_STATE_OF_TOMORROW'])('%s is none', (state) => {
    expect(isTerminal(state)).toBe(false);
  });
});

describe('matchesPattern', () => {
  it.each([
    ['sales', 'sales', true],
    ['sales', 'sales2', false],
    ['sales-*', 'sales-', true],
    ['sales-*', 'sales', false],
    ['*-daily', 'x-daily', true],
    ['a*b*c', 'a--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['a*a', 'a', false],
    ['*', '', true],
    ['a.c', 'abc', false],
    [`${'*a'.repeat(50)}*b`, 'a'.repeat(255), false],
  ])('%s on %s: %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });
});

describe('domain events', () => {
  it('one for a new state, none for a new version of the same', () => {
    expect(eventsOf(undefined, run()).map(({ type }) => type)).toEqual(['Run Opened']);
    expect(eventsOf(run(), run({ version: 2 }))).toEqual([]);
    expect(eventsOf(run({ state: 'COMMITTED' }), run({ state: 'PROMOTED' })).map(({ type }) => type)).toEqual([
      'Run Promoted',
    ]);
  });
  it('none for a promotion that was put off', () => {
    expect(eventsOf(run({ state: 'PROMOTING' }), run({ state: 'COMMITTED' }))).toEqual([]);
    expect(eventsOf(run({ state: 'CONFLICTED' }), run({ state: 'COMMITTED' }))).toHaveLength(1);
  });
  it('tell of blocked and unblocked targets', () => {
    const blocked = target({ blocked: { commit: 'c', cause: { code: 'BL2016', message: 'm' }, since: 1 } });
    expect(targetEventsOf(target(), blocked).map(({ type }) => type)).toEqual(['Target Blocked']);
    expect(targetEventsOf(blocked, target()).map(({ type }) => type)).toEqual(['Target Unblocked']);
    expect(targetEventsOf(undefined, target())).toEqual([]);
    expect(targetEventsOf(blocked, blocked)).toEqual([]);
  });
});

describe('holds and leases', () => {
  it('end when their time is up', () => {
    const held = target({ hold: { owner: 'o', reason: 'r', expiresAt: 10 } });
    expect([isHeld(held, 9), isHeld(held, 10), isHeld(undefined, 0), isHeld(target(), 0)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    const leased = run({ lease: { owner: 'o', checkedHead: 'h', expiresAt: 10 } });
    expect([leaseStands(leased, 9), leaseStands(leased, 10), leaseStands(run(), 0)]).toEqual([true, false, false]);
  });
  it('a resolved run is judged from the head on which it was resolved', () => {
    expect(promotionBaseOf(run())).toBe('base');
    expect(promotionBaseOf(run({ promotionBase: 'later' }))).toBe('later');
  });
});

describe('consoleUrl', () => {
  it('escapes names', () => {
    expect(consoleUrl('eu-west-1', 'a b/c', 'jr_1')).toContain('/job/a%20b%2Fc/run/jr_1');
  });
});

describe('the error catalog', () => {
  it.each(Object.entries(ERROR_CATALOG))('%s says what to do', (code, entry) => {
    expect(code).toMatch(/^BL[1-9]\d{3}$/);
    expect(entry.remedy.length).toBeGreaterThan(10);
  });
});

import { describe, expect, it, test } from 'vitest';
import { LAKEFS_OLDEST_TRIED, LAKEFS_VERSION } from '../../../lambdas/contract.ts';
import { judgeLatency, judgeTls, judgeVersion, median, type TlsFacts } from '../../../lambdas/domain/server.ts';

const NOW = Date.parse('2026-11-25T00:00:00Z');
const DAY = 86_400_000;
const FACTS: TlsFacts = { protocol: 'TLSv1.3', validFrom: NOW - DAY, validTo: NOW + 60 * DAY, issuer: 'Amazon' };

describe('TLS', () => {
  test.each<[string, Partial<TlsFacts>, string, RegExp]>([
    ['in order', {}, 'ok', /^TLSv1\.3, certificate of Amazon until 2027-01-24$/],
    ['TLS 1.2', { protocol: 'TLSv1.2' }, 'ok', /TLSv1\.2/],
    ['TLS 1.1', { protocol: 'TLSv1.1' }, 'failed', /TLSv1\.1 was agreed on/],
    ['TLS 1.0', { protocol: 'TLSv1' }, 'failed', /TLSv1 was/],
    ['ended', { validTo: NOW }, 'failed', /ended on 2026-11-25/],
    [
      'ended and not trusted: the end is the cause',
      { validTo: NOW - 1, distrust: 'CERT_HAS_EXPIRED' },
      'failed',
      /ended/,
    ],
    ['not begun', { validFrom: NOW + DAY }, 'failed', /begins on 2026-11-26/],
    ['not trusted', { distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'failed', /SELF_SIGNED/],
    ['three weeks left', { validTo: NOW + 21 * DAY }, 'ok', /until/],
    ['not quite three weeks left', { validTo: NOW + 21 * DAY - 1 }, 'warning', /20 days left/],
  ])('%s', (_, change, status, message) => {
    const verdict = judgeTls({ ...FACTS, ...change }, NOW);
    expect(verdict).toMatchObject({ status, message: expect.stringMatching(message) });
    expect(verdict.remedy !== undefined).toBe(status !== 'ok');
  });

  it('none is a warning', () => {
    expect(judgeTls(undefined, NOW)).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('in the clear'),
    });
  });
});

test.each([
  [LAKEFS_VERSION, 'ok'],
  [LAKEFS_OLDEST_TRIED, 'ok'],
  [`v${LAKEFS_VERSION}`, 'ok'],
  [`${LAKEFS_VERSION}-emulator`, 'ok'],
  ['1.9.0', 'warning'],
  ['1.999.0', 'warning'],
  ['2.0.0', 'failed'],
  ['0.113.0', 'failed'],
  ['dev', 'warning'],
  ['unknown', 'warning'],
])('version %s: %s', (version, status) => {
  expect(judgeVersion(version)).toMatchObject({ status, message: expect.stringContaining(version) });
});

test('the median is one of the values, by size and not by letters', () => {
  expect(median([9, 100, 10])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([])).toBe(0);
});

test('latency: slow where the median of any call is', () => {
  expect(judgeLatency({ health: [1, 2, 3], branch: [10, 500, 900] })).toEqual({
    status: 'ok',
    message: 'health 2 ms, branch 500 ms (median of 3)',
  });
  expect(judgeLatency({ health: [1, 2, 3], branch: [10, 501, 900] })).toMatchObject({ status: 'warning' });
});

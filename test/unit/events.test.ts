import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isBranchlineError } from '../../lambdas/domain/errors.ts';
import { type ParsedEvent, parseGlueEvent } from '../../lambdas/events.ts';

const FIXTURES = new URL('../fixtures/events/', import.meta.url);
const OWN = { account: '111122223333' };
const JOB_RUN = 'jr_3f9a0d1c5b7e42688c1f0a9d3e5b7c6420416182a3c4d5e6f708192a3b4c5d6e';
const AT = Date.parse('2026-11-24T15:04:05Z');

const hint = (extra: Record<string, unknown> = {}): ParsedEvent => ({
  kind: 'hint',
  hint: {
    jobName: 'nightly-sales',
    jobRunId: JOB_RUN,
    at: AT,
    account: OWN.account,
    region: 'eu-central-1',
    ...extra,
  },
});

/** What every event that was ever accepted has to be read as, for good. */
const EXPECTED: Record<string, ParsedEvent | { kind: 'ignored'; reason: string }> = {
  '2026-11/state-change-succeeded.json': hint({ state: 'SUCCEEDED' }),
  '2026-11/state-change-failed.json': hint({ state: 'FAILED' }),
  '2026-11/state-change-timeout.json': hint({ state: 'TIMEOUT' }),
  '2026-11/state-change-stopped.json': hint({ state: 'STOPPED' }),
  '2026-11/state-change-retry.json': hint({ state: 'FAILED', jobRunId: `${JOB_RUN}_attempt_1` }),
  '2026-11/state-change-odd-name.json': hint({
    state: 'SUCCEEDED',
    jobName: `täglich: Verkäufe / EU.v2 🚚 ${'x'.repeat(100)}`,
  }),
  '2026-11/state-change-replayed.json': hint({ state: 'SUCCEEDED' }),
  '2026-11/state-change-new-fields.json': hint({ state: 'SUCCEEDED' }),
  '2026-11/run-status-running.json': hint({ state: 'RUNNING' }),
  '2026-11/api-call-start-job-run.json': hint(),
  '2026-11/api-call-start-job-run-refused.json': { kind: 'ignored', reason: 'failed-call' },
  '2026-11/api-call-other.json': { kind: 'ignored', reason: 'other-call' },
};

const fixture = (name: string): string => readFileSync(new URL(name, FIXTURES), 'utf8');

interface Event {
  detail: Record<string, unknown>;
  [field: string]: unknown;
}
const changed = (name: string, change: (event: Event) => void): string => {
  const event = JSON.parse(fixture(name)) as Event;
  change(event);
  return JSON.stringify(event);
};
const END = '2026-11/state-change-succeeded.json';
const CALL = '2026-11/api-call-start-job-run.json';

describe('events that were ever accepted', () => {
  const names = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));

  it('has an expectation for each fixture', () => {
    expect(names.sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(names)('%s', (name) => {
    expect(parseGlueEvent(fixture(name), OWN)).toMatchObject(EXPECTED[name] ?? {});
  });
});

describe('events that are none of our business', () => {
  it('ignores a foreign account and names both', () => {
    const parsed = parseGlueEvent(fixture(END), { account: '444455556666' });
    expect(parsed).toMatchObject({ kind: 'ignored', reason: 'foreign-account' });
    expect(parsed).toHaveProperty('message', 'event of account 111122223333, this is 444455556666');
  });

  it('ignores a state that Glue does not document', () => {
    const body = changed(END, (event) => {
      event.detail.state = 'HIBERNATING';
    });
    expect(parseGlueEvent(body, OWN)).toMatchObject({ kind: 'ignored', reason: 'unknown-state' });
  });
});

describe('size and names', () => {
  it('reads an event of 256 KB', () => {
    const body = changed(END, (event) => {
      event.detail.message = 'x'.repeat(256 * 1024);
    });
    expect(parseGlueEvent(body, OWN)).toMatchObject({ kind: 'hint', hint: { jobRunId: JOB_RUN } });
  });

  it.each([['a'.repeat(255)], ['🚚/.. \t'], ['__proto__'], ['*']])('takes job name %s as it is', (jobName) => {
    const body = changed(END, (event) => {
      event.detail.jobName = jobName;
    });
    expect(parseGlueEvent(body, OWN)).toMatchObject({ kind: 'hint', hint: { jobName } });
  });
});

describe('malformed events', () => {
  const drop = (field: string) => (event: Event) => {
    delete event[field];
  };
  const set = (field: string, value: unknown) => (event: Event) => {
    event.detail[field] = value;
  };
  it.each<[what: string, body: string, says: RegExp]>([
    ['no JSON', '{"version":"0","id":', /event is no JSON/],
    ['nothing', '', /event is no JSON/],
    ['a list', '[]', /event: expected object, found array/],
    ['null', 'null', /event: expected object, found null/],
    [
      'no source',
      changed(END, drop('source')),
      /event\.source: expected one of aws\.glue, branchline\.glue, found nothing/,
    ],
    [
      'a foreign source',
      changed(END, (event) => {
        event.source = 'aws.batch';
      }),
      /event\.source: expected one of aws\.glue, branchline\.glue, found "aws\.batch"/,
    ],
    [
      'another kind of event',
      changed(END, (event) => {
        event['detail-type'] = 'Glue Crawler State Change';
      }),
      /event\.detail-type: expected one of Glue Job State Change/,
    ],
    ['no account', changed(END, drop('account')), /event\.account: expected string, found nothing/],
    [
      'an odd time',
      changed(END, (event) => {
        event.time = 'yesterday';
      }),
      /event\.time: expected an ISO 8601 time, found "yesterday"/,
    ],
    ['no detail', changed(END, drop('detail')), /event\.detail: expected record, found nothing/],
    ['no job name', changed(END, set('jobName', undefined)), /event\.detail\.jobName: expected string, found nothing/],
    ['an empty job name', changed(END, set('jobName', '')), /jobName: expected at least 1 characters, found 0/],
    ['a job name of 256', changed(END, set('jobName', 'a'.repeat(256))), /expected at most 255 characters, found 256/],
    [
      'a job run id that is a number',
      changed(END, set('jobRunId', 7)),
      /event\.detail\.jobRunId: expected string, found 7/,
    ],
    ['no state', changed(END, set('state', undefined)), /event\.detail\.state: expected string, found nothing/],
    [
      'a call without answer',
      changed(CALL, set('responseElements', null)),
      /detail\.responseElements: expected object, found null/,
    ],
    [
      'a call without job',
      changed(CALL, set('requestParameters', {})),
      /requestParameters\.jobName: expected string, found nothing/,
    ],
  ])('refuses %s', (_, body, says) => {
    let error: unknown;
    try {
      parseGlueEvent(body, OWN);
    } catch (thrown) {
      error = thrown;
    }
    expect(isBranchlineError(error, 'BL1006')).toBe(true);
    expect(String(error)).toMatch(says);
  });

  it('does not repeat a long event in the message', () => {
    expect(() => parseGlueEvent('x'.repeat(10_000), OWN)).toThrow(/^.{0,400}$/);
  });
});

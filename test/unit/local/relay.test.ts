import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Relay, startRelay } from '../../../local/relay.ts';
import { waitFor } from '../../../local/wait.ts';

interface FakeRun {
  Id: string;
  JobRunState: string;
  CompletedOn: number | null;
  ErrorMessage?: string;
}

let server: Server;
let relay: Relay;
let runs: FakeRun[] = [];
const sent: { at: number; detail: Record<string, string> }[] = [];

/** Just enough of Glue and EventBridge. */
const answerTo = (target: string, body: string): unknown => {
  switch (target) {
    case 'AWSGlue.GetJobs':
      return { Jobs: [{ Name: 'sales' }] };
    case 'AWSGlue.GetJobRuns':
      return { JobRuns: runs };
    case 'AWSEvents.PutEvents': {
      const { Entries } = JSON.parse(body) as { Entries: { Detail: string }[] };
      for (const entry of Entries) sent.push({ at: performance.now(), detail: JSON.parse(entry.Detail) });
      return { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: '1' })) };
    }
    default:
      throw new Error(`unexpected ${target}`);
  }
};

beforeEach(async () => {
  runs = [];
  sent.length = 0;
  server = createServer(async (request, response) => {
    const body = await text(request);
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answerTo(String(request.headers['x-amz-target']), body)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  relay = startRelay(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, (error) => {
    throw error;
  });
});

afterEach(async () => {
  await relay.stop();
  server.closeAllConnections();
  server.close();
});

const delivered = (count: number): Promise<true> =>
  waitFor(async () => (relay.delivered().length >= count ? true : undefined), {
    what: `${String(count)} events were due`,
    timeoutMs: 10_000,
    everyMs: 20,
  });

const ended = (Id: string, JobRunState = 'SUCCEEDED'): FakeRun => ({ Id, JobRunState, CompletedOn: 1 });

test('tells once how a job run ended, and nothing before it has', async () => {
  runs = [ended('a', 'FAILED'), { Id: 'b', JobRunState: 'RUNNING', CompletedOn: null }];
  await delivered(1);
  runs = [...runs, ended('c')];
  await delivered(2);
  expect(sent.map(({ detail }) => [detail.jobRunId, detail.state])).toEqual([
    ['a', 'FAILED'],
    ['c', 'SUCCEEDED'],
  ]);
});

test('waits for the time of completion, which ministack sets after the state', async () => {
  runs = [{ Id: 'a', JobRunState: 'SUCCEEDED', CompletedOn: null }, ended('b')];
  await delivered(1);
  expect(sent.map(({ detail }) => detail.jobRunId)).toEqual(['b']);
});

test('duplicates, loses and delays as it is told', async () => {
  relay.deliver([{ job: 'sales', copies: 3, delayMs: 0 }]);
  runs = [ended('twice')];
  await delivered(1);
  relay.deliver([{ job: 'sales', copies: 0, delayMs: 0 }]);
  runs = [...runs, ended('lost')];
  await delivered(2);
  relay.deliver([
    { job: 'other', copies: 0, delayMs: 0 },
    { copies: 1, delayMs: 400 },
  ]);
  const due = performance.now();
  runs = [...runs, ended('late')];
  await delivered(3);
  expect(sent.map(({ detail }) => detail.jobRunId)).toEqual(['twice', 'twice', 'twice', 'late']);
  expect((sent.at(-1)?.at ?? 0) - due).toBeGreaterThanOrEqual(400);
});

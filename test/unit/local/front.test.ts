import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetJobRunsCommand, GlueClient, ResetJobBookmarkCommand } from '@aws-sdk/client-glue';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Front, startFront } from '../../../local/front.ts';

let front: Front;
let upstream: Server;
let glue: GlueClient;
const seen: { path: string; target: string; body: string }[] = [];

beforeEach(async () => {
  seen.length = 0;
  upstream = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const target = String(request.headers['x-amz-target'] ?? '');
    seen.push({ path: request.url ?? '', target, body: Buffer.concat(chunks).toString() });
    if (target === 'AWSGlue.GetJobRuns')
      response.end(JSON.stringify({ JobRuns: ['oldest', 'middle', 'newest'].map((Id) => ({ Id })) }));
    else response.writeHead(418, { 'x-from': 'upstream' }).end('as it is');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  front = await startFront();
  glue = new GlueClient({
    endpoint: front.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});

afterEach(async () => {
  glue.destroy();
  await front.close();
  upstream.closeAllConnections();
  upstream.close();
});

const connect = (): void => front.passTo(`http://127.0.0.1:${String((upstream.address() as AddressInfo).port)}`);

test('passes a request on with path, body and answer as they are', async () => {
  connect();
  const answer = await fetch(`${front.url}/bucket/key?x=%2F`, { method: 'PUT', body: 'content' });
  expect([answer.status, answer.headers.get('x-from'), await answer.text()]).toEqual([418, 'upstream', 'as it is']);
  expect(seen).toEqual([{ path: '/bucket/key?x=%2F', target: '', body: 'content' }]);
});

test('says 503 until it knows where to pass requests on to', async () => {
  const answer = await fetch(`${front.url}/bucket/key`);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('not started yet');
});

test('answers ResetJobBookmark by itself and remembers it', async () => {
  connect();
  const answer = await glue.send(new ResetJobBookmarkCommand({ JobName: 'sales', RunId: 'jr_1' }));
  expect(answer.JobBookmarkEntry).toMatchObject({ JobName: 'sales', RunId: 'jr_1' });
  expect(seen).toEqual([]);
  const asked = (await (await fetch(`${front.url}/_local/bookmarks`)).json()) as unknown[];
  expect(asked).toEqual([{ jobName: 'sales', runId: 'jr_1', at: expect.any(String) }]);
});

test('turns job runs round, newest first as AWS has them, in pages', async () => {
  connect();
  const first = await glue.send(new GetJobRunsCommand({ JobName: 'sales', MaxResults: 2 }));
  expect(first.JobRuns?.map((run) => run.Id)).toEqual(['newest', 'middle']);
  const second = await glue.send(
    new GetJobRunsCommand({ JobName: 'sales', MaxResults: 2, NextToken: first.NextToken ?? '' }),
  );
  expect(second.JobRuns?.map((run) => run.Id)).toEqual(['oldest']);
  expect(second.NextToken).toBeUndefined();
});

test('serves its own calls below /_local/ and refuses unknown ones', async () => {
  front.handle('echo', (method, body) => ({ method, body }));
  const answer = await fetch(`${front.url}/_local/echo`, { method: 'PUT', body: '{"a":1}' });
  expect(await answer.json()).toEqual({ method: 'PUT', body: { a: 1 } });
  expect((await fetch(`${front.url}/_local/nothing`)).status).toBe(404);
});

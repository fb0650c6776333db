/**
 * The address that every client of the local AWS uses: passes each request on to ministack, answers by itself what
 * ministack lacks (see docs/local.md), and takes orders for the relay below `/_local/`.
 */
import { Agent, type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Bookmarks } from './bookmarks.ts';
import { deletePartitions, type GlueCall } from './partitions.ts';

const GLUE_TARGET = 'AWSGlue.';
const NOT_STARTED = new Error('not started yet');

/** Answers a request below `/_local/`: the parsed JSON body in, what is to be sent as JSON out. */
export type LocalCall = (method: string, body: unknown) => unknown | Promise<unknown>;

export interface Front {
  /** `http://127.0.0.1:PORT`: what AWS_ENDPOINT_URL is to say. */
  readonly url: string;
  readonly bookmarks: Bookmarks;
  /** Where requests go from now on. Until it is known they are answered with 503. */
  passTo(upstream: string): void;
  /** Serves `/_local/NAME`. */
  handle(name: string, call: LocalCall): void;
  close(): Promise<void>;
}

const sendJson = (response: ServerResponse, status: number, body: unknown, type = 'application/json'): void => {
  const content = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': type, 'content-length': content.length }).end(content);
};

interface GlueRequest {
  readonly JobName?: string;
  readonly RunId?: string;
}

export const startFront = async (): Promise<Front> => {
  const bookmarks = new Bookmarks();
  const local = new Map<string, LocalCall>();
  const agent = new Agent({ keepAlive: true });
  let upstream: URL | undefined;

  const open = (incoming: IncomingMessage, headers: IncomingMessage['headers']): ClientRequest | undefined =>
    upstream &&
    request({
      agent,
      host: upstream.hostname,
      port: upstream.port,
      method: incoming.method,
      path: incoming.url,
      headers,
    });

  const fail = (response: ServerResponse, error: Error): void => {
    if (response.headersSent) response.destroy(error);
    else sendJson(response, 503, { __type: 'ServiceUnavailable', message: `local AWS: ${error.message}` });
  };

  const pass = (incoming: IncomingMessage, response: ServerResponse): void => {
    const outgoing = open(incoming, incoming.headers);
    if (outgoing === undefined) {
      fail(response, NOT_STARTED);
      return;
    }
    outgoing.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    outgoing.once('error', (error) => fail(response, error));
    response.once('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  };

  /** ministack answers oldest first, AWS newest first, and callers rely on it. */
  const jobRuns = async (incoming: IncomingMessage, response: ServerResponse, body: string): Promise<void> => {
    const outgoing = open(incoming, incoming.headers);
    if (outgoing === undefined) throw NOT_STARTED;
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).once('error', reject);
    });
    outgoing.end(body);
    const answer = await answered;
    const content = await text(answer);
    if (answer.statusCode !== 200) {
      response.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/x-amz-json-1.1' }).end(content);
      return;
    }
    const { MaxResults: most, NextToken: token } = JSON.parse(body) as { MaxResults?: number; NextToken?: string };
    const newestFirst = (JSON.parse(content) as { JobRuns: unknown[] }).JobRuns.toReversed();
    const from = token === undefined ? 0 : Number(token);
    const to = from + (most ?? 200);
    sendJson(
      response,
      200,
      { JobRuns: newestFirst.slice(from, to), ...(to < newestFirst.length && { NextToken: String(to) }) },
      'application/x-amz-json-1.1',
    );
  };

  /** Another action in the name of whoever sent this request. */
  const callGlue =
    (incoming: IncomingMessage): GlueCall =>
    async (action, body) => {
      const content = JSON.stringify(body);
      const headers = { ...incoming.headers, 'x-amz-target': `${GLUE_TARGET}${action}` };
      const outgoing = open(incoming, { ...headers, 'content-length': String(Buffer.byteLength(content)) });
      if (outgoing === undefined) throw NOT_STARTED;
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once('response', resolve).once('error', reject);
      });
      outgoing.end(content);
      const answer = await answered;
      const said = await text(answer);
      return { status: answer.statusCode ?? 502, body: said === '' ? {} : JSON.parse(said) };
    };

  const glue = async (action: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(incoming);
    if (action === 'GetJobRuns') return jobRuns(incoming, response, body);
    if (action === 'BatchDeletePartition') {
      const answer = await deletePartitions(callGlue(incoming), JSON.parse(body));
      sendJson(response, answer.status, answer.body, 'application/x-amz-json-1.1');
      return;
    }
    const { JobName: jobName = '', RunId: runId } = JSON.parse(body) as GlueRequest;
    const entry = action === 'ResetJobBookmark' ? bookmarks.reset(jobName, runId) : bookmarks.entry(jobName);
    sendJson(response, 200, { JobBookmarkEntry: entry }, 'application/x-amz-json-1.1');
  };

  const ours = async (name: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = local.get(name);
    if (call === undefined) {
      sendJson(response, 404, { message: `unknown: /_local/${name}` });
      return;
    }
    const body = await text(incoming);
    sendJson(response, 200, (await call(incoming.method ?? 'GET', body === '' ? undefined : JSON.parse(body))) ?? {});
  };

  const server = createServer((incoming, response) => {
    const path = incoming.url ?? '/';
    const target = String(incoming.headers['x-amz-target'] ?? '');
    const action = target.startsWith(GLUE_TARGET) ? target.slice(GLUE_TARGET.length) : '';
    const answering = path.startsWith('/_local/')
      ? ours(path.slice('/_local/'.length), incoming, response)
      : ['ResetJobBookmark', 'GetJobBookmark', 'GetJobRuns', 'BatchDeletePartition'].includes(action)
        ? glue(action, incoming, response)
        : undefined;
    if (answering === undefined) pass(incoming, response);
    else answering.catch((error: Error) => fail(response, error));
  });
  // ministack may take its time with a synchronous invocation or a deployment.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  local.set('bookmarks', () => bookmarks.list());

  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    bookmarks,
    passTo: (url) => {
      upstream = new URL(url);
    },
    handle: (name, call) => {
      local.set(name, call);
    },
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

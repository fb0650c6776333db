/**
 * Requests on their way to a server: each is counted by kind, and held for a while where a longer round trip is to be measured. In a
 * thread of its own, so that its work does not hold up ours.
 */
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export type Counts = Readonly<Record<string, number>>;

/** For a person. */
export const told = (counts: Counts): string =>
  Object.entries(counts)
    .map(([kind, count]) => `${kind} ${String(count)}`)
    .join(', ');

export interface Detour {
  readonly url: string;
  /** What passed since the last time it was asked: Glue's by action, all others by method; a listing in S3 is LIST. */
  counts(): Promise<Counts>;
  /** Each request is held so long from now on. */
  delay(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const startDetour = async (upstream: string): Promise<Detour> => {
  const worker = new Worker(new URL(import.meta.url), { workerData: upstream });
  const ask = async (said: number | 'counts'): Promise<unknown> => {
    worker.postMessage(said);
    const [answer] = (await once(worker, 'message')) as [unknown];
    return answer;
  };
  const [url] = (await once(worker, 'message')) as [string];
  return {
    url,
    counts: async () => (await ask('counts')) as Counts,
    delay: async (ms) => {
      await ask(ms);
    },
    close: async () => {
      await worker.terminate();
    },
  };
};

const serve = async (upstream: URL, tell: (said: unknown) => void): Promise<(said: number | 'counts') => void> => {
  const agent = new Agent({ keepAlive: true });
  let counts: Record<string, number> = {};
  let held = 0;
  const server = createServer((incoming, response) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const action = /^AWSGlue\.(.+)$/.exec(String(headers['x-amz-target'] ?? ''))?.[1];
    const kind = action ?? (url.includes('list-type=2') ? 'LIST' : method);
    counts[kind] = (counts[kind] ?? 0) + 1;
    const pass = async (): Promise<void> => {
      if (held > 0) await after(held);
      const { hostname, port } = upstream;
      const outgoing = request({ agent, hostname, port, method, path: url, headers });
      outgoing.once('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(response);
      });
      outgoing.once('error', (error) => response.destroy(error));
      incoming.pipe(outgoing);
    };
    void pass();
  });
  // lakeFS's exporters open a connection for each of thousands of files, and leave it.
  server.keepAliveTimeout = 20_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  tell(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  return (said) => {
    if (typeof said === 'number') held = said;
    tell(counts);
    if (said === 'counts') counts = {};
  };
};

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const answer = await serve(new URL(workerData as string), (said) => port.postMessage(said));
  port.on('message', answer);
}

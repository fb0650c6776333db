/** A client whose server says what a test wrote down, on a clock that only its pauses move. */
import { createLakefs, type LakefsOptions } from '../../../../lambdas/adapters/lakefs/client.ts';
import type { Failure } from '../../../../lambdas/adapters/lakefs/retry.ts';
import type { Lakefs } from '../../../../lambdas/ports.ts';

/** Answers in turn, the last one again and again; an error is thrown, as `fetch` does. */
export type Script = readonly (Response | Error | ((request: Request) => Response | Promise<Response>))[];

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
export const refusal = (status: number, message: string, headers: Record<string, string> = {}): Response =>
  json(status, { message }, headers);
export const page = (results: readonly unknown[], next?: string): Response =>
  json(200, { pagination: { has_more: next !== undefined, next_offset: next ?? '' }, results });
export const nothing = (status = 204): Response => new Response(null, { status });
/** What `fetch` throws where nobody listens. */
export const refused = (): Error =>
  new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') });

export interface Scripted {
  readonly lakefs: Lakefs;
  readonly requests: readonly Request[];
  readonly pauses: readonly number[];
  readonly failures: readonly Failure[];
  /** How often the key pair was asked for anew. */
  readonly refreshed: () => number;
  readonly now: () => number;
}

/** As the network holds them: a request that nobody holds is collected, and its signal never tells. */
const underWay: Request[] = [];

/** @param left milliseconds until the invocation ends. */
export const scripted = (
  script: Script,
  options: Partial<LakefsOptions> & { readonly left?: number } = {},
): Scripted => {
  const [requests, pauses, failures]: [Request[], number[], Failure[]] = [[], [], []];
  let [now, refreshed] = [1_790_000_000_000, 0];
  const { left, ...given } = options;
  const end = left === undefined ? undefined : now + left;
  const pair = () => ({ accessKeyId: `key-${String(refreshed)}`, secretAccessKey: 'secret' });
  const lakefs = createLakefs({
    endpoint: 'http://lakefs.test/',
    credentials: {
      get: async () => pair(),
      refresh: async () => {
        refreshed += 1;
        return pair();
      },
    },
    fetch: async (request) => {
      const answer = script[Math.min(requests.length, script.length - 1)];
      underWay.push(request);
      requests.push(request.clone());
      if (answer === undefined) throw new Error('no answer is written down');
      if (answer instanceof Error) throw answer;
      return typeof answer === 'function' ? answer(request) : answer.clone();
    },
    now: () => now,
    random: () => 0.5,
    sleep: async (ms) => {
      pauses.push(ms);
      now += ms;
    },
    deadline: () => end,
    onError: (failure) => void failures.push(failure),
    ...given,
  });
  return { lakefs, requests, pauses, failures, refreshed: () => refreshed, now: () => now };
};

/** The code of the error that a call ends with. */
export const codeOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    (value) => `no error: ${JSON.stringify(value)}`,
    (error: { code?: string; name?: string }) => error.code ?? `${error.name ?? ''}: no code`,
  );

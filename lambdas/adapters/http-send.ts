/**
 * What sends the calls that are made by hand: the SDK's own handler, over connections that are kept. `fetch` takes half as much of the
 * processor again for each call, which counts where a table has thousands of manifests.
 */
import { HttpRequest } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';

export interface HttpCall {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
}

/** What of a `Response` is looked at. */
export interface HttpAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Pick<Headers, 'get'>;
  arrayBuffer(): Promise<ArrayBuffer | Uint8Array>;
}

export type HttpSend = (url: URL, call: HttpCall) => Promise<HttpAnswer>;

let handler: NodeHttpHandler | undefined;

/** @throws what the connection says, and `AbortError` where the signal came first. */
export const sendHttp: HttpSend = async (url, { method, headers, body, signal }) => {
  // Not before the first call: most of the functions that hold it make none.
  handler ??= new NodeHttpHandler();
  const request = new HttpRequest({
    ...{ method, protocol: url.protocol, hostname: url.hostname, path: url.pathname },
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    query: Object.fromEntries(url.searchParams),
    headers: { ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const { response } = await handler.handle(request, { abortSignal: signal });
  const parts: Uint8Array[] = [];
  for await (const part of response.body as AsyncIterable<Uint8Array>) parts.push(part);
  const { statusCode: status } = response;
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: (name) => response.headers[name.toLowerCase()] ?? null },
    arrayBuffer: async () => Buffer.concat(parts),
  };
};

/**
 * Calls to S3 made by hand, signed by the SDK's own signer: the S3 client would be a fifth of every bundle for the few calls that
 * functions make. Source: S3 API; error bodies are XML with `<Code>`.
 */
import { awsFault } from './aws-errors.ts';
import { type HttpAnswer, type HttpSend, sendHttp } from './http-send.ts';
import { type AwsEnvironment, signerFor } from './signer.ts';
import { withTries } from './tries.ts';

const TIMEOUT_MS = 10_000;
const UTF_8 = new TextDecoder();

/** As S3 signs them: every byte but letters, digits and `-_.~`. */
const encode = (step: string): string =>
  encodeURIComponent(step).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** A bucket with a dot has no valid certificate as a host name; a local endpoint has no DNS for any. */
export const urlOf = (bucket: string, key: string, env: AwsEnvironment): URL => {
  const path = key.split('/').map(encode).join('/');
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}/${path}`);
  const region = env.AWS_REGION ?? 'us-east-1';
  const host = `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  return new URL(bucket.includes('.') ? `https://${host}/${bucket}/${path}` : `https://${bucket}.${host}/${path}`);
};

export interface S3Options {
  readonly env: AwsEnvironment;
  readonly fetch?: HttpSend;
  readonly now?: () => Date;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly bucket: string;
  /** Empty for a call about the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Besides those that every request has; in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 10 seconds */
  readonly timeoutMs?: number;
  /** `s3:PutObject`, for the message. */
  readonly action: string;
}

export interface S3Answer {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly headers: HttpAnswer['headers'];
}

const signedHeaders = async (
  url: URL,
  { method, query, body, headers: given }: S3Request,
  { env, now }: S3Options,
): Promise<Record<string, string>> => {
  const signer = signerFor('s3', env, { uriEscapePath: false });
  const { headers } = await signer.sign(
    {
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: { ...query },
      headers: { ...given, host: url.host },
      ...(body === undefined ? {} : { body }),
    },
    now === undefined ? {} : { signingDate: now() },
  );
  return headers;
};

/** @returns the body of the answer. @throws as `askS3`. */
export const callS3 = async (request: S3Request, options: S3Options): Promise<string> =>
  (await askS3(request, options)).text;

/** S3 begins some answers with 200 before it knows the end: an error may follow in the body. Source: S3 API, CopyObject. */
const isGood = (answer: HttpAnswer, text: string): boolean => answer.ok && !/^(?:<\?xml[^>]*>\s*)?<Error>/.test(text);

/** As `callS3`; the body of the answer as bytes. @throws as `askS3`. */
export const callS3Bytes = async (request: S3Request, options: S3Options): Promise<Uint8Array> =>
  (await askS3(request, options)).bytes;

/** @throws BL4001, or BL4002 where S3 says that access is denied. */
export const askS3 = async (request: S3Request, options: S3Options): Promise<S3Answer> => {
  const { method, bucket, key, query, body } = request;
  const url = urlOf(bucket, key, options.env);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  // URLSearchParams writes a blank as `+`, which S3 does not sign so.
  url.search = url.search.replaceAll('+', '%20');
  const action = `${request.action} s3://${bucket}/${key}`;
  const send = options.fetch ?? sendHttp;
  return withTries(action, async () => {
    const { host: _, ...headers } = await signedHeaders(url, request, options);
    const signal = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS);
    const call = { ...{ method, headers, signal }, ...(body === undefined ? {} : { body }) };
    const answer = await send(url, call);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const text = UTF_8.decode(bytes);
    if (isGood(answer, text)) return { text, bytes, headers: answer.headers };
    // The answer to HEAD has no body to say it in.
    const unsaid = answer.status === 403 ? 'AccessDenied' : `HTTP ${String(answer.status)}`;
    const code = /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? unsaid;
    const said = /<Message>([^<]+)<\/Message>/.exec(text)?.[1] ?? '';
    const problem = Object.assign(new Error(said), { name: code });
    if (answer.status >= 300 && answer.status < 500 && answer.status !== 429) throw awsFault(action, problem);
    throw problem;
  });
};

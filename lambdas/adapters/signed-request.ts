/**
 * Calls to AWS made by hand, signed by the SDK's own signer: a client of the SDK would be a fifth of a bundle for the few calls that
 * functions make of a service.
 */
import { awsFault } from './aws-errors.ts';
import { type AwsEnvironment, signerFor } from './signer.ts';
import { withTries } from './tries.ts';

const TIMEOUT_MS = 10_000;

export interface SignedOptions {
  readonly env: AwsEnvironment;
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>;
}

export interface SignedRequest {
  /** As signatures name it. */
  readonly service: string;
  readonly body: string;
  /** Besides those that every request has; in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** `rds:DescribeDBSnapshots NAME`, for the message. */
  readonly what: string;
  /** What an answer that is an error says: its code and its words. */
  readonly faultIn: (text: string) => { readonly code?: string | undefined; readonly words?: string | undefined };
}

/** `AWS_ENDPOINT_URL_<SERVICE>` as the SDKs know it, or the public endpoint of the region. */
const endpointOf = (service: string, id: string, env: AwsEnvironment): URL => {
  const given = env[`AWS_ENDPOINT_URL_${id}`] ?? env['AWS_ENDPOINT_URL'];
  if (given !== undefined) return new URL(`${given.replace(/\/+$/, '')}/`);
  const region = env['AWS_REGION'] ?? 'us-east-1';
  return new URL(`https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`);
};

/**
 * @param id of the service, as `AWS_ENDPOINT_URL_…` writes it.
 * @returns the body of the answer.
 * @throws BL4001, or BL4002 where access is denied; `details.awsError` is the service's own code.
 */
export const askSigned = async (
  id: string,
  { service, body, headers: given, what, faultIn }: SignedRequest,
  { env, fetch: send = fetch }: SignedOptions,
): Promise<string> => {
  const url = endpointOf(service, id, env);
  const signer = signerFor(service, env);
  return withTries(what, async () => {
    const { headers } = await signer.sign({
      ...{ method: 'POST', protocol: url.protocol, hostname: url.hostname, path: url.pathname, body },
      headers: { ...given, host: url.host },
    });
    const { host: _, ...sent } = headers;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await send(url, { method: 'POST', headers: sent, body, signal });
    const text = await answer.text();
    if (answer.ok) return text;
    const { code = `HTTP ${String(answer.status)}`, words = '' } = faultIn(text);
    const problem = Object.assign(new Error(words), { name: code });
    if (answer.status < 500 && !/^Throttling/.test(code)) throw awsFault(what, problem);
    throw problem;
  });
};

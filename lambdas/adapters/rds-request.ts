/**
 * Calls to RDS made by hand, signed by the SDK's own signer: its client would be a fifth of a bundle for three calls. The query protocol:
 * a form in, XML out. Source: RDS API reference, version 2014-10-31.
 */
import { SignatureV4 } from '@smithy/signature-v4';
import { awsFault } from './aws-errors.ts';
import { backoffMs, pause } from './pause.ts';
import { Sha256 } from './s3-request.ts';

const MAX_TRIES = 5;
const TIMEOUT_MS = 10_000;

export interface RdsOptions {
  /** Region, credentials and endpoint, under the names that Lambda gives them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>;
}

const endpointOf = (env: RdsOptions['env']): URL => {
  const given = env.AWS_ENDPOINT_URL_RDS ?? env.AWS_ENDPOINT_URL;
  if (given !== undefined) return new URL(`${given.replace(/\/+$/, '')}/`);
  const region = env.AWS_REGION ?? 'us-east-1';
  return new URL(`https://rds.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`);
};

/**
 * @returns the answer as XML.
 * @throws BL4001, or BL4002 where RDS says that access is denied; `details.awsError` is the code of RDS.
 */
export const callRds = async (
  action: string,
  parameters: Readonly<Record<string, string>>,
  { env, fetch: send = fetch }: RdsOptions,
): Promise<string> => {
  const url = endpointOf(env);
  const body = new URLSearchParams({ Action: action, Version: '2014-10-31', ...parameters }).toString();
  const what = `rds:${action} ${parameters['DBSnapshotIdentifier'] ?? ''}`.trimEnd();
  const signer = new SignatureV4({
    service: 'rds',
    region: env.AWS_REGION ?? 'us-east-1',
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      ...(env.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: env.AWS_SESSION_TOKEN }),
    },
    sha256: Sha256,
  });
  for (let tries = 1; ; tries += 1) {
    const { headers } = await signer.sign({
      ...{ method: 'POST', protocol: url.protocol, hostname: url.hostname, path: url.pathname, body },
      headers: { host: url.host, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    });
    const { host: _, ...sent } = headers;
    let problem: unknown;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await send(url, { method: 'POST', headers: sent, body, signal });
      const text = await answer.text();
      if (answer.ok) return text;
      const code = /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? `HTTP ${String(answer.status)}`;
      problem = Object.assign(new Error(/<Message>([^<]+)<\/Message>/.exec(text)?.[1] ?? ''), { name: code });
      if (answer.status < 500 && code !== 'Throttling') throw awsFault(what, problem);
    } catch (error) {
      if (error === problem || (error instanceof Error && error.name === 'BranchlineError')) throw error;
      problem = error;
    }
    if (tries === MAX_TRIES) throw awsFault(what, problem);
    await pause(backoffMs(tries));
  }
};

/** What is thought of a lakeFS server: of its version, of the way to it, and of how fast it answers. */
import { LAKEFS_OLDEST_TRIED, LAKEFS_VERSION } from '../contract.ts';
import type { EpochMs } from './run.ts';

/** What a handshake told; nothing of it was taken on trust. */
export interface TlsFacts {
  /** As negotiated: `TLSv1.3`. */
  readonly protocol: string;
  readonly validFrom: EpochMs;
  readonly validTo: EpochMs;
  readonly issuer: string;
  /** Why the certificate is not to be trusted for this name. @default it is */
  readonly distrust?: string;
}

export interface Verdict {
  readonly status: 'ok' | 'warning' | 'failed';
  readonly message: string;
  readonly remedy?: string;
}

const DAY_MS = 86_400_000;
/** AWS Certificate Manager renews 60 days before the end. Source: ACM user guide, managed renewal. */
const RENEWED_BY_DAYS = 21;

export const judgeTls = (facts: TlsFacts | undefined, now: EpochMs): Verdict => {
  if (facts === undefined)
    return {
      status: 'warning',
      message: 'plain HTTP: the key pair travels in the clear',
      remedy: 'Give the server a certificate: `lakefs.server.domain`, or an https:// endpoint.',
    };
  const { protocol, validFrom, validTo, issuer, distrust } = facts;
  const days = Math.floor((validTo - now) / DAY_MS);
  const renew = 'Renew the certificate. One of AWS Certificate Manager renews itself while its records stand in DNS.';
  if (now >= validTo) return { status: 'failed', message: `the certificate ended on ${day(validTo)}`, remedy: renew };
  if (now < validFrom)
    return { status: 'failed', message: `the certificate begins on ${day(validFrom)}`, remedy: renew };
  if (distrust !== undefined)
    return {
      status: 'failed',
      message: `the certificate is not trusted: ${distrust}`,
      remedy: 'Functions refuse it too. Use one of a public authority, for the name in the endpoint.',
    };
  if (!/^TLSv1\.[23]$/.test(protocol))
    return { status: 'failed', message: `${protocol} was agreed on`, remedy: 'Allow TLS 1.2 or newer alone.' };
  const message = `${protocol}, certificate of ${issuer} until ${day(validTo)}`;
  return days < RENEWED_BY_DAYS
    ? { status: 'warning', message: `${message}: ${String(days)} days left`, remedy: renew }
    : { status: 'ok', message };
};

const day = (at: EpochMs): string => new Date(at).toISOString().slice(0, 10);

/** Major and minor: lakeFS mends within them. `undefined` where a server does not say: one built from source. */
const parts = (version: string): readonly [number, number] | undefined => {
  const match = /^v?(\d+)\.(\d+)\b/.exec(version);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
};

export const judgeVersion = (version: string): Verdict => {
  const found = parts(version);
  const [newest, oldest] = [parts(LAKEFS_VERSION), parts(LAKEFS_OLDEST_TRIED)];
  const said = `reached, version ${version}`;
  if (found === undefined || newest === undefined || oldest === undefined)
    return {
      status: 'warning',
      message: `${said}: not a version that can be compared`,
      remedy: 'Run a released lakeFS, or try this one: `npm run verify:real`.',
    };
  if (found[0] !== newest[0])
    return {
      status: 'failed',
      message: `${said}: Branchline speaks the API of lakeFS ${String(newest[0])}`,
      remedy: 'Run a server of that major version.',
    };
  const range = `tried on ${LAKEFS_OLDEST_TRIED} to ${LAKEFS_VERSION}`;
  const remedy = 'Try it before you rely on it: `npm run verify:real`. docs/deploy.md tells how to change versions.';
  if (found[1] > newest[1])
    return { status: 'warning', message: `${said}: newer than what was tried (${range})`, remedy };
  if (found[1] < oldest[1])
    return { status: 'warning', message: `${said}: older than what was tried (${range})`, remedy };
  return { status: 'ok', message: `${said} (${range})` };
};

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
};

/** A promotion makes a dozen calls one after the other, with its target waiting. */
const SLOW_MS = 500;

export const judgeLatency = (samples: Readonly<Record<string, readonly number[]>>): Verdict => {
  const medians = Object.entries(samples).map(([what, times]) => [what, median(times)] as const);
  const [count] = Object.values(samples).map(({ length }) => length);
  const message = `${medians.map(([what, ms]) => `${what} ${String(ms)} ms`).join(', ')} (median of ${String(count ?? 0)})`;
  return medians.some(([, ms]) => ms > SLOW_MS)
    ? {
        status: 'warning',
        message,
        remedy:
          'Compare health (the way) with the branch (the metadata store) and the object (the storage): see docs/runbook/lakefs-server.md.',
      }
    : { status: 'ok', message };
};

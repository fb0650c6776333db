/** Looks at the server itself: health, TLS, storage, and objects that go past it by addresses that it signs. */
import { createHash } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { BranchlineError } from '../../domain/errors.ts';
import type { TlsFacts } from '../../domain/server.ts';
import type { ServerProbe } from '../../ports.ts';
import { Calls, type LakefsOptions } from './calls.ts';

export interface ProbeOptions extends LakefsOptions {
  /** Without credentials: health, and addresses that carry their own. */
  readonly plainFetch?: (url: string, init: RequestInit) => Promise<Response>;
}

const TIMEOUT_MS = 5_000;

const repeatable = (what: string) => ({ what, repeatable: true });

/** Looks at a certificate that it does not trust, too: what is wrong with it is what is asked. Nothing is sent. */
export const tlsFactsOf = (host: string, port: number): Promise<TlsFacts> =>
  new Promise((resolve, reject) => {
    const servername = /^[\d.]+$|:/.test(host) ? '' : host;
    // Old versions and ciphers are offered, so that a server that takes nothing else is told apart from one that is away.
    const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    const socket: TLSSocket = connect({
      host,
      port,
      servername,
      rejectUnauthorized: false,
      timeout: TIMEOUT_MS,
      ...old,
    });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new BranchlineError('BL3001', `TLS with ${host}:${String(port)}: ${reason}`));
    };
    socket.once('error', ({ message }) => fail(message));
    socket.once('timeout', () => fail(`no answer within ${String(TIMEOUT_MS / 1000)} s`));
    socket.once('secureConnect', () => {
      const { valid_from, valid_to, issuer } = socket.getPeerCertificate();
      const distrust = socket.authorized ? undefined : String(socket.authorizationError);
      const facts = {
        protocol: socket.getProtocol() ?? 'unknown',
        validFrom: Date.parse(valid_from),
        validTo: Date.parse(valid_to),
        issuer: [issuer.O ?? issuer.CN ?? 'nobody'].flat().join(', '),
      };
      socket.destroy();
      resolve(distrust === undefined ? facts : { ...facts, distrust });
    });
  });

/** The address is a secret for as long as it is valid: no message holds its query. */
const withoutQuery = (url: string): string => url.split('?')[0] ?? '';

export const createServerProbe = (options: ProbeOptions): ServerProbe => {
  const calls = new Calls(options);
  const endpoint = new URL(options.endpoint);
  const ask = options.plainFetch ?? globalThis.fetch;

  const plain = async (what: string, url: string, init: RequestInit): Promise<Response> => {
    try {
      return await ask(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new BranchlineError('BL3001', `${what} ${withoutQuery(url)}: ${cause}`);
    }
  };
  const signed = async (what: string, url: string | null | undefined, init: RequestInit): Promise<Response> => {
    if (url === undefined || url === null || !/^https?:/.test(url))
      throw new BranchlineError('BL3005', `${what}: the server signed no address`);
    const answer = await plain(what, url, init);
    if (answer.ok) return answer;
    throw new BranchlineError('BL3005', `${what}: ${withoutQuery(url)} answered ${String(answer.status)}`);
  };

  return {
    async health() {
      const answer = await plain('GET', new URL('/_health', endpoint).href, {});
      await answer.arrayBuffer();
      return answer.status;
    },

    async tls() {
      if (endpoint.protocol !== 'https:') return undefined;
      return tlsFactsOf(endpoint.hostname.replace(/^\[|\]$/g, ''), Number(endpoint.port || 443));
    },

    async storage() {
      const { storage_config } = await calls.must(repeatable('configuration of the server'), (api, signal) =>
        api.GET('/config', { signal }),
      );
      return {
        kind: storage_config?.blockstore_type ?? 'unknown',
        canPresign: storage_config?.pre_sign_support ?? false,
      };
    },

    async putPresigned(repository, branch, path, content) {
      const params = { path: { repository, branch }, query: { path } };
      const staging = await calls.must(repeatable(`address for ${path}`), (api, signal) =>
        api.GET('/repositories/{repository}/branches/{branch}/staging/backing', {
          params: { ...params, query: { path, presign: true } },
          signal,
        }),
      );
      await signed(`presigned upload of ${path}`, staging.presigned_url, { method: 'PUT', body: Buffer.from(content) });
      const body = { staging, checksum: createHash('md5').update(content).digest('hex'), size_bytes: content.length };
      await calls.must(repeatable(`link of ${path}`), (api, signal) =>
        api.PUT('/repositories/{repository}/branches/{branch}/staging/backing', { params, body, signal }),
      );
    },

    async getPresigned(repository, ref, path) {
      const { physical_address } = await calls.must(repeatable(`stat of ${path}`), (api, signal) =>
        api.GET('/repositories/{repository}/refs/{ref}/objects/stat', {
          params: { path: { repository, ref }, query: { path, presign: true } },
          signal,
        }),
      );
      const answer = await signed(`presigned download of ${path}`, physical_address, {});
      return new Uint8Array(await answer.arrayBuffer());
    },
  };
};

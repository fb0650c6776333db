import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createServerProbe, tlsFactsOf } from '../../../../lambdas/adapters/lakefs/server-probe.ts';
import { codeOf, json } from './scripted.ts';

const pair = async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' });
const probe = (answers: readonly Response[], plain: (url: string, init: RequestInit) => Promise<Response>) => {
  const rest = [...answers];
  return createServerProbe({
    endpoint: 'https://lakefs.test',
    credentials: { get: pair, refresh: pair },
    fetch: async () => rest.shift() ?? json(500, { message: 'nothing more' }),
    plainFetch: plain,
  });
};
const URL_WITH_SIGNATURE = 'https://bucket.s3.test/x?X-Amz-Signature=5ecret';
const staging = json(200, { physical_address: 's3://bucket/x', presigned_url: URL_WITH_SIGNATURE });

describe('addresses that the server signs', () => {
  it('are asked without our credentials', async () => {
    const seen: [string, RequestInit][] = [];
    const made = probe([json(200, { physical_address: URL_WITH_SIGNATURE })], async (url, init) => {
      seen.push([url, init]);
      return new Response('hello');
    });
    expect(Buffer.from(await made.getPresigned('lake', 'main', 'x')).toString()).toBe('hello');
    expect(seen[0]?.[0]).toBe(URL_WITH_SIGNATURE);
    expect(seen[0]?.[1].headers).toBeUndefined();
  });

  it('stand in no message with their signature', async () => {
    const failures = [
      probe([staging.clone()], async () => new Response('no', { status: 403 })),
      probe([staging.clone()], () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ENOTFOUND') }))),
    ].map((made) => made.putPresigned('lake', 'b', 'x', new Uint8Array(1)).catch((error: Error) => error.message));
    const [refused, away] = await Promise.all(failures);
    expect(refused).toContain('https://bucket.s3.test/x answered 403');
    expect(away).toContain('ENOTFOUND');
    expect(`${String(refused)}${String(away)}`).not.toContain('5ecret');
  });

  it('that are none are a fault of the server', async () => {
    const made = probe([json(200, { physical_address: 's3://bucket/x' })], async () => new Response());
    expect(await codeOf(made.getPresigned('lake', 'main', 'x'))).toBe('BL3005');
  });
});

it('health is the status, whatever it is; no answer is BL3001', async () => {
  expect(await probe([], async () => new Response('', { status: 503 })).health()).toBe(503);
  expect(await codeOf(probe([], () => Promise.reject(new TypeError('fetch failed'))).health())).toBe('BL3001');
});

it('an endpoint without TLS has no facts of it', async () => {
  const made = createServerProbe({ endpoint: 'http://lakefs.test', credentials: { get: pair, refresh: pair } });
  expect(await made.tls()).toBeUndefined();
});

const hasOpenssl = (): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe('a handshake', () => {
  it.runIf(hasOpenssl())('tells version, dates and issuer of a certificate that is not trusted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'branchline-tls-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/O=Branchline test/CN=localhost'];
    execFileSync('openssl', [...request, '-days', '2', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert), maxVersion: 'TLSv1.2' });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const facts = await tlsFactsOf('127.0.0.1', (server.address() as AddressInfo).port);
      expect(facts).toMatchObject({
        protocol: 'TLSv1.2',
        issuer: 'Branchline test',
        distrust: expect.stringMatching(/SELF_SIGNED/),
      });
      expect(facts.validTo - facts.validFrom).toBe(2 * 86_400_000);
      expect(facts.validFrom).toBeLessThanOrEqual(Date.now());
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('with something that speaks no TLS, or with nobody, is BL3001', async () => {
    const server = createTcpServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await codeOf(tlsFactsOf('127.0.0.1', port))).toBe('BL3001');
    await new Promise((resolve) => server.close(resolve));
    expect(await codeOf(tlsFactsOf('127.0.0.1', port))).toBe('BL3001');
  });
});

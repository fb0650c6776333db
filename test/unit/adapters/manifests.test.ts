import { describe, expect, it } from 'vitest';
import { createManifests } from '../../../lambdas/adapters/manifests.ts';
import { parseRefresh } from '../../../lambdas/adapters/refreshes.ts';

const ENV = {
  ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
};

const manifestsWith = (...answers: Response[]) => {
  const sent: { method: string; url: string; body: unknown; headers: Record<string, string> }[] = [];
  const manifests = createManifests({
    env: ENV,
    root: { bucket: 'bucket', prefix: 'catalog/' },
    fetch: async (url, { method = 'GET', body, headers }) => {
      sent.push({ method, url: url.href, body, headers: headers as Record<string, string> });
      return answers.shift() ?? new Response('', { status: 500 });
    },
  });
  return { manifests, sent };
};
const HOST = 'https://bucket.s3.eu-central-1.amazonaws.com';

describe('manifests', () => {
  it('are named by URI', () => {
    expect(manifestsWith().manifests.uri('lake/x/')).toBe('s3://bucket/catalog/lake/x/');
  });

  it('are written with the digest of what is sent', async () => {
    const { manifests, sent } = manifestsWith(new Response(''), new Response(''));
    await manifests.put('lake/my table/a.txt', 's3://b/x');
    await manifests.put('lake/empty.txt', '');
    expect(sent.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['PUT', `${HOST}/catalog/lake/my%20table/a.txt`, 's3://b/x'],
      ['PUT', `${HOST}/catalog/lake/empty.txt`, ''],
    ]);
    expect(sent[0]?.headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are undefined where there is none', async () => {
    const none = new Response('<Error><Code>NoSuchKey</Code></Error>', { status: 404 });
    const { manifests } = manifestsWith(new Response('s3://b/x'), none);
    expect(await manifests.get('a')).toBe('s3://b/x');
    expect(await manifests.get('a')).toBeUndefined();
  });

  it('are listed over pages', async () => {
    const page = (key: string, more: string): Response =>
      new Response(
        `<R><Contents><Key>${key}</Key><LastModified>2026-11-24T00:00:00.000Z</LastModified><Size>8</Size></Contents>${more}</R>`,
      );
    const { manifests, sent } = manifestsWith(
      page('catalog/lake/a&amp;b', '<NextContinuationToken>t+/=</NextContinuationToken>'),
      page('catalog/lake/&#252;', ''),
    );
    expect(await Array.fromAsync(manifests.list('lake/'))).toEqual([
      { key: 'lake/a&b', sizeBytes: 8, writtenAt: Date.UTC(2026, 10, 24) },
      { key: 'lake/ü', sizeBytes: 8, writtenAt: Date.UTC(2026, 10, 24) },
    ]);
    expect(sent[1]?.url).toBe(`${HOST}/?list-type=2&prefix=catalog%2Flake%2F&continuation-token=t%2B%2F%3D`);
  });

  it('are removed', async () => {
    const { manifests, sent } = manifestsWith(new Response(null, { status: 204 }));
    await manifests.remove('lake/a');
    expect(sent.map(({ method, url }) => [method, url])).toEqual([['DELETE', `${HOST}/catalog/lake/a`]]);
  });
});

describe('a wake-up', () => {
  it('names a target, and more in later versions', () => {
    expect(parseRefresh('{"schemaVersion":2,"repository":"lake","target":"main","more":1}')).toEqual({
      ...{ repository: 'lake', target: 'main' },
    });
  });
  it.each(['', '{}', '{"repository":"lake"}', '{"repository":"","target":"main"}'])('is not %j', (body) => {
    expect(() => parseRefresh(body)).toThrow(/BL1006/);
  });
});

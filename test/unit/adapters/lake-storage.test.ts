import { describe, expect, it } from 'vitest';
import { createLakeStorage } from '../../../lambdas/adapters/lake-storage.ts';

const ENV = {
  ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
};

const withAnswers = (answer: (url: URL, method: string) => Response) => {
  const sent: string[] = [];
  const storage = createLakeStorage({
    env: ENV,
    fetch: async (url, { method = 'GET' }) => {
      sent.push(`${method} ${decodeURIComponent(url.pathname + url.search)}`);
      return answer(url, method);
    },
  });
  return { storage, sent };
};

const page = (body: string, token?: string): Response =>
  new Response(
    `<ListBucketResult>${body}${token === undefined ? '' : `<NextContinuationToken>${token}</NextContinuationToken>`}</ListBucketResult>`,
  );
const object = (key: string): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-20T02:00:00.000Z</LastModified><Size>7</Size></Contents>`;

describe('what lies below a namespace', () => {
  it('is listed page by page, with what S3 says of each object', async () => {
    const { storage, sent } = withAnswers((url) =>
      url.searchParams.has('continuation-token')
        ? page(object('lake/data/f/b'))
        : page(object('lake/data/f/a'), 'next'),
    );
    expect(await Array.fromAsync(storage.list('s3://bucket/lake/data/f/'))).toEqual(
      ['a', 'b'].map((name) => ({
        address: `s3://bucket/lake/data/f/${name}`,
        sizeBytes: 7,
        writtenAt: Date.parse('2026-11-20T02:00:00Z'),
      })),
    );
    expect(sent).toEqual([
      'GET /?list-type=2&prefix=lake/data/f/',
      'GET /?list-type=2&prefix=lake/data/f/&continuation-token=next',
    ]);
  });

  it('has folders', async () => {
    const { storage, sent } = withAnswers(() =>
      page(
        '<CommonPrefixes><Prefix>lake/data/f/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>lake/data/g/</Prefix></CommonPrefixes>',
      ),
    );
    expect(await storage.folders('s3://bucket/lake/data/')).toEqual([
      's3://bucket/lake/data/f/',
      's3://bucket/lake/data/g/',
    ]);
    expect(sent).toEqual(['GET /?list-type=2&prefix=lake/data/&delimiter=/']);
  });
});

describe('one object', () => {
  it('is there, or is not; what S3 refuses is no absence', async () => {
    const { storage } = withAnswers((url) => new Response(null, { status: Number(url.pathname.slice(-3)) }));
    expect(await storage.exists('s3://bucket/200')).toBe(true);
    expect(await storage.exists('s3://bucket/404')).toBe(false);
    await expect(storage.exists('s3://bucket/403')).rejects.toThrow('BL4002');
  });

  it('is read as text, and is undefined where it is not there', async () => {
    const { storage } = withAnswers((url) =>
      url.pathname === '/gone'
        ? new Response('<Error><Code>NoSuchKey</Code></Error>', { status: 404 })
        : new Response('data/f/a\n'),
    );
    expect(await storage.read('s3://bucket/list')).toBe('data/f/a\n');
    expect(await storage.read('s3://bucket/gone')).toBeUndefined();
  });

  it('lies in S3, or is a fault', async () => {
    const { storage } = withAnswers(() => new Response(''));
    await expect(storage.read('file:///etc/passwd')).rejects.toThrow('does not lie in S3');
  });
});

import { describe, expect, it } from 'vitest';
import { createDestination } from '../../../lambdas/adapters/destination.ts';
import { parseExportWakeUp } from '../../../lambdas/adapters/export-queue.ts';
import { asXml } from '../../../lambdas/adapters/s3-xml.ts';

const ENV = {
  ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
};
const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1';
const HOST = 'https://out.s3.eu-central-1.amazonaws.com';

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

const withAnswers = (answer: (sent: Sent, index: number) => Response) => {
  const sent: Sent[] = [];
  const destination = createDestination({
    env: ENV,
    fetch: async (url, { method = 'GET', body, headers }) => {
      const one = { method, url: url.href, body: String(body ?? ''), headers: headers as Record<string, string> };
      sent.push(one);
      return answer(one, sent.length - 1);
    },
  });
  return { destination, sent };
};

const COPIED = '<CopyObjectResult><ETag>&quot;abc&quot;</ETag></CopyObjectResult>';
const source = (sizeBytes: number) => ({ address: 's3://lake/ns/data/a b+c', sizeBytes, checksum: 'sum' });

describe('a copy', () => {
  it('stays inside S3, says what it is a copy of, and is encrypted and stored as configured', async () => {
    const { destination, sent } = withAnswers(() => new Response(COPIED));
    const place = { bucket: 'out', kmsKeyArn: KEY, storageClass: 'STANDARD_IA' };
    expect(await destination.copy(source(5), place, 'lake/a b')).toEqual({ etag: 'abc' });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ method: 'PUT', url: `${HOST}/lake/a%20b`, body: '' });
    expect(sent[0]?.headers).toMatchObject({
      'x-amz-copy-source': '/lake/ns/data/a%20b%2Bc',
      'x-amz-metadata-directive': 'REPLACE',
      'x-amz-meta-branchline-checksum': 'sum',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': KEY,
      'x-amz-storage-class': 'STANDARD_IA',
    });
    expect(sent[0]?.headers['authorization']).toContain('x-amz-copy-source');
  });

  it('of which S3 tells the failure after its 200 is tried again', async () => {
    const late = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>sorry</Message></Error>';
    const { destination, sent } = withAnswers((_, index) => new Response(index === 0 ? late : COPIED));
    await destination.copy(source(5), { bucket: 'out' }, 'a');
    expect(sent).toHaveLength(2);
  });

  it('of what is gone says so', async () => {
    const gone = () => new Response('<Error><Code>NoSuchKey</Code></Error>', { status: 404 });
    await expect(withAnswers(gone).destination.copy(source(5), { bucket: 'out' }, 'a')).rejects.toMatchObject({
      code: 'BL9003',
    });
    const elsewhere = { ...source(5), address: 'gs://lake/a' };
    await expect(withAnswers(gone).destination.copy(elsewhere, { bucket: 'out' }, 'a')).rejects.toMatchObject({
      code: 'BL9003',
    });
  });

  const PARTS = (one: Sent): Response => {
    if (one.url.endsWith('?uploads=')) return new Response('<R><UploadId>u1</UploadId></R>');
    const number = /partNumber=(\d+)/.exec(one.url)?.[1];
    if (number !== undefined) return new Response(`<CopyPartResult><ETag>"p${number}"</ETag></CopyPartResult>`);
    return new Response('<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>');
  };

  it('above 5 GB is made of parts, each byte once', async () => {
    const { destination, sent } = withAnswers(PARTS);
    const size = 5 * 1024 ** 3 + 1;
    expect(await destination.copy(source(size), { bucket: 'out' }, 'big')).toEqual({ etag: 'whole' });
    const ranges = sent
      .flatMap(({ headers }) => headers['x-amz-copy-source-range'] ?? [])
      .map((range) => range.replace('bytes=', '').split('-').map(Number))
      .sort(([a = 0], [b = 0]) => a - b);
    expect(ranges).toHaveLength(11);
    expect(ranges.reduce((next, [from, to = 0]) => (from === next ? to + 1 : Number.NaN), 0)).toBe(size);
    const end = sent.at(-1);
    expect(end?.url).toBe(`${HOST}/big?uploadId=u1`);
    expect(end?.body.match(/<ETag>"p\d+"<\/ETag>/g)?.map((tag) => tag.replace(/\D/g, ''))).toEqual(
      Array.from({ length: 11 }, (_, i) => String(i + 1)),
    );
  });

  it('in parts of which one fails leaves none behind', async () => {
    const denied = () => new Response('<Error><Code>AccessDenied</Code></Error>', { status: 403 });
    const { destination, sent } = withAnswers((one) => (one.url.includes('partNumber=3') ? denied() : PARTS(one)));
    await expect(destination.copy(source(6 * 1024 ** 3), { bucket: 'out' }, 'big')).rejects.toMatchObject({
      code: 'BL4002',
    });
    expect(sent.at(-1)).toMatchObject({ method: 'DELETE', url: `${HOST}/big?uploadId=u1` });
  });
});

describe('a destination', () => {
  it('is listed over pages, from a key on', async () => {
    const page = (key: string, more: string): Response =>
      new Response(`<R><Contents><Key>${key}</Key><ETag>&quot;e&quot;</ETag><Size>8</Size></Contents>${more}</R>`);
    const { destination, sent } = withAnswers((_, index) =>
      index === 0 ? page('lake/a&amp;b', '<NextContinuationToken>t</NextContinuationToken>') : page('lake/c', ''),
    );
    expect(await Array.fromAsync(destination.list({ bucket: 'out' }, 'lake/', 'lake/a'))).toEqual([
      { key: 'lake/a&b', sizeBytes: 8, etag: 'e' },
      { key: 'lake/c', sizeBytes: 8, etag: 'e' },
    ]);
    expect(sent.map(({ url }) => url.slice(HOST.length))).toEqual([
      '/?list-type=2&prefix=lake%2F&start-after=lake%2Fa',
      '/?list-type=2&prefix=lake%2F&continuation-token=t',
    ]);
  });

  it('tells the checksum of a copy; none of what is not there or not ours; and a denial as one', async () => {
    const { destination, sent } = withAnswers(
      (_, index) =>
        [
          new Response(null, { headers: { 'x-amz-meta-branchline-checksum': 'sum' } }),
          new Response(null),
          new Response(null, { status: 404 }),
          new Response(null, { status: 403 }),
        ][index] ?? new Response(null),
    );
    const asked = () => destination.checksumOf({ bucket: 'out' }, 'a');
    expect([await asked(), await asked(), await asked()]).toEqual(['sum', undefined, undefined]);
    await expect(asked()).rejects.toMatchObject({ code: 'BL4002' });
    expect(sent[0]?.method).toBe('HEAD');
  });

  it('loses many keys in one call, and says which it keeps', async () => {
    const kept = '<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>';
    const { destination, sent } = withAnswers((_, index) => new Response(index === 0 ? '<DeleteResult/>' : kept));
    await destination.remove({ bucket: 'out' }, ['a&<b', 'c']);
    expect(sent[0]).toMatchObject({
      ...{ method: 'POST', url: `${HOST}/?delete=` },
      body: '<Delete><Quiet>true</Quiet><Object><Key>a&amp;&lt;b</Key></Object><Object><Key>c</Key></Object></Delete>',
    });
    expect(sent[0]?.headers['content-md5']).toMatch(/^[\w+/]{22}==$/);
    await expect(destination.remove({ bucket: 'out' }, ['b'])).rejects.toMatchObject({ code: 'BL4002' });
    await destination.remove({ bucket: 'out' }, []);
    expect(sent).toHaveLength(2);
  });
});

it('control characters and what XML means something by are written as references', () => {
  expect(asXml('a\n<&>é')).toBe('a&#10;&lt;&amp;&gt;é');
});

describe('a wake-up', () => {
  it.each([['{"export":"a"}'], ['{"repository":"lake","target":"main","schemaVersion":1}']])('%s', (text) => {
    const { schemaVersion: _, ...expected } = JSON.parse(text) as Record<string, unknown>;
    expect(parseExportWakeUp(text)).toEqual(expected);
  });
  it.each([['x'], ['{}'], ['{"export":""}']])('%s is none', (text) => {
    expect(() => parseExportWakeUp(text)).toThrow(expect.objectContaining({ code: 'BL1006' }) as Error);
  });
});

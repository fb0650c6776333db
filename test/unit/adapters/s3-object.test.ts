import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readS3Object } from '../../../lambdas/adapters/s3-object.ts';
import { urlOf } from '../../../lambdas/adapters/s3-request.ts';

const ENV = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  AWS_SESSION_TOKEN: 'token',
};

describe('where an object lies', () => {
  it.each([
    [
      'in a region',
      'bucket',
      'config/ä b.json',
      ENV,
      'https://bucket.s3.eu-central-1.amazonaws.com/config/%C3%A4%20b.json',
    ],
    ['in China', 'bucket', 'k', { AWS_REGION: 'cn-north-1' }, 'https://bucket.s3.cn-north-1.amazonaws.com.cn/k'],
    ['in a bucket with a dot', 'a.b', 'k', ENV, 'https://s3.eu-central-1.amazonaws.com/a.b/k'],
    ['locally', 'bucket', 'k', { ...ENV, AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' }, 'http://127.0.0.1:4566/bucket/k'],
  ])('%s', (_, bucket, key, env, url) => {
    expect(urlOf(bucket, key, env).href).toBe(url);
  });
});

/** The signature by the letter of the S3 API reference, "Authenticating Requests: Using the Authorization Header". */
const signatureOf = (path: string, headers: Record<string, string>): string => {
  const hash = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();
  const names = Object.keys(headers).sort();
  const canonical = [
    'GET',
    path,
    '',
    ...names.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    names.join(';'),
    hash(''),
  ];
  const scope = '20261124/eu-central-1/s3/aws4_request';
  const text = ['AWS4-HMAC-SHA256', '20261124T150405Z', scope, hash(canonical.join('\n'))].join('\n');
  const key = ['eu-central-1', 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${ENV.AWS_SECRET_ACCESS_KEY}`, '20261124'));
  return hmac(key, text).toString('hex');
};

const reading = (answers: (Response | Error)[]) => {
  const sent: { url: URL; headers: Record<string, string> }[] = [];
  const read = readS3Object('bucket', 'config/a.json', {
    env: ENV,
    now: () => new Date('2026-11-24T15:04:05Z'),
    fetch: async (url, init) => {
      sent.push({ url, headers: init.headers as Record<string, string> });
      const answer = answers.shift() ?? new Error('no more answers');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { read, sent };
};
const refusal = (status: number, code: string): Response =>
  new Response(`<Error><Code>${code}</Code><Message>said S3</Message></Error>`, { status });

describe('reading', () => {
  it('signs the request', async () => {
    const { read, sent } = reading([new Response('{"a":1}')]);
    expect(await read).toBe('{"a":1}');
    const { authorization, ...headers } = sent[0]?.headers ?? {};
    expect(authorization).toContain(
      `Signature=${signatureOf('/config/a.json', { host: 'bucket.s3.eu-central-1.amazonaws.com', ...headers })}`,
    );
    expect(headers['x-amz-security-token']).toBe('token');
  });

  it('tries again what may pass', async () => {
    const { read, sent } = reading([new Error('hung up'), refusal(503, 'SlowDown'), new Response('ok')]);
    expect(await read).toBe('ok');
    expect(sent).toHaveLength(3);
  });

  it.each([
    [403, 'AccessDenied', 'BL4002'],
    [404, 'NoSuchKey', 'BL4001'],
  ])('does not repeat after %i %s', async (status, code, ours) => {
    const { read, sent } = reading([refusal(status, code)]);
    await expect(read).rejects.toMatchObject({ code: ours, message: expect.stringContaining(`${code}: said S3`) });
    expect(sent).toHaveLength(1);
  });
});

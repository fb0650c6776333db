import { describe, expect, it } from 'vitest';
import { createLakeFiles } from '../../../lambdas/adapters/scratch-files.ts';

const ENV = {
  ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
};

describe('lakeFS’s own files', () => {
  it('are copied by S3 itself, to their place, with signed headers', async () => {
    const sent: { url: string; method: string; source: string | null }[] = [];
    const files = createLakeFiles({
      env: ENV,
      fetch: async (url, { method = 'GET', headers }) => {
        sent.push({ url: String(url), method, source: new Headers(headers).get('x-amz-copy-source') });
        return new Response('<CopyObjectResult><ETag>"1"</ETag></CopyObjectResult>');
      },
    });
    await files.copy('s3://bucket/lake/_lakefs/a b+c', 's3://bucket/branchline-drills/d/_lakefs/a b+c');
    expect(sent).toEqual([
      {
        url: 'https://bucket.s3.eu-central-1.amazonaws.com/branchline-drills/d/_lakefs/a%20b%2Bc',
        method: 'PUT',
        source: '/bucket/lake/_lakefs/a%20b%2Bc',
      },
    ]);
  });

  it('that may not be copied are refused as BL4002, and what lies elsewhere by name', async () => {
    const files = createLakeFiles({
      env: ENV,
      fetch: async () => new Response('<Error><Code>AccessDenied</Code></Error>', { status: 403 }),
    });
    await expect(files.copy('s3://bucket/a', 's3://bucket/b')).rejects.toMatchObject({ code: 'BL4002' });
    await expect(files.copy('local://bucket/a', 's3://bucket/b')).rejects.toThrow(
      'local://bucket/a does not lie in S3',
    );
  });
});

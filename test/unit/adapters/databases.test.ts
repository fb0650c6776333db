import { expect, it } from 'vitest';
import { createDatabases } from '../../../lambdas/adapters/databases.ts';

const ARN = 'arn:aws:rds:eu-west-1:111122223333:snapshot:branchline-20260101t00';
const SNAPSHOT = `<DBSnapshot><DBSnapshotArn>${ARN}</DBSnapshotArn></DBSnapshot>`;
const error = (code: string): string =>
  `<ErrorResponse><Error><Code>${code}</Code><Message>m</Message></Error></ErrorResponse>`;
const env = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };

/** RDS that gives these answers in turn, and keeps what it was asked. */
const rds = (...answers: readonly (readonly [status: number, body: string])[]) => {
  const asked: { url: string; form: Record<string, string>; authorization: string }[] = [];
  const databases = createDatabases({
    ...{ env, store: 'rds:lakefs-db', prefix: 'branchline' },
    fetch: async (url, init) => {
      const headers = new Headers(init.headers);
      const form = Object.fromEntries(new URLSearchParams(String(init.body)));
      asked.push({ url: url.href, form, authorization: headers.get('authorization') ?? '' });
      const [status, body] = answers[asked.length - 1] ?? [500, ''];
      return new Response(body, { status });
    },
  });
  return { databases, asked };
};

it('makes a snapshot of the instance under the name of the deployment', async () => {
  const { databases, asked } = rds([200, SNAPSHOT]);
  expect(await databases.backUp('20260101t00', 5)).toEqual({ kind: 'rds', arn: ARN, restorableTo: 5 });
  expect(asked[0]).toMatchObject({
    url: 'https://rds.eu-west-1.amazonaws.com/',
    form: {
      ...{ Action: 'CreateDBSnapshot', Version: '2014-10-31' },
      ...{ DBInstanceIdentifier: 'lakefs-db', DBSnapshotIdentifier: 'branchline-20260101t00' },
    },
    authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/rds\/aws4_request/),
  });
});

it('finds the one that is there already, and tries again where RDS has a fault', async () => {
  const there = rds([400, error('DBSnapshotAlreadyExists')], [200, SNAPSHOT]);
  expect((await there.databases.backUp('20260101t00', 5)).arn).toBe(ARN);
  expect(there.asked.map(({ form }) => form['Action'])).toEqual(['CreateDBSnapshot', 'DescribeDBSnapshots']);
  const faulty = rds([503, ''], [200, SNAPSHOT]);
  expect((await faulty.databases.backUp('20260101t00', 5)).arn).toBe(ARN);
});

it('tells what AWS said of anything else', async () => {
  await expect(rds([403, error('AccessDenied')]).databases.backUp('x', 5)).rejects.toMatchObject({ code: 'BL4002' });
  await expect(rds([400, error('InvalidDBInstanceState')]).databases.backUp('x', 5)).rejects.toMatchObject({
    code: 'BL4001',
    message: expect.stringContaining('rds:CreateDBSnapshot branchline-x: InvalidDBInstanceState: m'),
  });
  await expect(rds([200, '<empty/>']).databases.backUp('x', 5)).rejects.toMatchObject({ code: 'BL4001' });
});

it('deletes its own alone; one that is gone is as good as deleted', async () => {
  const { databases, asked } = rds([404, error('DBSnapshotNotFound')], [400, error('InvalidDBSnapshotState')]);
  await databases.remove({ kind: 'rds', arn: ARN, restorableTo: 5 });
  await databases.remove({ kind: 'rds', arn: 'arn:aws:rds:eu-west-1:111122223333:snapshot:by-hand', restorableTo: 5 });
  expect(asked.map(({ form }) => form)).toEqual([
    { Action: 'DeleteDBSnapshot', Version: '2014-10-31', DBSnapshotIdentifier: 'branchline-20260101t00' },
  ]);
  await expect(databases.remove({ kind: 'rds', arn: ARN, restorableTo: 5 })).rejects.toMatchObject({ code: 'BL4001' });
});

it('of DynamoDB the moment is written down: its own recovery keeps every second', async () => {
  const arn = 'arn:aws:dynamodb:eu-west-1:111122223333:table/lakefs';
  const dynamodb = createDatabases({ env, store: `dynamodb:${arn}`, prefix: 'branchline' });
  const made = await dynamodb.backUp('x', 7);
  expect(made).toEqual({ kind: 'dynamodb', arn, restorableTo: 7 });
  await dynamodb.remove(made);
  expect(() => createDatabases({ env, store: 'oracle:x', prefix: 'p' })).toThrow(/metadata store "oracle:x"/);
});

import { expect, it } from 'vitest';
import { createMetadataStores } from '../../../lambdas/adapters/metadata-store.ts';

const env = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };
const fault = (code: string): string =>
  `<ErrorResponse><Error><Code>${code}</Code><Message>m</Message></Error></ErrorResponse>`;
const snapshot = (id: string, more: string): string =>
  `<DBSnapshot><DBSnapshotIdentifier>${id}</DBSnapshotIdentifier><DBSnapshotArn>arn:${id}</DBSnapshotArn>${more}</DBSnapshot>`;
const made = (time: string, type: string, status = 'available'): string =>
  `<SnapshotCreateTime>${time}</SnapshotCreateTime><SnapshotType>${type}</SnapshotType><Status>${status}</Status>`;

const never = () => {
  throw new Error('DynamoDB is not asked');
};

/** RDS that answers by what it is asked, and keeps it. */
const rds = (answer: (form: Record<string, string>) => readonly [status: number, body: string]) => {
  const asked: Record<string, string>[] = [];
  const stores = createMetadataStores({
    ...{ env, store: 'rds:lakefs-db', client: never },
    fetch: async (_, init) => {
      const form = Object.fromEntries(new URLSearchParams(String(init.body)));
      asked.push(form);
      const [status, body] = answer(form);
      return new Response(body, { status });
    },
  });
  return { stores, asked };
};

const BACKUPS = `<DBInstanceAutomatedBackup><DbiResourceId>db-ABC</DbiResourceId><RestoreWindow>
  <EarliestTime>2026-11-10T00:00:00Z</EarliestTime><LatestTime>2026-11-20T10:00:00Z</LatestTime></RestoreWindow></DBInstanceAutomatedBackup>`;

it('tells the window of an instance and every kind of snapshot, page after page, newest first', async () => {
  const { stores, asked } = rds(({ Action, SnapshotType, Marker }) => {
    if (Action === 'DescribeDBInstances')
      return [
        200,
        '<DBInstanceStatus>available</DBInstanceStatus><DbiResourceId>db-ABC</DbiResourceId><LatestRestorableTime>2026-11-20T11:00:00Z</LatestRestorableTime>',
      ];
    if (Action === 'DescribeDBInstanceAutomatedBackups') return [200, BACKUPS];
    if (SnapshotType === 'awsbackup')
      return [
        200,
        snapshot('awsbackup:job', made('2026-11-19T02:00:00Z', 'awsbackup')) +
          snapshot('a', made('2026-11-18T02:00:00Z', 'manual')),
      ];
    return Marker === undefined
      ? [200, `${snapshot('a', made('2026-11-18T02:00:00Z', 'manual'))}<Marker>more</Marker>`]
      : [
          200,
          snapshot('b', made('2026-11-20T02:00:00Z', 'automated', 'creating')) +
            snapshot('c', '<Status>creating</Status>'),
        ];
  });
  expect(await stores.look()).toEqual({
    ...{ kind: 'rds', name: 'lakefs-db', status: 'available', resource: 'db-ABC' },
    window: { from: Date.parse('2026-11-10T00:00:00Z'), to: Date.parse('2026-11-20T11:00:00Z') },
    backups: [
      { id: 'b', arn: 'arn:b', at: Date.parse('2026-11-20T02:00:00Z'), kind: 'automated', isAvailable: false },
      {
        id: 'awsbackup:job',
        arn: 'arn:awsbackup:job',
        at: Date.parse('2026-11-19T02:00:00Z'),
        kind: 'awsbackup',
        isAvailable: true,
      },
      { id: 'a', arn: 'arn:a', at: Date.parse('2026-11-18T02:00:00Z'), kind: 'manual', isAvailable: true },
    ],
  });
  expect(asked.every(({ DBInstanceIdentifier }) => DBInstanceIdentifier === 'lakefs-db')).toBe(true);
});

it('an instance that is gone is told by what it left', async () => {
  const { stores } = rds(({ Action }) =>
    Action === 'DescribeDBInstances'
      ? [404, fault('DBInstanceNotFound')]
      : Action === 'DescribeDBInstanceAutomatedBackups'
        ? [200, BACKUPS]
        : [200, ''],
  );
  expect(await stores.look()).toEqual({
    ...{ kind: 'rds', name: 'lakefs-db', resource: 'db-ABC', backups: [] },
    window: { from: Date.parse('2026-11-10T00:00:00Z'), to: Date.parse('2026-11-20T10:00:00Z') },
  });
  const nothing = rds(({ Action }) =>
    Action === 'DescribeDBSnapshots'
      ? [200, '']
      : [404, fault(Action === 'DescribeDBInstances' ? 'DBInstanceNotFound' : 'DBInstanceAutomatedBackupNotFound')],
  );
  expect(await nothing.stores.look()).toEqual({ kind: 'rds', name: 'lakefs-db', backups: [] });
  await expect(rds(() => [403, fault('AccessDenied')]).stores.look()).rejects.toMatchObject({ code: 'BL4002' });
});

const table = (answers: Readonly<Record<string, unknown>>) =>
  createMetadataStores({
    ...{ env, store: 'dynamodb:arn:aws:dynamodb:eu-west-1:111122223333:table/lakefs' },
    client: () =>
      ({
        send: async (command: { readonly constructor: { readonly name: string }; readonly input: unknown }) => {
          const name = command.constructor.name.replace('Command', '');
          const answer = answers[name];
          if (answer instanceof Error) throw answer;
          const isSecond = JSON.stringify(command.input).includes('ExclusiveStartBackupArn');
          return (isSecond ? answers[`${name}2`] : answer) ?? {};
        },
      }) as never,
  });

it('tells the window of a table, and its backups', async () => {
  const day = (n: number): Date => new Date(Date.UTC(2026, 10, n));
  const continuous = (status: string) => ({
    ContinuousBackupsDescription: {
      PointInTimeRecoveryDescription: {
        ...{ PointInTimeRecoveryStatus: status, EarliestRestorableDateTime: day(1), LatestRestorableDateTime: day(20) },
      },
    },
  });
  const answers = {
    DescribeTable: { Table: { TableStatus: 'ACTIVE' } },
    DescribeContinuousBackups: continuous('ENABLED'),
    ListBackups: {
      BackupSummaries: [
        {
          BackupArn: 'arn:1',
          BackupName: 'one',
          BackupCreationDateTime: day(3),
          BackupStatus: 'AVAILABLE',
          BackupType: 'USER',
        },
        { BackupName: 'without an ARN' },
      ],
      LastEvaluatedBackupArn: 'arn:1',
    },
    ListBackups2: {
      BackupSummaries: [{ BackupArn: 'arn:2', BackupCreationDateTime: day(4), BackupStatus: 'CREATING' }],
    },
  };
  expect(await table(answers).look()).toEqual({
    ...{
      kind: 'dynamodb',
      name: 'lakefs',
      status: 'ACTIVE',
      window: { from: day(1).getTime(), to: day(20).getTime() },
    },
    backups: [
      { id: 'arn:2', arn: 'arn:2', at: day(4).getTime(), kind: 'USER', isAvailable: false },
      { id: 'one', arn: 'arn:1', at: day(3).getTime(), kind: 'USER', isAvailable: true },
    ],
  });
  expect(await table({ ...answers, DescribeContinuousBackups: continuous('DISABLED') }).look()).not.toHaveProperty(
    'window',
  );
});

it('a table that is gone is gone; what AWS says else is told', async () => {
  const named = (name: string) => Object.assign(new Error('m'), { name });
  const gone = {
    DescribeTable: named('ResourceNotFoundException'),
    DescribeContinuousBackups: named('TableNotFoundException'),
  };
  expect(await table(gone).look()).toEqual({ kind: 'dynamodb', name: 'lakefs', backups: [] });
  await expect(table({ DescribeTable: named('AccessDeniedException') }).look()).rejects.toMatchObject({
    message: expect.stringContaining('dynamodb:DescribeTable lakefs'),
  });
  expect(() => createMetadataStores({ env, store: 'oracle:x', client: never })).toThrow(/metadata store "oracle:x"/);
});

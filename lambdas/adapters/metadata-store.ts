/** What AWS keeps of lakeFS's metadata store. Reads only. */
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListBackupsCommand,
} from '@aws-sdk/client-dynamodb';
import type { StoredBackup, StoreState } from '../domain/database-restore.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { MetadataStores } from '../restore-ports.ts';
import { awsFault } from './aws-errors.ts';
import { callRds, type RdsOptions } from './rds-request.ts';
import { elementsOf, textOf } from './s3-xml.ts';

export interface MetadataStoreOptions extends RdsOptions {
  /** As the deployment gives it: `rds:<instance>` or `dynamodb:<table ARN>`. */
  readonly store: string;
  readonly client: () => Pick<DynamoDBClient, 'send'>;
}

export const createMetadataStores = ({ store, client, ...options }: MetadataStoreOptions): MetadataStores => {
  const at = store.indexOf(':');
  const [kind, name] = [store.slice(0, at), store.slice(at + 1)];
  if (kind === 'rds') return { look: () => lookAtInstance(name, options) };
  if (kind === 'dynamodb') return { look: () => lookAtTable(name.slice(name.lastIndexOf('/') + 1), client()) };
  throw new BranchlineError('BL1002', `metadata store "${store}", expected rds:… or dynamodb:…`);
};

const timeOf = (xml: string, tag: string): number | undefined => {
  const text = textOf(xml, tag);
  return text === undefined ? undefined : Date.parse(text);
};

/** Of an instance that was deleted there is nothing but what it left. */
const orNone = async (ask: Promise<string>, code: string): Promise<string> => {
  try {
    return await ask;
  } catch (error) {
    if (isBranchlineError(error, 'BL4001') && error.details['awsError'] === code) return '';
    throw error;
  }
};

const lookAtInstance = async (name: string, options: RdsOptions): Promise<StoreState> => {
  const of = { DBInstanceIdentifier: name };
  const instance = await orNone(callRds('DescribeDBInstances', of, options), 'DBInstanceNotFound');
  const kept = await orNone(
    callRds('DescribeDBInstanceAutomatedBackups', of, options),
    'DBInstanceAutomatedBackupNotFound',
  );
  const [window] = elementsOf(kept, 'RestoreWindow');
  const to = timeOf(instance, 'LatestRestorableTime') ?? timeOf(window ?? '', 'LatestTime');
  const from = timeOf(window ?? '', 'EarliestTime');
  const status = textOf(instance, 'DBInstanceStatus');
  const resource = textOf(instance, 'DbiResourceId') ?? textOf(kept, 'DbiResourceId');
  const backups = [
    ...(await snapshotsOf(of, options)),
    // Those of AWS Backup are told only to whoever asks for them. Source: RDS API, DescribeDBSnapshots, SnapshotType.
    ...(await snapshotsOf({ ...of, SnapshotType: 'awsbackup' }, options)),
  ];
  return {
    ...{ kind: 'rds', name },
    ...(status === undefined ? {} : { status }),
    ...(resource === undefined ? {} : { resource }),
    ...(from === undefined || to === undefined ? {} : { window: { from, to } }),
    backups: newestFirst(backups),
  };
};

const snapshotsOf = async (of: Readonly<Record<string, string>>, options: RdsOptions): Promise<StoredBackup[]> => {
  const found: StoredBackup[] = [];
  let marker: string | undefined;
  do {
    const page = await callRds(
      'DescribeDBSnapshots',
      { ...of, ...(marker === undefined ? {} : { Marker: marker }) },
      options,
    );
    for (const each of elementsOf(page, 'DBSnapshot')) {
      const id = textOf(each, 'DBSnapshotIdentifier');
      // One that is being made has no time yet.
      const at = timeOf(each, 'SnapshotCreateTime');
      if (id === undefined || at === undefined) continue;
      found.push({
        ...{ id, at, arn: textOf(each, 'DBSnapshotArn') ?? '', kind: textOf(each, 'SnapshotType') ?? 'manual' },
        isAvailable: textOf(each, 'Status') === 'available',
      });
    }
    marker = textOf(page, 'Marker');
  } while (marker !== undefined && marker !== '');
  return found;
};

const newestFirst = (backups: readonly StoredBackup[]): StoredBackup[] => {
  const known = new Map(backups.map((each) => [each.arn, each]));
  return [...known.values()].toSorted((a, b) => b.at - a.at);
};

const lookAtTable = async (name: string, client: Pick<DynamoDBClient, 'send'>): Promise<StoreState> => {
  const ask = async <T>(what: string, act: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await act();
    } catch (error) {
      if (error instanceof Error && ['ResourceNotFoundException', 'TableNotFoundException'].includes(error.name))
        return undefined;
      throw awsFault(`dynamodb:${what} ${name}`, error);
    }
  };
  const table = await ask('DescribeTable', () => client.send(new DescribeTableCommand({ TableName: name })));
  const continuous = await ask('DescribeContinuousBackups', () =>
    client.send(new DescribeContinuousBackupsCommand({ TableName: name })),
  );
  const backups: StoredBackup[] = [];
  let after: string | undefined;
  do {
    const page = await ask('ListBackups', () =>
      client.send(
        new ListBackupsCommand({
          ...{ TableName: name, BackupType: 'ALL' },
          ...(after === undefined ? {} : { ExclusiveStartBackupArn: after }),
        }),
      ),
    );
    for (const { BackupArn, BackupName, BackupCreationDateTime, BackupStatus, BackupType } of page?.BackupSummaries ??
      []) {
      if (BackupArn === undefined || BackupCreationDateTime === undefined) continue;
      backups.push({
        ...{ id: BackupName ?? BackupArn, arn: BackupArn, at: BackupCreationDateTime.getTime() },
        ...{ kind: BackupType ?? 'USER', isAvailable: BackupStatus === 'AVAILABLE' },
      });
    }
    after = page?.LastEvaluatedBackupArn;
  } while (after !== undefined);
  const recovery = continuous?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  const [from, to] = [recovery?.EarliestRestorableDateTime?.getTime(), recovery?.LatestRestorableDateTime?.getTime()];
  const status = table?.Table?.TableStatus;
  return {
    ...{ kind: 'dynamodb', name },
    ...(status === undefined ? {} : { status }),
    ...(from === undefined || to === undefined || recovery?.PointInTimeRecoveryStatus !== 'ENABLED'
      ? {}
      : { window: { from, to } }),
    backups: newestFirst(backups),
  };
};

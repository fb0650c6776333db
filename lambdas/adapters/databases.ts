/**
 * Backups of lakeFS's metadata store. RDS: a snapshot by name, made of the instance and encrypted as it is; one that is under way counts, since
 * RDS finishes it by itself. DynamoDB: point-in-time recovery of the table keeps every second of 35 days, so the moment is written down.
 */
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { Databases } from '../snapshot-ports.ts';
import { callRds, type RdsOptions } from './rds-request.ts';

export interface DatabaseOptions extends RdsOptions {
  /** As the deployment gives it: `rds:<instance>` or `dynamodb:<table ARN>`. */
  readonly store: string;
  readonly prefix: string;
}

const says = (error: unknown, code: string): boolean =>
  isBranchlineError(error, 'BL4001') && error.details['awsError'] === code;

export const createDatabases = ({ store, prefix, ...options }: DatabaseOptions): Databases => {
  const at = store.indexOf(':');
  const [kind, name] = [store.slice(0, at), store.slice(at + 1)];
  if (kind === 'dynamodb') {
    return {
      backUp: async (_, moment) => ({ kind: 'dynamodb', arn: name, restorableTo: moment }),
      remove: async () => undefined,
    };
  }
  if (kind !== 'rds') throw new BranchlineError('BL1002', `metadata store "${store}", expected rds:… or dynamodb:…`);

  const make = async (id: string): Promise<string> => {
    try {
      return await callRds(
        'CreateDBSnapshot',
        {
          ...{ DBInstanceIdentifier: name, DBSnapshotIdentifier: id },
          ...{ 'Tags.Tag.1.Key': 'branchline:owned', 'Tags.Tag.1.Value': 'true' },
        },
        options,
      );
    } catch (error) {
      if (!says(error, 'DBSnapshotAlreadyExists')) throw error;
      return callRds('DescribeDBSnapshots', { DBSnapshotIdentifier: id }, options);
    }
  };

  return {
    async backUp(backup, moment) {
      const id = `${prefix}-${backup}`;
      const arn = /<DBSnapshotArn>([^<]+)<\/DBSnapshotArn>/.exec(await make(id))?.[1];
      if (arn === undefined)
        throw new BranchlineError('BL4001', `rds:CreateDBSnapshot ${id}: the answer names no snapshot`);
      return { kind: 'rds', arn, restorableTo: moment };
    },

    async remove({ arn }) {
      const id = arn.slice(arn.lastIndexOf(':') + 1);
      if (!id.startsWith(`${prefix}-`)) return;
      try {
        await callRds('DeleteDBSnapshot', { DBSnapshotIdentifier: id }, options);
      } catch (error) {
        if (!says(error, 'DBSnapshotNotFound')) throw error;
      }
    },
  };
};

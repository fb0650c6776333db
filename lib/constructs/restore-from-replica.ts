/**
 * In a second region: what a restore reads of the first one's replicas.
 *
 * What you get: the function `restore` may read the replicated backups, and list the buckets that the repositories lie in, to look whether
 * everything is there. It can write to none of them.
 */
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { BACKUP_PREFIX, ENV } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import type { Config } from '../config/schema.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import { placeOfNamespace } from './namespace.ts';

export interface RestoreFromReplicaProps {
  readonly config: Config;
  readonly target: BranchlineFunction;
}

export class RestoreFromReplica extends Construct {
  constructor(scope: Construct, id: string, { config, target: { fn } }: RestoreFromReplicaProps) {
    super(scope, id);
    const { from } = config.replication;
    if (from === undefined) return;
    const stack = Stack.of(this);
    const arn = (bucket: string): string => `arn:${stack.partition}:s3:::${bucket}`;
    const lakes = Object.values(config.repositories).map(({ storageNamespace }) => placeOfNamespace(storageNamespace));
    const backups = `${arn(from.backups)}/${BACKUP_PREFIX}*`;
    const allow = (sid: string, actions: string[], resources: string[]): void => {
      fn.addToRolePolicy(new PolicyStatement({ sid, actions, resources }));
    };
    fn.addEnvironment(ENV.replicaBackupRoot, `s3://${from.backups}/${BACKUP_PREFIX}`);
    allow('ReplicatedBackups', ['s3:GetObject'], [backups]);
    allow(
      'ListReplicas',
      ['s3:ListBucket'],
      [...new Set([from.backups, ...lakes.map(({ bucket }) => bucket)])].map(arn),
    );
    allow('ReplicaKey', ['kms:Decrypt'], [from.kmsKeyArn]);
    if (fn.role !== undefined)
      acknowledge(
        fn.role,
        'IAM5',
        `Resource::${asNagWrites(stack, backups)}`,
        'Backups are named by repository and snapshot.',
      );
  }
}

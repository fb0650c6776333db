/**
 * Daily backups of the metadata store in a vault of their own, beside the store's own point-in-time recovery: they outlive the
 * store. The bucket is not in them: its versions are the way back, and metadata without its bucket is nothing.
 */
import { Duration } from 'aws-cdk-lib';
import { BackupPlan, BackupPlanRule, type BackupResource, BackupVault } from 'aws-cdk-lib/aws-backup';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { acknowledge } from '../../compliance.ts';
import { removalOf } from '../removal.ts';

export interface LakefsBackupsProps {
  readonly store: BackupResource;
  readonly key: IKey;
  readonly days: number;
  /** Deleted with the stack. */
  readonly isRemoved: boolean;
}

const POLICY = 'service-role/AWSBackupServiceRolePolicyForBackup';

export class LakefsBackups extends Construct {
  readonly vault: BackupVault;

  constructor(scope: Construct, id: string, props: LakefsBackupsProps) {
    super(scope, id);
    this.vault = new BackupVault(this, 'Vault', {
      encryptionKey: props.key,
      removalPolicy: removalOf(props.isRemoved),
    });
    const plan = new BackupPlan(this, 'Plan', {
      backupVault: this.vault,
      backupPlanRules: [
        new BackupPlanRule({
          ruleName: 'daily',
          scheduleExpression: Schedule.cron({ hour: '2', minute: '15' }),
          startWindow: Duration.hours(1),
          completionWindow: Duration.hours(8),
          deleteAfter: Duration.days(props.days),
        }),
      ],
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('backup.amazonaws.com'),
      description: 'Backups of the metadata of lakeFS',
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(POLICY)],
    });
    acknowledge(
      role,
      'IAM4',
      `Policy::arn:<AWS::Partition>:iam::aws:policy/${POLICY}`,
      'The policy that AWS keeps for AWS Backup: what it calls for a kind of resource changes with the service.',
    );
    plan.addSelection('Metadata', { resources: [props.store], role, disableDefaultBackupPolicy: true });
  }
}

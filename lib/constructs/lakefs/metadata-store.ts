/** What lakeFS keeps its metadata in, as tasks, backups and alarms see it. */

import type { BackupResource } from 'aws-cdk-lib/aws-backup';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { Secret as TaskSecret } from 'aws-cdk-lib/aws-ecs';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';

/** A measurement that ends in an alarm on the page metadata-store of the runbook. */
export interface StoreMeasure {
  readonly id: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** @default false: the alarm is raised at the threshold and above */
  readonly isRaisedBelow?: boolean;
  readonly periods: number;
  readonly what: string;
}

export interface MetadataStore {
  readonly kind: 'rds' | 'dynamodb';
  /** Identifier of the instance, or ARN of the table. */
  readonly identity: string;
  /** Settings of lakeFS, none of them secret. */
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, TaskSecret>>;
  /** What the role of the tasks may do with it. */
  readonly statements: readonly PolicyStatement[];
  readonly backup: BackupResource;
  readonly measures: readonly StoreMeasure[];
  /** Opens the way from the tasks to it. */
  letIn(tasks: ISecurityGroup): void;
}

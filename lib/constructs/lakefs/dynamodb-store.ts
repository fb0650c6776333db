/**
 * lakeFS's metadata in DynamoDB: no server, and the role of the tasks instead of a password.
 *
 * What you get: on-demand capacity, point-in-time recovery, deletion protection; kept when the stack is removed unless both keys
 * to deletion are turned. Or a table that an earlier deployment left, or that was restored.
 */
import { Arn, ArnFormat, Aws, Duration } from 'aws-cdk-lib';
import { BackupResource } from 'aws-cdk-lib/aws-backup';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { removalOf } from '../removal.ts';
import type { MetadataStore, StoreMeasure } from './metadata-store.ts';

export interface DynamodbStoreProps {
  /** Deleted with the stack. */
  readonly isRemoved: boolean;
  /** A table that is there already. @default it is made */
  readonly adoptTableArn?: string;
}

/** As lakeFS 1.84 made its table when it was left to: seen on a local DynamoDB. */
const KEYS = {
  partitionKey: { name: 'PartitionKey', type: AttributeType.BINARY },
  sortKey: { name: 'ItemKey', type: AttributeType.BINARY },
} as const;

/**
 * Source: lakeFS documentation, deploying on AWS, without CreateTable, since the table is there, and without what knows no
 * resource. Seen in use with lakeFS 1.84: DescribeTable, GetItem, PutItem, DeleteItem, Query.
 */
const ACTIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'DescribeTable',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
].map((action) => `dynamodb:${action}`);

export class DynamodbStore extends Construct implements MetadataStore {
  readonly kind = 'dynamodb';
  readonly tableArn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets = {};
  readonly statements: readonly PolicyStatement[];
  readonly backup: BackupResource;
  readonly measures: readonly StoreMeasure[];

  constructor(scope: Construct, id: string, props: DynamodbStoreProps) {
    super(scope, id);
    const { adoptTableArn, isRemoved } = props;
    const { tableArn, tableName } =
      adoptTableArn === undefined
        ? new TableV2(this, 'Table', {
            ...KEYS,
            billing: Billing.onDemand(),
            encryption: TableEncryptionV2.dynamoOwnedKey(),
            pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
            deletionProtection: !isRemoved,
            removalPolicy: removalOf(isRemoved),
          })
        : { tableArn: adoptTableArn, tableName: nameOf(adoptTableArn) };
    this.tableArn = tableArn;
    this.environment = {
      LAKEFS_DATABASE_TYPE: 'dynamodb',
      LAKEFS_DATABASE_DYNAMODB_TABLE_NAME: tableName,
      LAKEFS_DATABASE_DYNAMODB_AWS_REGION: Aws.REGION,
    };
    this.statements = [new PolicyStatement({ sid: 'Metadata', actions: ACTIONS, resources: [tableArn] })];
    this.backup = BackupResource.fromArn(tableArn);
    this.measures = ['ReadThrottleEvents', 'WriteThrottleEvents'].map((metricName) => ({
      id: metricName,
      metric: new Metric({
        namespace: 'AWS/DynamoDB',
        metricName,
        dimensionsMap: { TableName: tableName },
        statistic: 'sum',
        period: Duration.minutes(5),
      }),
      threshold: 100,
      periods: 2,
      what: 'DynamoDB throttles the metadata of lakeFS.',
    }));
  }

  get identity(): string {
    return this.tableArn;
  }

  /** By the network's endpoint or NAT gateway, as every other API. */
  letIn(): void {}
}

const nameOf = (tableArn: string): string =>
  Arn.split(tableArn, ArnFormat.SLASH_RESOURCE_NAME).resourceName ?? tableArn;

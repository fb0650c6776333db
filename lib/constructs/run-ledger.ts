/**
 * The ledger's table.
 *
 * What you get: on-demand capacity, point-in-time recovery, a stream with both images, the sparse indexes that the ledger
 * reads, forgetting by TTL; kept when the stack is removed unless both keys to deletion are turned. Or the table that an earlier
 * deployment left, or that was restored, unchanged.
 */
import {
  AttributeType,
  Billing,
  type ITable,
  type ITableV2,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { LEDGER_INDEX, LEDGER_TTL } from '../../lambdas/contract.ts';
import { asInterface } from './as-interface.ts';
import { mayRemove, removalOf } from './removal.ts';

export interface RunLedgerProps {
  readonly tableName: string;
  /** First key to deletion: the configuration asks for it. */
  readonly remove: boolean;
  /** Stream of a table that is there already. @default the table is made */
  readonly adoptStreamArn?: string;
}

export type LedgerAccess = 'read' | 'write';

const ACTIONS: Readonly<Record<LedgerAccess, readonly string[]>> = {
  read: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
  // Entries are replaced as a whole, under a condition, and forgotten by TTL.
  write: ['dynamodb:PutItem'],
};

export class RunLedger extends Construct {
  readonly table: ITableV2;
  readonly streamArn: string;

  constructor(scope: Construct, id: string, props: RunLedgerProps) {
    super(scope, id);
    if (props.adoptStreamArn !== undefined) {
      const tableStreamArn = props.adoptStreamArn;
      const tableArn = tableStreamArn.replace(/\/stream\/.*$/, '');
      this.table = TableV2.fromTableAttributes(this, 'Table', { tableArn, tableStreamArn });
      this.streamArn = tableStreamArn;
      return;
    }
    const isRemoved = mayRemove(this, props.remove);
    const key = (name: string) => ({ name, type: AttributeType.STRING });
    const projected = { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...LEDGER_INDEX.projected] };
    const table = new TableV2(this, 'Table', {
      tableName: props.tableName,
      partitionKey: key('pk'),
      sortKey: key('sk'),
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: !isRemoved,
      removalPolicy: removalOf(isRemoved),
      timeToLiveAttribute: LEDGER_TTL,
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      globalSecondaryIndexes: [
        {
          indexName: LEDGER_INDEX.state.name,
          partitionKey: key(LEDGER_INDEX.state.partitionKey),
          sortKey: key(LEDGER_INDEX.state.sortKey),
          ...projected,
        },
        {
          indexName: LEDGER_INDEX.recent.name,
          partitionKey: key(LEDGER_INDEX.recent.partitionKey),
          sortKey: key(LEDGER_INDEX.recent.sortKey),
          ...projected,
        },
        { indexName: LEDGER_INDEX.jobRun.name, partitionKey: key(LEDGER_INDEX.jobRun.partitionKey), ...projected },
      ],
    });
    this.table = asInterface<ITableV2>(table);
    this.streamArn = table.tableStreamArn ?? '';
  }

  /** For event sources; the declaration of TableV2 and exactOptionalPropertyTypes disagree about a stream's ARN. */
  get asTable(): ITable {
    return this.table as unknown as ITable;
  }

  /** Statements for exactly this table and its indexes, by name. */
  statements(access: readonly LedgerAccess[]): PolicyStatement[] {
    const indexes = [LEDGER_INDEX.state.name, LEDGER_INDEX.recent.name, LEDGER_INDEX.jobRun.name];
    return access.map(
      (kind) =>
        new PolicyStatement({
          sid: kind === 'read' ? 'ReadLedger' : 'WriteLedger',
          actions: [...ACTIONS[kind]],
          resources:
            kind === 'read'
              ? [this.table.tableArn, ...indexes.map((name) => `${this.table.tableArn}/index/${name}`)]
              : [this.table.tableArn],
        }),
    );
  }
}

/** How Glue jobs reach lakeFS: network connections, one for each zone, so that a job that names them all survives one. */
import { Aws, CfnOutput, Fn } from 'aws-cdk-lib';
import { CfnConnection } from 'aws-cdk-lib/aws-glue';
import { Construct } from 'constructs';
import { acknowledgeTemplate } from '../../compliance.ts';
import type { LakefsNetwork } from './network.ts';

export interface JobConnectionsProps {
  /** Beginning of their names. */
  readonly prefix: string;
  readonly network: LakefsNetwork;
}

export class JobConnections extends Construct {
  readonly names: readonly string[];

  constructor(scope: Construct, id: string, { prefix, network }: JobConnectionsProps) {
    super(scope, id);
    this.names = network.privateSubnets.map((subnet, i) => {
      const name = `${prefix}-lakefs-${String(i + 1)}`;
      const connection = new CfnConnection(this, `Connection${String(i + 1)}`, {
        catalogId: Aws.ACCOUNT_ID,
        connectionInput: {
          name,
          description: 'Network of lakeFS, for jobs',
          connectionType: 'NETWORK',
          physicalConnectionRequirements: {
            // Glue wants the zone although the subnet says it.
            availabilityZone: network.zones[i] ?? Fn.select(i, Fn.getAzs()),
            subnetId: subnet.subnetId,
            securityGroupIdList: [network.jobs.securityGroupId],
          },
        },
      });
      acknowledgeTemplate(connection, 'W3010', 'The zone of the one subnet beside it; Glue wants to be told both.');
      return name;
    });
    new CfnOutput(this, 'Names', { value: this.names.join(','), description: 'Connections for Glue jobs' });
  }
}

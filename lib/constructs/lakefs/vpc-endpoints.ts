/** Ways to the APIs of AWS that do not leave the VPC. */
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

/** Each with who needs it. What functions call stands in lib/stacks/access.ts. */
export const INTERFACE_ENDPOINTS: Readonly<Record<string, InterfaceVpcEndpointAwsService>> = {
  /** Fargate: the image of lakeFS. Source: Amazon ECR user guide, interface VPC endpoints. */
  EcrApi: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  /** Fargate and jobs. */
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  /** Fargate, functions, jobs. */
  SecretsManager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
  /** Functions. */
  Sqs: InterfaceVpcEndpointAwsService.SQS,
  Events: InterfaceVpcEndpointAwsService.EVENTBRIDGE,
  /** Functions and jobs. */
  Glue: InterfaceVpcEndpointAwsService.GLUE,
  /** Jobs: `claim-run`. */
  Lambda: InterfaceVpcEndpointAwsService.LAMBDA,
};

/** They cost nothing, so a new VPC has them beside NAT gateways too. */
export const addGatewayEndpoints = (vpc: IVpc): void => {
  vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
  vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB });
};

/** Only where the metadata store is in RDS: who makes its snapshots and looks at them. */
const RDS = { Rds: InterfaceVpcEndpointAwsService.RDS };

export interface InterfaceEndpointsProps {
  readonly hasRds: boolean;
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  /** Address range of the VPC: who may use them. */
  readonly cidr: string;
}

export const addInterfaceEndpoints = (
  scope: Construct,
  { vpc, subnets, cidr, hasRds }: InterfaceEndpointsProps,
): void => {
  const group = new SecurityGroup(scope, 'Endpoints', {
    vpc,
    description: 'VPC endpoints of AWS APIs',
    allowAllOutbound: false,
  });
  group.addIngressRule(Peer.ipv4(cidr), Port.tcp(443), 'From within the VPC');
  for (const [name, service] of Object.entries({ ...INTERFACE_ENDPOINTS, ...(hasRds ? RDS : {}) })) {
    vpc.addInterfaceEndpoint(name, {
      service,
      subnets: { subnets: [...subnets] },
      securityGroups: [group],
      open: false,
      privateDnsEnabled: true,
    });
  }
};

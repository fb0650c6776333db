/**
 * The network of lakeFS, of the functions and of the jobs that use it.
 *
 * What you get: a new VPC over two or three zones with flow logs, or an existing one; private subnets for everything but a
 * public load balancer; a NAT gateway per zone or VPC endpoints; a security group for functions and one for jobs.
 */
import { Fn, RemovalPolicy } from 'aws-cdk-lib';
import {
  CfnEIP,
  FlowLogDestination,
  IpAddresses,
  type ISecurityGroup,
  type ISubnet,
  type IVpc,
  NatProvider,
  Peer,
  Port,
  SecurityGroup,
  Subnet,
  type SubnetConfiguration,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ServerConfig } from '../../config/server-schema.ts';
import { asInterface } from '../as-interface.ts';
import { addGatewayEndpoints, addInterfaceEndpoints } from './vpc-endpoints.ts';

export interface LakefsNetworkProps {
  readonly network: ServerConfig['network'];
  /** The metadata store is in RDS. */
  readonly hasRds: boolean;
}

export class LakefsNetwork extends Construct {
  readonly vpc: IVpc;
  readonly privateSubnets: readonly ISubnet[];
  readonly publicSubnets: readonly ISubnet[];
  /** Zones of the private subnets, in their order. */
  readonly zones: readonly string[];
  /** What the NAT gateways of a new VPC are seen as from outside, as address ranges. */
  readonly natAddresses: readonly string[];
  /** Of the functions: HTTPS out, nothing in. */
  readonly functions: ISecurityGroup;
  /** Of the jobs: as the functions, and everything among themselves. */
  readonly jobs: ISecurityGroup;

  constructor(scope: Construct, id: string, props: LakefsNetworkProps) {
    super(scope, id);
    const { existing, egress } = props.network;
    if (existing === undefined) {
      const addresses = egress === 'nat' ? natAddresses(this, props.network.zones) : [];
      this.vpc = asInterface<IVpc>(newVpc(this, props.network, addresses));
      this.privateSubnets = egress === 'nat' ? this.vpc.privateSubnets : this.vpc.isolatedSubnets;
      this.publicSubnets = this.vpc.publicSubnets;
      this.zones = this.privateSubnets.map(({ availabilityZone }) => availabilityZone);
      this.natAddresses = addresses.map(({ ref }) => `${ref}/32`);
      addGatewayEndpoints(this.vpc);
    } else {
      this.vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
        vpcId: existing.vpcId,
        vpcCidrBlock: existing.cidr,
        availabilityZones: existing.availabilityZones,
        privateSubnetIds: existing.privateSubnetIds,
      });
      this.privateSubnets = existing.privateSubnetIds.map((each, i) =>
        Subnet.fromSubnetAttributes(this, each, {
          subnetId: each,
          availabilityZone: existing.availabilityZones[i] ?? '',
        }),
      );
      this.publicSubnets = existing.publicSubnetIds.map((each) => Subnet.fromSubnetId(this, each, each));
      this.zones = existing.availabilityZones;
      this.natAddresses = [];
    }
    if (egress === 'endpoints') {
      const cidr = existing?.cidr ?? props.network.cidr;
      addInterfaceEndpoints(this, { vpc: this.vpc, subnets: this.privateSubnets, cidr, hasRds: props.hasRds });
    }
    this.functions = this.#group('Functions', 'Functions of Branchline');
    this.jobs = this.#group('Jobs', 'Glue jobs that reach lakeFS');
    // Source: AWS Glue developer guide, setting up Amazon VPC for JDBC connections: a self-referencing rule for all TCP ports.
    this.jobs.addIngressRule(this.jobs, Port.allTcp(), 'Workers of a job among themselves');
    this.jobs.addEgressRule(this.jobs, Port.allTcp(), 'Workers of a job among themselves');
  }

  #group(id: string, description: string): ISecurityGroup {
    const group = new SecurityGroup(this, id, { vpc: this.vpc, description, allowAllOutbound: false });
    group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'APIs of AWS, lakeFS');
    return group;
  }
}

/** Made here rather than by the gateway, so that a public load balancer can let them in. */
const natAddresses = (scope: Construct, zones: number): CfnEIP[] =>
  Array.from({ length: zones }, (_, i) => new CfnEIP(scope, `NatAddress${String(i + 1)}`, { domain: 'vpc' }));

const newVpc = (
  scope: Construct,
  { cidr, zones, egress }: ServerConfig['network'],
  addresses: readonly CfnEIP[],
): Vpc => {
  const open: SubnetConfiguration[] = [
    { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 26, mapPublicIpOnLaunch: false },
    { name: 'private', subnetType: SubnetType.PRIVATE_WITH_EGRESS },
  ];
  const closed: SubnetConfiguration[] = [{ name: 'private', subnetType: SubnetType.PRIVATE_ISOLATED }];
  const vpc = new Vpc(scope, 'Vpc', {
    ipAddresses: IpAddresses.cidr(cidr),
    // By position: zones are looked up when the stack is deployed, and a synthesis needs no account.
    availabilityZones: Array.from({ length: zones }, (_, i) => Fn.select(i, Fn.getAzs())),
    subnetConfiguration: egress === 'nat' ? open : closed,
    ...(egress === 'nat'
      ? {
          natGateways: zones,
          natGatewayProvider: NatProvider.gateway({
            eipAllocationIds: addresses.map(({ attrAllocationId }) => attrAllocationId),
          }),
        }
      : { natGateways: 0 }),
  });
  const logGroup = new LogGroup(scope, 'FlowLog', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  vpc.addFlowLog('FlowLog', { destination: FlowLogDestination.toCloudWatchLogs(logGroup) });
  return vpc;
};

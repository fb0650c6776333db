/**
 * The door to lakeFS.
 *
 * What you get: an internal load balancer, or a public one for those whom the allow-list names; TLS 1.2 or newer; access logs;
 * time for large uploads; host names untouched, since S3 clients sign them; the server's own metrics kept inside.
 */
import { Duration } from 'aws-cdk-lib';
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager';
import { CfnSecurityGroupIngress, type ISecurityGroup, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  type ApplicationListener,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  type IListenerCertificate,
  ListenerAction,
  ListenerCertificate,
  ListenerCondition,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ARecord, HostedZone, type IHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import { acknowledge } from '../../compliance.ts';
import type { ServerConfig } from '../../config/server-schema.ts';
import { asInterface } from '../as-interface.ts';
import type { AccessLogs } from './access-logs.ts';
import type { LakefsNetwork } from './network.ts';

export interface LakefsLoadBalancerProps {
  readonly server: Pick<ServerConfig, 'access' | 'allowFrom' | 'domain'>;
  readonly network: LakefsNetwork;
  readonly logs: AccessLogs;
}

/** The longest that a load balancer takes: a merge or an upload may be silent for long. Source: attributes of Application Load Balancers. */
const IDLE = Duration.seconds(4000);

/** What lakeFS tells about itself, for whoever is inside only: tried on 1.84, both answer without any key. */
export const INSIDE_ONLY = ['/metrics', '/_pprof', '/_pprof/*'] as const;

export class LakefsLoadBalancer extends Construct {
  readonly loadBalancer: ApplicationLoadBalancer;
  readonly listener: ApplicationListener;
  /** Base URL of the server. */
  readonly endpoint: string;
  readonly #group: ISecurityGroup;

  constructor(scope: Construct, id: string, props: LakefsLoadBalancerProps) {
    super(scope, id);
    const { network, server } = props;
    const { access, domain } = server;
    const isPublic = access === 'public';
    const port = domain === undefined ? 80 : 443;
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc: network.vpc,
      description: 'Load balancer of lakeFS',
      allowAllOutbound: false,
    });
    this.#group = asInterface<ISecurityGroup>(group);
    for (const [client, who] of [
      [network.functions, 'Functions of Branchline'],
      [network.jobs, 'Glue jobs'],
    ] as const) {
      group.addIngressRule(client, Port.tcp(port), who);
      // HTTPS out is open for everything; plain HTTP for this one way.
      if (port !== 443) client.addEgressRule(this.#group, Port.tcp(port), 'lakeFS');
    }
    for (const range of server.allowFrom) group.addIngressRule(Peer.ipv4(range), Port.tcp(port), 'allowFrom');
    // Functions and jobs reach public addresses through NAT: their groups are not seen on that way.
    if (isPublic) for (const [i, range] of network.natAddresses.entries()) this.#letInThroughNat(range, i + 1, port);

    this.loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc: network.vpc,
      internetFacing: isPublic,
      vpcSubnets: { subnets: [...(isPublic ? network.publicSubnets : network.privateSubnets)] },
      securityGroup: this.#group,
      idleTimeout: IDLE,
      // Signatures of S3 clients cover the host as they wrote it.
      preserveHostHeader: true,
      dropInvalidHeaderFields: true,
    });
    props.logs.takeFromLoadBalancer(this.loadBalancer);
    const zone = domain === undefined ? undefined : zoneOf(this, domain);
    this.listener = this.loadBalancer.addListener('Listener', {
      port,
      open: false,
      ...(domain === undefined
        ? { protocol: ApplicationProtocol.HTTP }
        : {
            protocol: ApplicationProtocol.HTTPS,
            sslPolicy: SslPolicy.RECOMMENDED_TLS,
            certificates: [certificateOf(this, domain, zone)],
          }),
    });
    this.listener.addAction('InsideOnly', {
      priority: 1,
      conditions: [ListenerCondition.pathPatterns([...INSIDE_ONLY])],
      action: ListenerAction.fixedResponse(404),
    });
    if (domain !== undefined && zone !== undefined) this.#records(domain, zone);
    this.endpoint = domain === undefined ? `http://${this.loadBalancer.loadBalancerDnsName}` : `https://${domain.name}`;
  }

  #letInThroughNat(cidrIp: string, number: number, port: number): void {
    const rule = new CfnSecurityGroupIngress(this, `Nat${String(number)}`, {
      groupId: this.#group.securityGroupId,
      ipProtocol: 'tcp',
      fromPort: port,
      toPort: port,
      cidrIp,
      description: 'Functions and jobs, through NAT',
    });
    acknowledge(rule, 'EC23', undefined, 'The one address of a NAT gateway of this VPC, known when it is made.');
  }

  #records({ name, s3Name }: NonNullable<ServerConfig['domain']>, zone: IHostedZone): void {
    const target = RecordTarget.fromAlias(new LoadBalancerTarget(this.loadBalancer));
    const names = { Name: name, ...(s3Name === undefined ? {} : { S3Name: s3Name, AnyS3Name: `*.${s3Name}` }) };
    for (const [id, recordName] of Object.entries(names)) new ARecord(this, id, { zone, recordName, target });
  }
}

const zoneOf = (scope: Construct, domain: NonNullable<ServerConfig['domain']>): IHostedZone | undefined => {
  const { hostedZoneId, hostedZoneName } = domain;
  return hostedZoneId === undefined || hostedZoneName === undefined
    ? undefined
    : HostedZone.fromHostedZoneAttributes(scope, 'Zone', { hostedZoneId, zoneName: hostedZoneName });
};

const certificateOf = (
  scope: Construct,
  { certificateArn, name, s3Name }: NonNullable<ServerConfig['domain']>,
  zone: IHostedZone | undefined,
): IListenerCertificate => {
  if (certificateArn !== undefined) return ListenerCertificate.fromArn(certificateArn);
  const made = new Certificate(scope, 'Certificate', {
    domainName: name,
    subjectAlternativeNames: s3Name === undefined ? [] : [s3Name, `*.${s3Name}`],
    validation: CertificateValidation.fromDns(zone),
  });
  return ListenerCertificate.fromArn(made.certificateArn);
};

import { describe, expect, test } from 'vitest';
import { INTERFACE_ENDPOINTS } from '../../lib/constructs/lakefs/vpc-endpoints.ts';
import { SERVER_VARIANT_NAMES, serverTemplateOf, serverTemplatesOf, special } from './server-template.ts';
import { functionsOf, grantsOf } from './statements.ts';
import { asText, ofType, type Template } from './template.ts';

interface Rule {
  readonly group: string;
  readonly from: string;
  readonly ports: string;
}

/** Who is let in where: rules within groups and those that stand alone. */
const ingressOf = (template: Template): Rule[] => {
  const rule = (group: string, each: Record<string, unknown>): Rule => ({
    group,
    from: asText(each['CidrIp'] ?? each['SourceSecurityGroupId']).replace('.GroupId', ''),
    ports: `${String(each['FromPort'])}-${String(each['ToPort'])}`,
  });
  return [
    ...ofType(template, 'AWS::EC2::SecurityGroup').flatMap(([id, { Properties }]) =>
      ((Properties['SecurityGroupIngress'] ?? []) as Record<string, unknown>[]).map((each) =>
        rule(`<${id.slice(0, -8)}>`, each),
      ),
    ),
    ...ofType(template, 'AWS::EC2::SecurityGroupIngress').map(([, { Properties }]) =>
      rule(asText(Properties['GroupId']).replace('.GroupId', ''), Properties),
    ),
  ];
};
const told = (template: Template): string[] =>
  ingressOf(template)
    .map(({ group, from, ports }) => `${from} → ${group} ${ports}`)
    .toSorted();

const DOOR = '<DoorSecurityGroup>';
const INTERNAL = [
  `<NetworkFunctions> → ${DOOR} 443-443`,
  `<NetworkJobs> → ${DOOR} 443-443`,
  '<DoorSecurityGroup> → <ServiceSecurityGroup> 8000-8000',
  '<NetworkJobs> → <NetworkJobs> 0-65535',
];
const DATABASE = '<ServiceSecurityGroup> → <PostgresStoreSecurityGroup> 5433-5433';

describe('who reaches whom', () => {
  test('internal: functions and jobs the load balancer, it the tasks, they the database', () => {
    expect(told(special('plain'))).toEqual([...INTERNAL, DATABASE].toSorted());
  });

  test('DynamoDB opens nothing', () => {
    expect(told(special('dynamodb'))).toEqual(INTERNAL.toSorted());
  });

  test('the allow-list, where there is one', () => {
    expect(told(special('virtual host'))).toEqual(
      [...INTERNAL, DATABASE, `10.200.0.0/16 → ${DOOR} 443-443`].toSorted(),
    );
  });

  test('public: the allow-list, and the NAT gateways of the VPC one by one', () => {
    expect(told(special('public'))).toEqual(
      [
        ...INTERNAL,
        DATABASE,
        `203.0.113.0/24 → ${DOOR} 443-443`,
        `<NetworkNatAddress1>/32 → ${DOOR} 443-443`,
        `<NetworkNatAddress2>/32 → ${DOOR} 443-443`,
      ].toSorted(),
    );
  });

  test('a trial without TLS opens port 80, to functions and jobs alone', () => {
    expect(told(special('trial'))).toEqual(
      [...INTERNAL.map((line) => line.replace('443-443', '80-80')), DATABASE].toSorted(),
    );
  });

  test('endpoints take calls from within the VPC', () => {
    expect(told(special('endpoints'))).toContain('10.42.0.0/16 → <NetworkEndpoints> 443-443');
    expect(told(special('existing with endpoints'))).toContain('10.7.0.0/16 → <NetworkEndpoints> 443-443');
  });
});

describe.each(SERVER_VARIANT_NAMES)('%s', (variant) => {
  const template = serverTemplateOf(variant);

  test('nobody is let in from everywhere', () => {
    expect(ingressOf(template).filter(({ from }) => /^(0\.0\.0\.0|::)/.test(from))).toEqual([]);
  });

  test('a load balancer without public addresses, unless it is asked for; TLS 1.2 or newer, unless it is a trial', () => {
    const [[, balancer] = []] = ofType(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    expect(balancer?.Properties['Scheme']).toBe(variant.includes('public') ? 'internet-facing' : 'internal');
    const listeners = ofType(template, 'AWS::ElasticLoadBalancingV2::Listener').map(([, { Properties }]) => Properties);
    expect(listeners).toHaveLength(1);
    if (variant === 'trial') expect(listeners[0]).toMatchObject({ Port: 80, Protocol: 'HTTP' });
    else
      expect(listeners[0]).toMatchObject({
        Port: 443,
        Protocol: 'HTTPS',
        SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      });
  });

  test('the load balancer suits large uploads and signed requests, and logs', () => {
    const [[, balancer] = []] = ofType(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    const attributes = (balancer?.Properties['LoadBalancerAttributes'] ?? []) as { Key: string; Value: unknown }[];
    expect(Object.fromEntries(attributes.map(({ Key, Value }) => [Key, asText(Value)]))).toMatchObject({
      'idle_timeout.timeout_seconds': '4000',
      'routing.http.preserve_host_header.enabled': 'true',
      'routing.http.drop_invalid_header_fields.enabled': 'true',
      'access_logs.s3.enabled': 'true',
      'access_logs.s3.bucket': '<AccessLogsBucket>',
    });
  });

  test('what lakeFS tells of itself stays inside', () => {
    const [[, rule] = []] = ofType(template, 'AWS::ElasticLoadBalancingV2::ListenerRule');
    expect(JSON.stringify(rule?.Properties)).toMatch(/"\/metrics","\/_pprof","\/_pprof\/\*".*/);
    expect(JSON.stringify(rule?.Properties['Actions'])).toContain('"StatusCode":"404"');
  });

  test('jobs have a connection in each zone, with their own security group', () => {
    const connections = ofType(template, 'AWS::Glue::Connection').map(([, { Properties }]) => Properties);
    expect(connections.length).toBe(variant === 'endpoints' ? 3 : 2);
    for (const each of connections)
      expect(JSON.stringify(each)).toMatch(/"ConnectionType":"NETWORK".*"AvailabilityZone":.*NetworkJobs.*"SubnetId":/);
  });
});

/** Functions in a VPC without a way to the internet reach what has an endpoint, and nothing else. */
test.each(['endpoints', 'existing with endpoints'] as const)(
  '%s: every API that a function may call has one',
  (variant) => {
    // In a VPC that is there, whoever made it gave it the gateways.
    const byGateway = ['dynamodb', 's3'];
    // Lambda itself writes logs and makes network interfaces; Secrets Manager decrypts for who reads a secret.
    const notByFunctions = ['logs', 'ec2', 'kms'];
    const { controlPlane } = serverTemplatesOf(variant);
    const roles = new Set(functionsOf(controlPlane).map(({ role }) => role.replace(/\.\w+>$/, '>')));
    const called = new Set(
      grantsOf(controlPlane)
        .filter(({ role }) => roles.has(role))
        .map(({ action }) => action.split(':')[0] ?? ''),
    );
    const reached = ofType(special(variant), 'AWS::EC2::VPCEndpoint').map(([, { Properties }]) =>
      asText(Properties['ServiceName']).split('.').at(3),
    );
    expect(called.size).toBeGreaterThan(5);
    expect(
      [...called].filter((api) => ![...reached, ...byGateway, ...notByFunctions].includes(api)).toSorted(),
    ).toEqual([]);
  },
);

describe('the network', () => {
  const count = (template: Template, type: string): number => ofType(template, type).length;

  test('NAT: a gateway in each zone, and S3 and DynamoDB past them', () => {
    const template = special('plain');
    expect(count(template, 'AWS::EC2::NatGateway')).toBe(2);
    const kinds = ofType(template, 'AWS::EC2::VPCEndpoint').map(([, { Properties }]) => Properties['VpcEndpointType']);
    expect(kinds).toEqual(['Gateway', 'Gateway']);
    expect(count(template, 'AWS::EC2::FlowLog')).toBe(1);
  });

  test('endpoints: one for each API, and no way to the internet', () => {
    const template = special('endpoints');
    for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::InternetGateway', 'AWS::EC2::EIP'])
      expect(count(template, type), type).toBe(0);
    const services = ofType(template, 'AWS::EC2::VPCEndpoint').map(([, { Properties }]) =>
      asText(Properties['ServiceName']).replace(/^com\.amazonaws\.[\w-]+\./, ''),
    );
    expect(services.toSorted()).toEqual(
      'dynamodb ecr.api ecr.dkr events glue lambda logs s3 secretsmanager sqs'.split(' '),
    );
    expect(Object.keys(INTERFACE_ENDPOINTS)).toHaveLength(8);
  });

  test('an existing VPC gets nothing but what it is asked for', () => {
    const types = ['AWS::EC2::VPC', 'AWS::EC2::Subnet', 'AWS::EC2::NatGateway', 'AWS::EC2::Route'];
    for (const type of types) {
      expect(count(special('existing with endpoints'), type), type).toBe(0);
      expect(count(serverTemplateOf('existing VPC, rds, internal'), type), type).toBe(0);
    }
    // With RDS as the metadata store there is one for its API too.
    expect(count(special('existing with endpoints'), 'AWS::EC2::VPCEndpoint')).toBe(9);
    expect(count(serverTemplateOf('existing VPC, rds, internal'), 'AWS::EC2::VPCEndpoint')).toBe(0);
  });

  test('names: a record, a certificate for each name, and for virtual-host style everything below', () => {
    const names = (template: Template): unknown[] =>
      ofType(template, 'AWS::Route53::RecordSet').map(([, { Properties }]) => Properties['Name']);
    expect(names(special('plain'))).toEqual(['lakefs.example.com.']);
    expect(names(special('virtual host')).toSorted()).toEqual([
      '*.s3.lakefs.example.com.',
      'lakefs.example.com.',
      's3.lakefs.example.com.',
    ]);
    const [[, certificate] = []] = ofType(special('virtual host'), 'AWS::CertificateManager::Certificate');
    expect(certificate?.Properties).toMatchObject({
      DomainName: 'lakefs.example.com',
      SubjectAlternativeNames: ['s3.lakefs.example.com', '*.s3.lakefs.example.com'],
      ValidationMethod: 'DNS',
    });
    expect(names(special('trial'))).toEqual([]);
  });
});

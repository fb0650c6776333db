import { describe, expect, test } from 'vitest';
import { bucketOf } from '../../../lib/config/server-check.ts';
import { faultsOf, HEAD, parse } from './sample.ts';

const REPOSITORIES = 'repositories:\n  lake: { storageNamespace: s3://bucket/lake }\n';
const ZONE = 'hostedZoneId: Z0123456789ABCDEFGHIJ, hostedZoneName: example.com';
const DOMAIN = `domain: { name: lakefs.example.com, ${ZONE} }`;
const CERTIFICATE = 'certificateArn: "arn:aws:acm:eu-west-1:111122223333:certificate/1234"';
const EXISTING =
  'vpcId: vpc-1, cidr: 10.0.0.0/16, availabilityZones: [eu-west-1a, eu-west-1b], privateSubnetIds: [subnet-1, subnet-2]';

/** Line 3 holds what is tried. */
const server = (keys: string, rest = REPOSITORIES): string => `lakefs:\n  server:\n    { ${keys} }\n${rest}`;

test.each([
  ['a hosted zone', DOMAIN],
  ['a certificate without a zone', `domain: { name: lakefs.example.com, ${CERTIFICATE} }`],
  ['a trial without TLS', 'plainHttp: true'],
  ['a public one with an allow-list', `${DOMAIN}, access: public, allowFrom: [203.0.113.0/24]`],
  ['DynamoDB', `${DOMAIN}, database: { kind: dynamodb }`],
  ['a restore', `${DOMAIN}, database: { restoreFromSnapshot: s }`],
  ['a moment', `${DOMAIN}, database: { restoreToPoint: { source: db-A1, time: "2026-11-20T10:00:00Z" } }`],
  ['an existing VPC', `${DOMAIN}, network: { existing: { ${EXISTING} } }`],
  [
    'endpoints with an image in ECR',
    `${DOMAIN}, image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/lakefs:1.84.0", network: { egress: endpoints }`,
  ],
  ['an image by digest', `${DOMAIN}, image: "docker.io/treeverse/lakefs@sha256:${'a'.repeat(64)}"`],
])('right: %s', (_, keys) => {
  expect(faultsOf(server(keys))).toEqual([]);
});

describe('exactly one server', () => {
  test('none', () => {
    expect(faultsOf(`lakefs: {}\n${REPOSITORIES}`)).toEqual([
      'branchline.yaml:1:1 lakefs: found no server; allowed: endpoint and secretArn of one that is there, or server for one of its own',
    ]);
  });

  test('half of one', () => {
    const [, , ...rest] = HEAD.split('\n');
    expect(faultsOf(['lakefs:', ...rest].join('\n'))).toEqual([
      'branchline.yaml:1:1 lakefs.endpoint: found nothing; endpoint and secretArn belong together',
    ]);
  });

  test('two, each key that is too much', () => {
    const two = HEAD.replace('repositories:', `  server: { ${DOMAIN} }\nrepositories:`);
    expect(faultsOf(two)).toEqual([
      'branchline.yaml:2:3 lakefs.endpoint: found it beside server; allowed: one of the two',
      'branchline.yaml:3:3 lakefs.secretArn: found it beside server; allowed: one of the two',
    ]);
  });

  test('functions in another network', () => {
    const vpc = 'controlPlane: { vpc: { vpcId: vpc-1, subnetIds: [subnet-1], securityGroupIds: [sg-1] } }\n';
    expect(faultsOf(server(DOMAIN, vpc + REPOSITORIES))).toEqual([
      'branchline.yaml:4:17 controlPlane.vpc: found it beside lakefs.server; functions use the network of the server: lakefs.server.network.existing',
    ]);
  });
});

describe('what does not fit each other', () => {
  test.each([
    ['no TLS by oversight', 'tasks: {}', 'lakefs.server: found no domain; allowed: a domain with a certificate'],
    ['both', `${DOMAIN}, plainHttp: true`, 'lakefs.server.plainHttp: found true beside a domain'],
    [
      'public without TLS',
      'plainHttp: true, access: public, allowFrom: [10.0.0.0/8]',
      'found "public" without a domain',
    ],
    ['public to everybody by oversight', `${DOMAIN}, access: public`, 'found "public" without allowFrom'],
    ['public to everybody', `${DOMAIN}, access: public, allowFrom: [0.0.0.0/0]`, 'no range wider than /8'],
    [
      'public without a way out',
      `${DOMAIN}, access: public, allowFrom: [203.0.113.0/24], network: { egress: endpoints }, image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/lakefs:1"`,
      'functions reach a public server by nat only',
    ],
    ['no certificate', 'domain: { name: lakefs.example.com }', 'found no certificate; allowed: certificateArn, or'],
    [
      'half a zone',
      'domain: { name: lakefs.example.com, hostedZoneId: Z1 }',
      'domain.hostedZoneId: found it without hostedZoneName',
    ],
    [
      'a name outside the zone',
      `domain: { name: lakefs.example.org, ${ZONE} }`,
      'found "lakefs.example.org"; allowed: a name in the zone example.com',
    ],
    [
      'an S3 name outside the zone',
      `domain: { name: lakefs.example.com, s3Name: s3.notexample.com, ${ZONE} }`,
      'found "s3.notexample.com"; allowed: a name in the zone example.com',
    ],
    [
      'an image that cannot be reached',
      `${DOMAIN}, network: { egress: endpoints }`,
      'with egress endpoints allowed: a copy in ECR',
    ],
    ['an image without version', `${DOMAIN}, image: docker.io/treeverse/lakefs`, 'registry/name:tag or'],
    ['the latest image', `${DOMAIN}, image: "docker.io/treeverse/lakefs:latest"`, 'a fixed version, not latest'],
    [
      'zones that do not match',
      `${DOMAIN}, network: { existing: { ${EXISTING.replace('subnet-2', 'subnet-2, subnet-3')} } }`,
      'found 2; allowed: one for each of the 3 privateSubnetIds',
    ],
    [
      'one zone twice',
      `${DOMAIN}, network: { existing: { ${EXISTING.replace('1b', '1a')} } }`,
      'found one zone; allowed: two or more',
    ],
    [
      'a public server without public subnets',
      `${DOMAIN}, access: public, allowFrom: [203.0.113.0/24], network: { existing: { ${EXISTING} } }`,
      'publicSubnetIds: found fewer than two',
    ],
    [
      'a snapshot of the other store',
      `${DOMAIN}, database: { kind: dynamodb, restoreFromSnapshot: s }`,
      'restoreFromSnapshot: found it with kind dynamodb',
    ],
    [
      'a moment of the other store',
      `${DOMAIN}, database: { kind: dynamodb, restoreToPoint: { source: db-A1, time: "2026-11-20T10:00:00Z" } }`,
      'restoreToPoint: found it with kind dynamodb',
    ],
    [
      'a moment and a snapshot',
      `${DOMAIN}, database: { restoreFromSnapshot: s, restoreToPoint: { source: db-A1, time: "2026-11-20T10:00:00Z" } }`,
      'restoreToPoint: found it beside restoreFromSnapshot',
    ],
    [
      'a moment that is none',
      `${DOMAIN}, database: { restoreToPoint: { source: db-A1, time: "2026-13-20T10:00:00Z" } }`,
      'a time that there is',
    ],
    [
      'too little memory',
      `${DOMAIN}, tasks: { cpu: 2048, memoryMiB: 2048 }`,
      'allowed: 4096 to 16384 in steps of 1024',
    ],
    ['odd memory', `${DOMAIN}, tasks: { memoryMiB: 2500 }`, 'found 2500; with cpu 1024 allowed: 2048 to 8192'],
    ['fewer at most than at least', `${DOMAIN}, tasks: { min: 8 }`, 'tasks.max: found 6; allowed: min, 8, or more'],
    ['one task alone', `${DOMAIN}, tasks: { min: 1 }`, 'tasks.min: found 1; allowed: at least 2'],
  ])('%s', (_, keys, words) => {
    const faults = faultsOf(server(keys));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(words);
    expect(faults[0]).toMatch(/^branchline\.yaml:[23]:/);
  });
});

test('a repository under a name that the load balancer keeps for itself', () => {
  expect(faultsOf(server(DOMAIN, REPOSITORIES.replace('lake:', 'metrics:')))).toEqual([
    'branchline.yaml:5:3 repositories.metrics: found "metrics"; allowed: any other name',
  ]);
});

describe('the bucket is the one that the repositories name', () => {
  const two = (a: string, b: string): string =>
    `repositories:\n  lake: { storageNamespace: "${a}" }\n  pond: { storageNamespace: "${b}" }\n`;

  test('one for all', () => {
    expect(bucketOf(parse(server(DOMAIN, two('s3://bucket/lake', 's3://bucket/pond'))))).toBe('bucket');
  });

  test.each([
    ['two buckets', 's3://bucket/lake', 's3://other/pond', 'allowed: the bucket of the first repository, bucket'],
    ['a bucket without prefix', 's3://bucket/lake', 's3://bucket', 'allowed: s3://bucket/prefix'],
    ['another storage', 's3://bucket/lake', 'local://bucket/pond', 'allowed: s3://bucket/prefix'],
    ['a name with dots, which TLS does not match', 's3://bucket/lake', 's3://b.c/pond', 'a bucket name without dots'],
  ])('%s', (_, a, b, words) => {
    const faults = faultsOf(server(DOMAIN, two(a, b)));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(words);
    expect(faults[0]).toMatch(/^branchline\.yaml:6:\d+ repositories\.pond\.storageNamespace: /);
  });
});

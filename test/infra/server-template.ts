/** Synthesized lakeFS stacks: every combination that issues of a deployment turn on, and some by name. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { checkCompliance } from '../../lib/compliance.ts';
import { parseConfig } from '../../lib/config/load.ts';
import { ControlPlaneStack } from '../../lib/stacks/control-plane-stack.ts';
import { LakefsStack } from '../../lib/stacks/lakefs-stack.ts';
import { isBegun, madeOnce } from './made-once.ts';
import { ACCOUNT, CONTEXT, REGION, type Template, templateSchema } from './template.ts';

const DOMAIN = 'domain: { name: lakefs.example.com, hostedZoneId: Z0123456789ABCDEFGHIJ, hostedZoneName: example.com }';
const ECR = `image: "${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/lakefs:1.84.0"`;
const EXISTING = `existing: {
  vpcId: vpc-0123456789abcdef0, cidr: 10.7.0.0/16, availabilityZones: [${REGION}a, ${REGION}b],
  privateSubnetIds: [subnet-0123456789abcdef0, subnet-0123456789abcdef1],
  publicSubnetIds: [subnet-0123456789abcdef2, subnet-0123456789abcdef3] }`;
const key = (digit: number): string =>
  `"arn:aws:kms:${REGION}:${ACCOUNT}:key/12345678-1234-1234-1234-12345678901${String(digit)}"`;
const secret = (name: string): string => `"arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-AbCdEf"`;
export const ADOPTED_TABLE = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/lakefs-metadata`;
const ADOPT = `adopt: { bucketKeyArn: ${key(1)}, secretsKeyArn: ${key(2)}, credentialsSecretArn: ${secret('credentials')},
  encryptionSecretArn: ${secret('encryption')}`;

const file = (server: string, more = ''): string =>
  `lakefs:\n  server: { ${server.replaceAll(/\s+/g, ' ')} }\n${more}repositories:\n  lake: { storageNamespace: s3://my-lake/lake }\n`;

const SPECIAL = {
  plain: file(DOMAIN),
  dynamodb: file(`${DOMAIN}, database: { kind: dynamodb }`),
  endpoints: file(`${DOMAIN}, ${ECR}, network: { egress: endpoints, zones: 3 }, database: { kind: dynamodb }`),
  'existing with endpoints': file(`${DOMAIN}, ${ECR}, network: { egress: endpoints, ${EXISTING} }`),
  public: file(`${DOMAIN}, access: public, allowFrom: [203.0.113.0/24]`),
  trial: file('plainHttp: true'),
  adopting: file(
    `${DOMAIN}, database: { kind: dynamodb }, ${ADOPT}, tableArn: "${ADOPTED_TABLE}" }`,
    `controlPlane: { prefix: second, alarmTopicArn: "arn:aws:sns:${REGION}:${ACCOUNT}:alarms", tags: { team: data } }\n`,
  ),
  'virtual host': file(`${DOMAIN.replace(' }', ', s3Name: s3.lakefs.example.com }')}, allowFrom: [10.200.0.0/16]`),
} as const;
type Special = keyof typeof SPECIAL;

const RESTORED: Readonly<Record<string, string>> = {
  'restored rds': ', database: { restoreFromSnapshot: lakefs-restored }',
  'rds of a moment': ', database: { restoreToPoint: { source: db-ABC, time: "2026-11-20T10:00:00Z" } }',
};

/** New or existing VPC × metadata store × who reaches it. */
const MATRIX: Readonly<Record<string, string>> = Object.fromEntries(
  ['new', 'existing'].flatMap((vpc) =>
    ['rds', 'restored rds', 'rds of a moment', 'dynamodb'].flatMap((store) =>
      ['internal', 'public'].map((access) => {
        const network = vpc === 'existing' ? `, network: { ${EXISTING} }` : '';
        const from = RESTORED[store] ?? '';
        const database = store === 'dynamodb' ? ', database: { kind: dynamodb }' : from;
        const door = access === 'public' ? ', access: public, allowFrom: [203.0.113.0/24]' : '';
        return [`${vpc} VPC, ${store}, ${access}`, file(`${DOMAIN}${network}${database}${door}`)];
      }),
    ),
  ),
);

export const SERVER_VARIANTS: Readonly<Record<string, string>> = { ...MATRIX, ...SPECIAL };
export const SERVER_VARIANT_NAMES = Object.keys(SERVER_VARIANTS);

export interface ServerTemplates {
  readonly server: Template;
  readonly controlPlane: Template;
  /** What a person would read while it is synthesized. */
  readonly warnings: readonly string[];
}

export interface ServerSynthOptions {
  readonly context?: Readonly<Record<string, unknown>>;
  /** Also hold both stacks to cdk-nag, as the app does. */
  readonly comply?: boolean;
}

const synthesize = (text: string, options: ServerSynthOptions): ServerTemplates => {
  const outdir = mkdtempSync(join(tmpdir(), 'branchline-synth-'));
  try {
    const app = new App({ outdir, context: { ...CONTEXT, ...options.context }, analyticsReporting: false });
    const config = parseConfig(text, 'branchline.yaml');
    const env = { account: ACCOUNT, region: REGION };
    const server = new LakefsStack(app, 'Lakefs', { config, env });
    const controlPlane = new ControlPlaneStack(app, 'ControlPlane', { config, lakefs: server.connection, env });
    if (options.comply === true) checkCompliance(app);
    const assembly = app.synth();
    const templateOfStack = (stackName: string): Template =>
      templateSchema.parse(assembly.getStackByName(stackName).template);
    return {
      server: templateOfStack(server.stackName),
      controlPlane: templateOfStack(controlPlane.stackName),
      warnings: assembly
        .getStackByName(server.stackName)
        .messages.filter(({ level }) => level === 'warning')
        .map(({ entry }) => String(entry.data)),
    };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};

const keyOf = (text: string, { context = {}, comply = false }: ServerSynthOptions = {}): unknown => [
  'server',
  text,
  context,
  comply,
];

/** Both stacks, in the order of `bin/app.ts`. */
export const synthServer = (text: string, options: ServerSynthOptions = {}): ServerTemplates =>
  madeOnce(keyOf(text, options), () => synthesize(text, options));

const AS_THE_APP = { comply: true } as const;
const made = new Map<string, ServerTemplates>();

/** As `bin/app.ts` makes them. */
export const serverTemplatesOf = (variant: string): ServerTemplates => {
  const text = SERVER_VARIANTS[variant] ?? '';
  const templates =
    made.get(variant) ?? madeOnce(keyOf(text, AS_THE_APP), () => synthesize(text, AS_THE_APP), makeAnother);
  made.set(variant, templates);
  return templates;
};

const makeAnother = (): boolean => {
  const next = SERVER_VARIANT_NAMES.find((each) => !isBegun(keyOf(SERVER_VARIANTS[each] ?? '', AS_THE_APP)));
  if (next !== undefined) serverTemplatesOf(next);
  return next !== undefined;
};

export const serverTemplateOf = (variant: string): Template => serverTemplatesOf(variant).server;
export const special = (variant: Special): Template => serverTemplateOf(variant);

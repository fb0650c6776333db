/** A synthesized control plane, read the way a reviewer reads it: tokens by their names, logical ids without digests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { checkCompliance } from '../../lib/compliance.ts';
import { parseConfig } from '../../lib/config/load.ts';
import { ControlPlaneStack } from '../../lib/stacks/control-plane-stack.ts';
import { isBegun, madeOnce } from './made-once.ts';

export const REGION = 'eu-west-1';
export const ACCOUNT = '111122223333';
export const SECRET_ARN = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:lakefs-AbCdEf`;
export const LAKEFS = `lakefs:
  endpoint: https://lakefs.example.com
  secretArn: ${SECRET_ARN}
`;
const REPOSITORIES = `repositories:
  lake: { storageNamespace: "s3://bucket/lake" }
`;
const PIPELINES = `pipelines:
  nightly: { jobs: ["sales-*", customers], repository: lake }
`;

/** The configurations that every law is held to. */
export const VARIANTS = {
  plain: `${LAKEFS}${REPOSITORIES}${PIPELINES}`,
  'without pipelines': `${LAKEFS}${REPOSITORIES}`,
  full: `${LAKEFS}  secretKmsKeyArn: arn:aws:kms:${REGION}:${ACCOUNT}:key/1234
controlPlane:
  prefix: second
  architecture: x86_64
  alarmTopicArn: arn:aws:sns:${REGION}:${ACCOUNT}:alarms
  logRetentionDays: 90
  vpc:
    vpcId: vpc-0123456789abcdef0
    subnetIds: [subnet-0123456789abcdef0, subnet-0123456789abcdef1, subnet-0123456789abcdef2, subnet-0123456789abcdef3]
    securityGroupIds: [sg-0123456789abcdef0]
  tags: { team: data }
${REPOSITORIES}${PIPELINES}schedules: { reconcile: 30m, sweep: 1d }
exports:
  plain: { repository: lake, destination: "s3://exports/lake", when: schedule, schedule: rate(6 hours) }
garbageCollection: { clientJar: "s3://jars/lakefs-spark-client.jar", every: 7d }
drills: { every: 7d }
replication:
  to: { region: eu-central-1, buckets: { bucket: bucket-there }, backups: backups-there }
`,
  '500 pipelines': `${LAKEFS}${REPOSITORIES}pipelines:
${Array.from({ length: 500 }, (_, i) => `  p${String(i)}: { jobs: ["team-${String(i)}-load-*", "team-${String(i)}-clean"], repository: lake }\n`).join('')}`,
} as const;
export type Variant = keyof typeof VARIANTS;
export const VARIANT_NAMES = Object.keys(VARIANTS) as Variant[];

const resource = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});
export type Resource = z.infer<typeof resource>;
export const templateSchema = z.looseObject({
  Resources: z.record(z.string(), resource),
  Outputs: z.record(z.string(), z.looseObject({ Value: z.unknown() })).default({}),
});
export type Template = z.infer<typeof templateSchema>;

export const CONTEXT = {
  'aws:cdk:bundling-stacks': [],
  // What the CDK would only warn of fails a test.
  '@aws-cdk/core:validateAgainstDefaultRules': true,
  // Where a construct was made stands in no template, and to note it takes an eighth of the time.
  'aws:cdk:disable-creation-stack-traces': true,
};

export interface SynthOptions {
  readonly context?: Readonly<Record<string, unknown>>;
  /** Also hold the stack to cdk-nag, as the app does. */
  readonly comply?: boolean;
  readonly change?: (stack: ControlPlaneStack) => void;
}

const synthesize = (text: string, options: SynthOptions): Template => {
  const outdir = mkdtempSync(join(tmpdir(), 'branchline-synth-'));
  try {
    const app = new App({ outdir, context: { ...CONTEXT, ...options.context }, analyticsReporting: false });
    const stack = new ControlPlaneStack(app, 'ControlPlane', {
      config: parseConfig(text, 'branchline.yaml'),
      env: { account: ACCOUNT, region: REGION },
    });
    options.change?.(stack);
    if (options.comply === true) checkCompliance(app);
    return templateSchema.parse(app.synth().getStackByName(stack.stackName).template);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};

const keyOf = (text: string, { context = {}, comply = false }: SynthOptions = {}): unknown => [
  'control plane',
  text,
  context,
  comply,
];

/** Without bundling, unless the context says otherwise: the templates are the same. */
export const synth = (text: string, options: SynthOptions = {}): Template =>
  options.change === undefined
    ? madeOnce(keyOf(text, options), () => synthesize(text, options))
    : synthesize(text, options);

const AS_THE_APP = { comply: true } as const;
const made = new Map<Variant, Template>();

/** As `bin/app.ts` makes it. */
export const templateOf = (variant: Variant): Template => {
  const text = VARIANTS[variant];
  const template =
    made.get(variant) ?? madeOnce(keyOf(text, AS_THE_APP), () => synthesize(text, AS_THE_APP), makeAnother);
  made.set(variant, template);
  return template;
};

const makeAnother = (): boolean => {
  const next = VARIANT_NAMES.find((each) => !isBegun(keyOf(VARIANTS[each], AS_THE_APP)));
  if (next !== undefined) templateOf(next);
  return next !== undefined;
};

export const ofType = (template: Template, type: string): [id: string, resource: Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** CloudFormation's functions as text: `<LedgerTable>` for a reference or an ARN, `<LedgerTable.StreamArn>` for others. */
export const asText = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, argument] = ['', undefined]] = Object.entries(value);
  if (name === 'Ref') return PSEUDO[String(argument)] ?? `<${withoutDigest(String(argument))}>`;
  if (name === 'Fn::GetAtt' && Array.isArray(argument)) {
    const [id, attribute] = argument.map(String);
    return `<${withoutDigest(id ?? '')}${attribute === 'Arn' ? '' : `.${attribute ?? ''}`}>`;
  }
  if (name === 'Fn::Join' && Array.isArray(argument)) {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map(asText).join(separator);
  }
  if (name === 'Fn::Sub' && typeof argument === 'string')
    return argument.replace(/\$\{([^}]+)\}/g, (_, ref: string) => PSEUDO[ref] ?? `<${ref}>`);
  return JSON.stringify(value);
};

const withoutDigest = (id: string): string => id.replace(/[0-9A-F]{8}$/, '');

export const asList = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

const scheduled = z.object({ Input: z.unknown() });

/** When a schedule calls, and what with; `undefined` where there is none of that name. */
export const scheduleOf = (template: Template, name: string): { every: unknown; input: string } | undefined => {
  const found = ofType(template, 'AWS::Scheduler::Schedule').find(([, { Properties }]) => Properties['Name'] === name);
  if (found === undefined) return undefined;
  const { ScheduleExpression, Target } = found[1].Properties;
  return { every: ScheduleExpression, input: asText(scheduled.parse(Target).Input) };
};

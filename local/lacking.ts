/**
 * The one change to templates that the local AWS needs to take `BranchlineLakefs`: resources of types that it does not know are left
 * out, with what cannot be without them; and where the outputs name the load balancer, they name a server that runs, since nothing
 * is balanced here. Nothing else is touched. See docs/local.md.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Refused by ministack 1.5.33: "unsupported resource type". */
const LACKING: readonly string[] = [
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::Backup::BackupSelection',
  'AWS::EC2::EIP',
  'AWS::EC2::FlowLog',
  'AWS::EC2::NatGateway',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::SecretsManager::RotationSchedule',
];

interface Resource {
  readonly Type: string;
  readonly Properties?: unknown;
  readonly DependsOn?: string | readonly string[];
}

export interface CfnTemplate {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
}

/** Logical ids that a value refers to. */
const referencesIn = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return [inner];
    if (key === 'Fn::GetAtt') return [String(Array.isArray(inner) ? inner[0] : inner).split('.')[0] ?? ''];
    return referencesIn(inner);
  });
};

const withAddress = (value: unknown, balancers: ReadonlySet<string>, address: string): unknown => {
  if (Array.isArray(value)) return value.map((each) => withAddress(each, balancers, address));
  if (typeof value !== 'object' || value === null) return value;
  const got = (value as { 'Fn::GetAtt'?: unknown })['Fn::GetAtt'];
  if (Array.isArray(got) && balancers.has(String(got[0])) && got[1] === 'DNSName') return address;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withAddress(inner, balancers, address)]));
};

/**
 * @param address `host:port` of the server that stands in for the load balancer.
 * @throws where an output needs what is left out: then the other stack could not be deployed.
 */
export const withoutLacking = <T extends CfnTemplate>(
  template: T,
  address: string,
): { readonly template: T; readonly left: readonly string[] } => {
  const out = new Set(
    Object.entries(template.Resources).flatMap(([id, { Type }]) => (LACKING.includes(Type) ? [id] : [])),
  );
  for (let before = -1; before !== out.size; ) {
    before = out.size;
    for (const [id, { Properties }] of Object.entries(template.Resources))
      if (referencesIn(Properties).some((reference) => out.has(reference))) out.add(id);
  }
  const needed = referencesIn(template.Outputs).filter((reference) => out.has(reference));
  if (needed.length > 0) throw new Error(`outputs need what the local AWS lacks: ${needed.join(', ')}`);
  const resources = Object.entries(template.Resources).flatMap(([id, resource]) => {
    if (out.has(id)) return [];
    const { DependsOn: dependsOn, ...rest } = resource;
    const still = [dependsOn ?? []].flat().filter((other) => !out.has(other));
    return [[id, still.length === 0 ? rest : { ...rest, DependsOn: still }] as const];
  });
  const balancers = new Set(
    Object.entries(template.Resources).flatMap(([id, { Type }]) =>
      Type === 'AWS::ElasticLoadBalancingV2::LoadBalancer' ? [id] : [],
    ),
  );
  const outputs = template.Outputs === undefined ? {} : { Outputs: withAddress(template.Outputs, balancers, address) };
  return { template: { ...template, Resources: Object.fromEntries(resources), ...outputs }, left: [...out] };
};

/** Changes what `cdk synth` has written to a folder. @returns what was left out, by type. */
export const prepareAssembly = async (folder: string, address: string): Promise<Readonly<Record<string, number>>> => {
  const counts: Record<string, number> = {};
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.template.json')) continue;
    const file = join(folder, name);
    const before = JSON.parse(await readFile(file, 'utf8')) as CfnTemplate;
    const { template, left } = withoutLacking(before, address);
    for (const id of left) {
      const type = before.Resources[id]?.Type ?? '';
      counts[type] = (counts[type] ?? 0) + 1;
    }
    await writeFile(file, JSON.stringify(template, null, 1));
  }
  return counts;
};

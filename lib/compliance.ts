/** cdk-nag in synth: an unacknowledged finding fails it. Every acknowledgement names one finding exactly, and its reason. */
import { type App, Aws, Stack, Token, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';

export const checkCompliance = (app: App): void => {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
};

type Rule = 'EC23' | 'ECS2' | 'GL1' | 'GL3' | 'IAM4' | 'IAM5' | 'RDS2' | 'S1' | 'SMG4' | 'SQS3';

/**
 * @param rule of the pack AwsSolutions.
 * @param finding what the rule complains of, as cdk-nag writes it (`Resource::*`); tokens by their names: see `asNagWrites`.
 */
export const acknowledge = (scope: IConstruct, rule: Rule, finding: string | undefined, reason: string): void => {
  const id = `AwsSolutions::AwsSolutions-${rule}${finding === undefined ? '' : `[${finding}]`}`;
  Validations.of(scope).acknowledge({ id, reason });
};

/** What the CDK's own check of templates warns of. @param rule as cfn-lint numbers it. */
export const acknowledgeTemplate = (scope: IConstruct, rule: 'W3010', reason: string): void => {
  Validations.of(scope).acknowledge({ id: `CloudFormation-Validate::${rule}`, reason });
};

/** cdk-nag writes a token by its name: `<AWS::Region>`. */
export const asNagWrites = (stack: Stack, arn: string): string => {
  const named = (value: string, name: string): [string, string] => [
    value,
    Token.isUnresolved(value) ? `<${name}>` : value,
  ];
  const pairs = [
    named(stack.partition, 'AWS::Partition'),
    named(stack.region, 'AWS::Region'),
    named(stack.account, 'AWS::AccountId'),
    named(Aws.PARTITION, 'AWS::Partition'),
  ];
  return pairs.reduce((text, [value, name]) => text.replaceAll(value, name), arn);
};

/** Why the role of a function may reach something whose name nobody knows here. */
export const explain = (
  { fn: { role } }: { readonly fn: { readonly role?: IConstruct | undefined } },
  resource: string,
  reason: string,
): void => {
  if (role !== undefined) acknowledge(role, 'IAM5', `Resource::${asNagWrites(Stack.of(role), resource)}`, reason);
};

/** How cdk-nag writes the ARN of a bucket in a finding: its logical id where the stack makes it, its name where it does not. */
import { CfnElement, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { asNagWrites } from './compliance.ts';

export const nagName = (bucket: IConstruct & { readonly bucketArn: string }): string => {
  const { defaultChild } = bucket.node;
  const stack = Stack.of(bucket);
  return defaultChild instanceof CfnElement
    ? `<${stack.getLogicalId(defaultChild)}.Arn>`
    : asNagWrites(stack, bucket.bucketArn);
};

/** Functions with another configuration than the one that was deployed, as a deployment gives them one: by the address of another object. */
import { GetFunctionConfigurationCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { type CompiledConfig, ENV, type FunctionName } from '../../../lambdas/contract.ts';
import type { Harness } from '../../../local/harness.ts';

export const configure = async (
  { aws: { lambda, s3 }, state }: Harness,
  names: readonly FunctionName[],
  change: (config: CompiledConfig) => CompiledConfig,
): Promise<void> => {
  for (const name of names) {
    const FunctionName = state.stack.functions[name];
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const variables = Environment?.Variables ?? {};
    const [, Bucket, key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(variables[ENV.configUri] ?? '') ?? [];
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
    const before = JSON.parse((await Body?.transformToString()) ?? '') as CompiledConfig;
    const Key = `other-config-${name}-${crypto.randomUUID()}.json`;
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: JSON.stringify(change(before)) }));
    const next = { ...variables, [ENV.configUri]: `s3://${Bucket ?? ''}/${Key}` };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: next } }));
  }
};

/** New containers for functions: what the old ones keep in memory, such as a key pair, is gone. */
import { GetFunctionConfigurationCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { FunctionName } from '../../../lambdas/contract.ts';
import type { Harness } from '../../../local/harness.ts';

export const freshContainers = async (harness: Harness, ...names: readonly FunctionName[]): Promise<void> => {
  const { lambda } = harness.aws;
  for (const name of names) {
    const FunctionName = harness.state.stack.functions[name];
    const { Timeout } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    // The local Lambda ends its workers when a setting is written that they start with, be it the same.
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout }));
  }
};

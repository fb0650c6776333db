/** For some of the deployed functions, and for the jobs of garbage collection, it is later than it is: nobody waits for days. */
import { join } from 'node:path';
import { GetFunctionConfigurationCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { FunctionName } from '../../../lambdas/contract.ts';
import { installCollector } from '../../../local/collector.ts';
import type { Harness } from '../../../local/harness.ts';
import { PROJECT } from '../../../local/paths.ts';

const CLOCK = join(PROJECT, 'local', 'clock-ahead.mjs');

/** @param ms 0 brings them back. Whatever of them is running ends first, or is not told. */
export const setAhead = async ({ aws, state }: Harness, names: readonly FunctionName[], ms: number): Promise<void> => {
  for (const name of names) {
    const FunctionName = state.stack.functions[name];
    const { Environment } = await aws.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const { NODE_OPTIONS: _, LOCAL_CLOCK_AHEAD_MS: __, ...own } = Environment?.Variables ?? {};
    const clock = ms === 0 ? {} : { NODE_OPTIONS: `--import=${CLOCK}`, LOCAL_CLOCK_AHEAD_MS: String(ms) };
    const Variables = { ...own, ...clock };
    await aws.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  }
  await installCollector(aws, state.scriptBucket, ms);
};

/** Ends a deployed function in the middle of what it does, as a machine that dies would. */
import { readdir, readFile } from 'node:fs/promises';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { FunctionName } from '../../../lambdas/contract.ts';
import type { Harness } from '../../../local/harness.ts';

/** As the table holds it, without a function that would have to start first. */
export const ledgerOf = ({ aws, state }: Harness) => ({
  client: DynamoDBDocumentClient.from(aws.dynamo),
  tableName: state.stack.ledgerTable,
});

/** A process tells its environment there. */
export const CAN_KILL = process.platform === 'linux';

/** Processes of this environment alone that serve the function. @returns how many were ended. */
export const killFunction = async ({ state }: Harness, name: FunctionName): Promise<number> => {
  let killed = 0;
  const wanted = [
    `AWS_LAMBDA_FUNCTION_NAME=${state.stack.functions[name] ?? ''}`,
    `AWS_ENDPOINT_URL=${state.aws.endpoint}`,
  ];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const environment = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0');
    if (!wanted.every((each) => environment.includes(each))) continue;
    process.kill(Number(pid), 'SIGKILL');
    killed += 1;
  }
  return killed;
};

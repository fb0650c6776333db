/**
 * The two Glue jobs of garbage collection, in the local environment: lakeFS's Spark client is in no registry, and the local Glue runs no
 * Spark. Each is replaced by a Python-shell job with the same arguments, which does what the client is documented to do.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateJobCommand, DeleteJobCommand, GetJobCommand } from '@aws-sdk/client-glue';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DEFAULT_PREFIX, GARBAGE_PHASES, garbageJobName } from '../lambdas/contract.ts';
import type { Clients } from './clients.ts';
import { PROJECT } from './paths.ts';

const SCRIPT = 'collect_garbage.py';
const JOBS = GARBAGE_PHASES.map((phase) => garbageJobName(DEFAULT_PREFIX, phase));
const AHEAD = '--clock_ahead_seconds';

/** @param aheadMs so much later than now it is for the jobs. */
export const installCollector = async (
  { s3, glue }: Pick<Clients, 's3' | 'glue'>,
  scriptBucket: string,
  aheadMs = 0,
): Promise<void> => {
  const Body = await readFile(join(PROJECT, 'local', SCRIPT));
  await s3.send(new PutObjectCommand({ Bucket: scriptBucket, Key: SCRIPT, Body }));
  for (const Name of JOBS) {
    const { Job } = await glue.send(new GetJobCommand({ JobName: Name }));
    await glue.send(new DeleteJobCommand({ JobName: Name }));
    await glue.send(
      new CreateJobCommand({
        ...{ Name, Role: Job?.Role, Timeout: 300 },
        Command: { Name: 'pythonshell', PythonVersion: '3.9', ScriptLocation: `s3://${scriptBucket}/${SCRIPT}` },
        DefaultArguments: { ...Job?.DefaultArguments, [AHEAD]: String(Math.round(aheadMs / 1000)) },
      }),
    );
  }
};

/** A job asks for its run: the first line of the job. */
import type { Run } from '../domain/run.ts';
import type { ClaimRunRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { claimRunFor } from './claim.ts';

export const claimRun = (ports: Ports, request: ClaimRunRequest): Promise<Run> =>
  claimRunFor(ports, { job: request.jobName, jobRunId: request.jobRunId, runIdArgument: request.runId });

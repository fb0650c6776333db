/** claim-run: invoked by a job's first line. Payload: `claimRunRequest`, answer: `ClaimRunAnswer` in payloads.ts. */
import { readEnv } from '../adapters/env.ts';
import type { Run } from '../domain/run.ts';
import { type ClaimRunAnswer, type ClaimRunRequest, claimRunRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { claimRun } from '../usecases/claim-run.ts';
import { onRequest } from './middleware.ts';
import { portsOfContainer } from './wiring.ts';

/** The job learns where lakeFS is and where its key lies, never the key itself. */
const answerOf = (run: Run): ClaimRunAnswer => {
  const env = readEnv(process.env, ['lakefsEndpoint', 'lakefsSecretArn']);
  const { runId, attempt, job, pipeline, repository, target, branch, baseCommit } = run;
  return {
    ...{ runId, attempt, job, pipeline, repository, target, branch, baseCommit },
    endpoint: env.lakefsEndpoint,
    secretArn: env.lakefsSecretArn,
  };
};

export const createHandler = (
  useCase: (ports: Ports, request: ClaimRunRequest) => Promise<Run> = claimRun,
  ports: () => Ports = portsOfContainer,
) => onRequest(claimRunRequest, async (request) => answerOf(await useCase(ports(), request)));

export const handler = createHandler();

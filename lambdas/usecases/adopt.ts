/**
 * A run that nobody announced: a job that could not invoke claim-run made its branch itself and left its claim there, with
 * the commit that it started from. Without that claim the base is unknown, and a person has to look.
 */
import * as z from 'zod/mini';
import { CLAIM_OBJECT } from '../contract.ts';
import { branchNameOf } from '../domain/branch-name.ts';
import { pipelineOf } from '../domain/pipelines.ts';
import type { Run, RunKey } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { newRun } from './claim.ts';

const claim = z.object({
  jobName: z.string(),
  jobRunId: z.string(),
  runId: z.string(),
  attempt: z.number(),
  baseCommit: z.string().check(z.regex(/^[0-9a-f]{6,128}$/)),
});
export type Claim = z.infer<typeof claim>;

/** The claim on a branch; `undefined` where there is none that can be read. */
export const readClaim = async (ports: Ports, repository: string, branch: string): Promise<Claim | undefined> => {
  const content = await ports.lakefs.getObject(repository, branch, CLAIM_OBJECT);
  if (content === undefined) return undefined;
  try {
    return claim.parse(JSON.parse(new TextDecoder().decode(content)));
  } catch (error) {
    ports.log.warn('a claim that cannot be read', { repository, branch, reason: String(error) });
    return undefined;
  }
};

export interface Unannounced {
  readonly job: string;
  readonly jobRunId: string;
  readonly key: RunKey;
}

/** The run's entry, made from the claim on its branch; `undefined` where it has no branch. */
export const adopt = async (ports: Ports, from: Unannounced): Promise<Run | undefined> => {
  const pipeline = pipelineOf(await ports.config.load(), from.job);
  if (pipeline === undefined) return undefined;
  const branch = branchNameOf(from.job, from.key.runId, from.key.attempt);
  const ref = await ports.lakefs.getBranch(pipeline.repository, branch);
  if (ref === undefined) return undefined;
  const found = await readClaim(ports, pipeline.repository, branch);
  const isIts = found?.jobRunId === from.jobRunId && found.jobName === from.job;
  const fresh = newRun(ports, from.key, {
    job: from.job,
    pipeline,
    baseCommit: isIts ? found.baseCommit : ref.commitId,
    jobRunId: from.jobRunId,
    note: isIts ? 'adopted by the claim on its branch' : 'branch found without a claim',
  });
  const answer = await ports.ledger.createRun(fresh);
  const run = answer.outcome === 'created' ? fresh : answer.run;
  if (isIts) return run;
  return changeRun(ports, run, (current) =>
    current.state === 'OPEN'
      ? advance(current, ports.clock.now(), {
          state: 'REJECTED',
          cause: { code: 'BL2006', message: `branch ${branch} holds no claim of job run ${from.jobRunId}` },
        })
      : undefined,
  );
};

/**
 * A run that nobody announced: a job that could not invoke claim-run made its branch itself and left its claim there, with
 * the commit that it started from. Without that claim the base is unknown, and a person has to look.
 */
import { branchNameOf } from '../domain/branch-name.ts';
import { pipelineOf } from '../domain/pipelines.ts';
import type { Run, RunKey } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { inherited, newRun, usesBookmarks } from './claim.ts';
import { readClaim } from './claim-object.ts';

export interface Unannounced {
  readonly job: string;
  readonly jobRunId: string;
  readonly key: RunKey;
  /** Of the job run. */
  readonly arguments: Readonly<Record<string, string>>;
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
  const first = from.key.attempt > 0 ? await ports.ledger.getRun({ ...from.key, attempt: 0 }) : undefined;
  const bookmarks = usesBookmarks(await ports.glue.getJob(from.job), from.arguments);
  const cause = { code: 'BL2006', message: `branch ${branch} holds no claim of job run ${from.jobRunId}` };
  const fresh = newRun(ports, from.key, {
    job: from.job,
    pipeline,
    baseCommit: isIts ? found.baseCommit : ref.commitId,
    jobRunId: from.jobRunId,
    // In one write: an entry that was open for a moment could be settled as if its base were known.
    extra: { bookmarks, branchMade: true, ...inherited(first), ...(isIts ? {} : { state: 'REJECTED', cause }) },
    note: isIts ? 'adopted by the claim on its branch' : cause.message,
  });
  const answer = await ports.ledger.createRun(fresh);
  // Where somebody announced it after all, theirs counts.
  return answer.outcome === 'exists' ? answer.run : fresh;
};

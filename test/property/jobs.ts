/** What Glue jobs do in a story. They are outside our functions: only what they ask of claim-run is under the gate. */
import { CLAIM_OBJECT, COMMIT_KIND, GLUE_ARGUMENT, METADATA } from '../../lambdas/contract.ts';
import { branchNameOf, splitJobRunId } from '../../lambdas/domain/branch-name.ts';
import { formatRunKey } from '../../lambdas/domain/run.ts';
import type { JobRun, Ports } from '../../lambdas/ports.ts';
import { runKeyOf } from '../../lambdas/usecases/claim.ts';
import { claimRun } from '../../lambdas/usecases/claim-run.ts';
import { text, type World } from '../fakes/ports.ts';
import { PLACES, type PlannedRun } from './plot.ts';

export interface Begun {
  readonly name: string;
  readonly branch: string;
  readonly baseCommit: string;
}

/** What the job itself meets, and Glue sees as its failure. */
export class JobFault extends Error {
  override readonly name = 'JobFault';
}

/** `start2`, `start2-r1`, `jr_run2_attempt_1`: which plan a job run follows. */
export const planOf = (plans: readonly PlannedRun[], jobRun: JobRun): PlannedRun | undefined =>
  plans[Number(/(?:start|jr_run)(\d)/.exec(jobRun.arguments[GLUE_ARGUMENT.runId] ?? jobRun.id)?.[1] ?? '-1')];

export const isRerun = (jobRun: JobRun): boolean => /-r\d+$/.test(jobRun.arguments[GLUE_ARGUMENT.runId] ?? '');

const keyOf = (jobRun: JobRun) => runKeyOf(jobRun.id, jobRun.arguments[GLUE_ARGUMENT.runId]);
export const nameOf = (jobRun: JobRun): string => formatRunKey(keyOf(jobRun));

/** The job's first line. */
export const begin = async (world: World, ports: Ports, plan: PlannedRun, jobRun: JobRun): Promise<Begun> => {
  if (plan.opens === 'object') {
    return beginByObject(world, jobRun).catch((error: unknown) => {
      throw new JobFault(String(error));
    });
  }
  const runId = jobRun.arguments[GLUE_ARGUMENT.runId];
  const run = await claimRun(ports, {
    jobName: jobRun.jobName,
    jobRunId: jobRun.id,
    ...(runId === undefined ? {} : { runId }),
  });
  return { name: formatRunKey(run), branch: run.branch, baseCommit: run.baseCommit };
};

/** As glue/branchline/opening.py does where claim-run cannot be invoked. */
const beginByObject = async ({ lakefs }: World, jobRun: JobRun): Promise<Begun> => {
  const key = keyOf(jobRun);
  const branch = branchNameOf(jobRun.jobName, key.runId, key.attempt);
  let base = (await lakefs.getBranch('lake', 'main'))?.commitId ?? '';
  if ((await lakefs.createBranch('lake', branch, base)) === 'exists') {
    base = (await lakefs.getBranch('lake', branch))?.commitId ?? base;
  }
  const claim = { jobName: jobRun.jobName, jobRunId: jobRun.id, ...key, baseCommit: base };
  const content = text(JSON.stringify(claim));
  if ((await lakefs.putObject('lake', branch, CLAIM_OBJECT, content, { ifAbsent: true })) === 'exists') {
    const found = await lakefs.getObject('lake', branch, CLAIM_OBJECT);
    const earlier = JSON.parse(new TextDecoder().decode(found)) as typeof claim;
    if (earlier.jobRunId !== jobRun.id) throw new Error('refused');
    base = earlier.baseCommit;
  }
  return { name: formatRunKey(key), branch, baseCommit: base };
};

/** @returns whether everything was written: a branch that was deleted answers 404, and the job fails. */
export const write = async ({ lakefs }: World, plan: PlannedRun, begun: Begun, jobRun: JobRun): Promise<boolean> => {
  for (const [at, place] of plan.writes.entries()) {
    const path = (PLACES[place] ?? '').replace('{run}', begun.name.replace('#', '_'));
    const content = path.endsWith('_SUCCESS') ? '' : `by ${begun.name}`;
    if ((await lakefs.getBranch('lake', begun.branch)) === undefined) return false;
    await lakefs.putObject('lake', begun.branch, path, text(content));
    if (plan.checkpoint && at === 0) {
      // Claim and temporary files go along: a job may commit by other means than ours.
      await lakefs.commit('lake', begun.branch, { message: 'checkpoint', metadata: checkpointOf(begun, jobRun) });
    }
  }
  return true;
};

const checkpointOf = (begun: Begun, jobRun: JobRun): Record<string, string> => ({
  [METADATA.kind]: COMMIT_KIND.checkpoint,
  [METADATA.runId]: keyOf(jobRun).runId,
  [METADATA.attempt]: String(keyOf(jobRun).attempt),
  [METADATA.baseCommit]: begun.baseCommit,
});

/** Glue tries again: the same arguments, the id of the first attempt and a number. */
export const nextAttemptOf = (jobRun: JobRun): string => {
  const { root, attempt } = splitJobRunId(jobRun.id);
  return `${root}_attempt_${String(attempt + 1)}`;
};

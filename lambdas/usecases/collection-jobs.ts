/** lakeFS's two jobs in Glue: begun once, looked after, begun again where they failed. */
import type { CollectionPorts } from '../collection-ports.ts';
import { COLLECTION_ARGUMENT } from '../contract.ts';
import { type JobStep, MAX_JOB_TRIES } from '../domain/collection.ts';
import { BranchlineError } from '../domain/errors.ts';
import { hasSucceeded, isTerminal } from '../domain/job-states.ts';
import type { JobRun } from '../ports.ts';
import { type Receipt, readReceipt } from './collection-lists.ts';
import type { CollectionWorker } from './collection-worker.ts';

export type Phase = 'mark' | 'sweep';
const STEP = { mark: 'mark', sweep: 'sweeping' } as const;

/** Those of a day are looked at: an intent is never that old when it is taken up again. */
const RECENT = 200;

export type JobOutcome =
  | { readonly outcome: 'running' }
  | { readonly outcome: 'ended'; readonly receipt: Receipt }
  | { readonly outcome: 'failed'; readonly message: string };

const nameOf = (ports: CollectionPorts, phase: Phase): string => {
  if (ports.jobs === undefined)
    throw new BranchlineError('BL8501', 'the configuration has no garbageCollection.clientJar');
  return ports.jobs[phase];
};

const argumentsOf = (worker: CollectionWorker, phase: Phase, step: JobStep): Readonly<Record<string, string>> => {
  const { current, namespace, settings, repository } = worker;
  return {
    [COLLECTION_ARGUMENT.repository]: repository.name,
    [COLLECTION_ARGUMENT.namespace]: namespace.replace(/\/+$/, ''),
    [COLLECTION_ARGUMENT.phase]: phase,
    [COLLECTION_ARGUMENT.collection]: current.id,
    [COLLECTION_ARGUMENT.attempt]: String(step.tries),
    [COLLECTION_ARGUMENT.minAge]: String(settings.minAgeSeconds),
    ...(phase === 'sweep' && current.markId !== undefined ? { [COLLECTION_ARGUMENT.markId]: current.markId } : {}),
  };
};

const isOurs = (run: JobRun, wanted: Readonly<Record<string, string>>): boolean =>
  [COLLECTION_ARGUMENT.repository, COLLECTION_ARGUMENT.collection, COLLECTION_ARGUMENT.attempt].every(
    (name) => run.arguments[name] === wanted[name],
  );

/**
 * The intent is in the ledger: a run that an earlier invocation began, and could not write down, is found by its arguments.
 * @returns whether the step has a run now.
 */
export const adoptJob = async (ports: CollectionPorts, worker: CollectionWorker, phase: Phase): Promise<boolean> => {
  const step = stepOf(worker, phase);
  if (step.jobRunId !== undefined) return true;
  const wanted = argumentsOf(worker, phase, step);
  for await (const run of ports.glue.listJobRuns(nameOf(ports, phase), RECENT)) {
    if (!isOurs(run, wanted)) continue;
    await worker.save({ [STEP[phase]]: { ...step, jobRunId: run.id } });
    return true;
  }
  return false;
};

const stepOf = (worker: CollectionWorker, phase: Phase): JobStep => {
  const step = worker.current[STEP[phase]];
  if (step === undefined)
    throw new BranchlineError('BL5001', `collection ${worker.current.id} never meant to ${phase}`);
  return step;
};

/** Begins it where that is not done; else one look at it. The intent has to be in the entry. */
export const driveJob = async (ports: CollectionPorts, worker: CollectionWorker, phase: Phase): Promise<JobOutcome> => {
  const job = nameOf(ports, phase);
  if (!(await adoptJob(ports, worker, phase))) {
    const step = stepOf(worker, phase);
    const started = await ports.glue.startJobRun(job, argumentsOf(worker, phase, step));
    if (started.outcome === 'busy') return { outcome: 'running' };
    await worker.save({ [STEP[phase]]: { ...step, jobRunId: started.jobRunId } });
  }
  const step = stepOf(worker, phase);
  const jobRunId = step.jobRunId ?? '';
  const run = await ports.glue.getJobRun(job, jobRunId);
  if (run !== undefined && !isTerminal(run.state)) return { outcome: 'running' };
  const receipt =
    run !== undefined && hasSucceeded(run.state)
      ? await readReceipt(ports, worker.namespace, { id: worker.current.id, phase })
      : undefined;
  if (receipt !== undefined) return { outcome: 'ended', receipt };
  // Glue's word is not enough: what really ran to its end has left a receipt.
  const why =
    run === undefined
      ? 'is not known to Glue any more'
      : hasSucceeded(run.state)
        ? 'is SUCCEEDED and left no receipt: lakeFS’s client did not run'
        : `is ${run.state}: ${run.errorMessage ?? 'see its log'}`;
  const message = `run ${jobRunId} of job ${job} ${why}`;
  if (step.tries >= MAX_JOB_TRIES) return { outcome: 'failed', message };
  ports.log.warn('a job of garbage collection failed and is begun again', { message });
  await worker.save({ [STEP[phase]]: { intendedAt: ports.clock.now(), tries: step.tries + 1 } });
  return { outcome: 'running' };
};

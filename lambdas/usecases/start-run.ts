/** Claims the run, makes its branch, starts the job. Interrupted anywhere, the same request with the same run id finishes it. */
import { GLUE_ARGUMENT } from '../contract.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { StartRunRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { argumentsDigest, ended, ensureBranch, headOf, newRun, requirePipeline, usesBookmarks } from './claim.ts';
import { refuseWhileUnresolved } from './unresolved.ts';

/**
 * StartJobRun knows no client token, so one caller at a time has the right to start: longer than start-run's own time-out,
 * after which a repeat first looks for a job run with our id.
 */
const START_LEASE_MS = 120_000;
/** How far back a repeat looks for the job run of its predecessor. */
const LOOK_BACK = 200;

export interface StartAnswer {
  readonly outcome: 'started' | 'already-started' | 'would-start';
  readonly run: Run;
}

export interface RerunOf {
  readonly rerunOf: string;
  readonly rerunNumber: number;
}

const refuseManaged = (args: Readonly<Record<string, string>>): void => {
  const managed = Object.values(GLUE_ARGUMENT).filter((name) => name in args);
  if (managed.length > 0) {
    throw new BranchlineError('BL1001', `arguments: ${managed.join(', ')} set by Branchline and cannot be passed`);
  }
};

/** @param rerun set where this start repeats another run. */
export const startRun = async (ports: Ports, request: StartRunRequest, rerun?: RerunOf): Promise<StartAnswer> => {
  const args = request.arguments ?? {};
  refuseManaged(args);
  const pipeline = await requirePipeline(ports, request.job);
  const job = await ports.glue.getJob(request.job);
  if (job === undefined) throw new BranchlineError('BL4004', `Glue knows no job "${request.job}"`);
  const key = { runId: request.runId ?? ports.ids.runId(), attempt: 0 };
  const digest = argumentsDigest(args);
  const bookmarks = usesBookmarks(job, args);

  let run = await ports.ledger.getRun(key);
  let isRepeat = run !== undefined;
  if (run === undefined) {
    if (bookmarks) await refuseWhileUnresolved(ports, request.job, key);
    const fresh = newRun(ports, key, {
      job: request.job,
      pipeline,
      baseCommit: await headOf(ports, pipeline.repository, pipeline.target),
      extra: {
        argumentsDigest: digest,
        bookmarks,
        startLeaseUntil: ports.clock.now() + START_LEASE_MS,
        ...(rerun ?? {}),
      },
      note: rerun === undefined ? 'start requested' : `rerun of ${rerun.rerunOf}`,
    });
    if (request.dryRun === true) return { outcome: 'would-start', run: fresh };
    const answer = await ports.ledger.createRun(fresh);
    isRepeat = answer.outcome === 'exists';
    run = answer.outcome === 'created' ? fresh : await takeStartLease(ports, answer.run);
  } else {
    refuseOther(run, request.job, digest, rerun);
    if (run.jobRunId !== undefined || request.dryRun === true) return { outcome: 'already-started', run };
    run = await takeStartLease(ports, run);
  }
  if (run.jobRunId !== undefined) return { outcome: 'already-started', run };
  run = await ensureBranch(ports, run, !isRepeat);
  if (isRepeat) {
    const found = await findStarted(ports, run);
    if (found !== undefined) return { outcome: 'already-started', run: await bind(ports, run, found) };
  }
  if (bookmarks) await orGiveUpLease(ports, run, () => refuseWhileUnresolved(ports, request.job, key));
  const started = await ports.glue.startJobRun(request.job, {
    ...args,
    [GLUE_ARGUMENT.runId]: run.runId,
    [GLUE_ARGUMENT.branch]: run.branch,
    [GLUE_ARGUMENT.job]: run.job,
    [GLUE_ARGUMENT.claimFunction]: ports.place.claimFunction,
  });
  if (started.outcome === 'busy') {
    await giveUpLease(ports, run, 'Glue is at its concurrency limit');
    throw new BranchlineError(
      'BL2009',
      `job "${request.job}" runs as often at once as it may; repeat with run id ${run.runId}`,
      {
        details: { runId: run.runId },
      },
    );
  }
  return { outcome: 'started', run: await bind(ports, run, started.jobRunId) };
};

/** The job was not started: whoever repeats the start need not wait for the lease. */
const giveUpLease = (ports: Ports, run: Run, note: string): Promise<Run> =>
  changeRun(ports, run, (current) =>
    current.jobRunId === undefined && current.state === 'OPEN' && current.startLeaseUntil === run.startLeaseUntil
      ? advance(current, ports.clock.now(), {}, { note, forget: ['startLeaseUntil'] })
      : undefined,
  );

const orGiveUpLease = async (ports: Ports, run: Run, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (isBranchlineError(error)) await giveUpLease(ports, run, error.message);
    throw error;
  }
};

const refuseOther = (run: Run, job: string, digest: string, rerun: RerunOf | undefined): void => {
  const isOtherRepeat = rerun !== undefined && run.rerunOf !== rerun.rerunOf;
  if (run.job !== job || isOtherRepeat || (run.argumentsDigest !== undefined && run.argumentsDigest !== digest)) {
    const what = run.job !== job ? `job "${run.job}"` : isOtherRepeat ? 'another run' : 'other arguments';
    throw new BranchlineError('BL2001', `run id ${run.runId} is taken by ${what}`, { details: { runId: run.runId } });
  }
};

const takeStartLease = (ports: Ports, run: Run): Promise<Run> =>
  changeRun(ports, run, (current) => {
    if (current.jobRunId !== undefined) return undefined;
    if (current.state !== 'OPEN') throw ended(current);
    const now = ports.clock.now();
    if (current.startLeaseUntil !== undefined && current.startLeaseUntil > now) {
      throw new BranchlineError(
        'BL2009',
        `run ${formatRunKey(current)} is being started by another call; repeat in two minutes`,
      );
    }
    return advance(current, now, { startLeaseUntil: now + START_LEASE_MS });
  });

/** The job run that an interrupted start left behind, if Glue knows one. */
export const findStarted = async (ports: Ports, run: Run): Promise<string | undefined> => {
  for await (const jobRun of ports.glue.listJobRuns(run.job, LOOK_BACK)) {
    if (jobRun.arguments[GLUE_ARGUMENT.runId] === run.runId && !/_attempt_\d+$/.test(jobRun.id)) return jobRun.id;
  }
  return undefined;
};

/** Writes down which job run it is, and that it has its branch; the job itself may have been faster. */
export const bind = (ports: Ports, run: Run, jobRunId: string): Promise<Run> =>
  changeRun(ports, run, (current) =>
    current.jobRunId === undefined && current.state === 'OPEN'
      ? advance(
          current,
          ports.clock.now(),
          { jobRunId, branchMade: true },
          { note: `job run ${jobRunId} started`, forget: ['startLeaseUntil'] },
        )
      : undefined,
  );

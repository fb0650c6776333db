/**
 * Repairs what an event should have done and did not: Glue and lakeFS against the ledger. Correctness never rests on an
 * event; this is what it rests on. Every repair calls the same use case that the event would have called.
 */
import { GLUE_ARGUMENT, RUN_BRANCH_PREFIX } from '../contract.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { isTerminal } from '../domain/job-states.ts';
import { pipelineOf } from '../domain/pipelines.ts';
import { leaseStands } from '../domain/promotion.ts';
import {
  type EpochMs,
  formatRunKey,
  MOVING_STATES,
  parseRunKey,
  type Run,
  type RunState,
  WAITING_STATES,
} from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { adopt } from './adopt.ts';
import { readClaim } from './claim-object.ts';
import { cleanUp, cleanUpIsDue } from './clean-up.ts';
import { applyPolicy } from './conflict.ts';
import { discard, settle } from './settle-run.ts';
import { bind, findStarted } from './start-run.ts';
import { ensureTarget, verifyTarget } from './verify-target.ts';
import { wakeAgain } from './wake-promotions.ts';

/** A start whose job run did not appear by then never happened. */
const START_GRACE_MS = 15 * 60_000;
/** A wake-up that was just sent is given time before it is sent again. */
const WAKE_GRACE_MS = 60_000;
/** A run that has been in a moving state other than OPEN for so long is stuck. */
const STUCK_MS = 30 * 60_000;

export interface ReconcileReport {
  readonly repaired: number;
  /** Seconds since the oldest run opened that is still open. */
  readonly oldestOpenSeconds: number;
  /** Open for longer than the pipeline allows, moving without moving, owing a clean-up for long, or beyond repair just now. */
  readonly stuckRuns: number;
  readonly waitingRuns: number;
  readonly blockedTargets: number;
  /** Runs or targets that could not be looked at now; they are looked at again next time. */
  readonly failures: number;
  /** False where the time ran out first; the next call goes on. */
  readonly complete: boolean;
}

interface Tally {
  repaired: number;
  oldestOpenSeconds: number;
  stuckRuns: number;
  waitingRuns: number;
  blockedTargets: number;
  failures: number;
}

export const reconcile = async (ports: Ports, request: { until: EpochMs }): Promise<ReconcileReport> => {
  const tally: Tally = {
    repaired: 0,
    oldestOpenSeconds: 0,
    stuckRuns: 0,
    waitingRuns: 0,
    blockedTargets: 0,
    failures: 0,
  };
  const outOfTime = (): boolean => ports.clock.now() >= request.until;
  const careful = async (what: string, work: () => Promise<boolean>): Promise<void> => {
    try {
      if (await work()) tally.repaired += 1;
    } catch (error) {
      // One run that cannot be mended must not keep the others from it; it is stuck, and alarms as such.
      tally.failures += 1;
      tally.stuckRuns += 1;
      ports.log.error('could not reconcile', {
        what,
        reason: String(error),
        code: isBranchlineError(error) ? error.code : undefined,
      });
    }
  };

  // What reached the targets comes first: a merge that is done settles its run without a promotion.
  for (const repository of (await ports.config.load()).repositories) {
    for (const branch of repository.targets) {
      if (outOfTime()) break;
      await careful(`target ${repository.name}/${branch}`, async () => {
        const before = await ensureTarget(ports, repository.name, branch);
        const after = await verifyTarget(ports, before);
        if (after.blocked !== undefined) tally.blockedTargets += 1;
        return after.version !== before.version;
      });
    }
    await careful(`run branches of ${repository.name}`, () => adoptUnannounced(ports, repository.name));
  }
  for (const run of await oldestFirst(ports, MOVING_STATES)) {
    measure(ports, run, tally, await maxOpenMs(ports, run));
    if (!outOfTime()) await careful(formatRunKey(run), () => reconcileMoving(ports, run));
  }
  for await (const run of ports.ledger.listRuns({ states: [...WAITING_STATES] })) {
    tally.waitingRuns += 1;
    if (run.policy !== undefined && !outOfTime()) {
      await careful(formatRunKey(run), async () => (await applyPolicy(ports, run)).version !== run.version);
    }
  }
  for await (const run of ports.ledger.listRuns({ needsCleanUp: true })) {
    if (!cleanUpIsDue(run, ports.clock.now())) continue;
    if (ports.clock.now() - Math.max(run.settledAt ?? run.updatedAt, run.keepUntil ?? 0) > STUCK_MS)
      tally.stuckRuns += 1;
    if (!outOfTime()) await careful(formatRunKey(run), async () => (await cleanUp(ports, run)).version !== run.version);
  }
  return { ...tally, complete: !outOfTime() };
};

/**
 * Who has waited longest comes first, and before all a promotion whose owner is gone: until it is decided, nothing else is
 * promoted into its target.
 */
const oldestFirst = async (ports: Ports, states: readonly RunState[]): Promise<readonly Run[]> => {
  const runs: Run[] = [];
  for await (const run of ports.ledger.listRuns({ states })) runs.push(run);
  const since = (run: Run): number => run.jobEndedAt ?? run.openedAt;
  const isBegun = (run: Run): number => (run.state === 'PROMOTING' ? 0 : 1);
  return runs.sort((a, b) => isBegun(a) - isBegun(b) || since(a) - since(b) || a.openedAt - b.openedAt);
};

const maxOpenMs = async (ports: Ports, run: Run): Promise<number> => {
  const pipeline = pipelineOf(await ports.config.load(), run.job);
  return (pipeline?.maxOpenSeconds ?? 86_400) * 1000;
};

const measure = (ports: Ports, run: Run, tally: Tally, maxOpen: number): void => {
  const now = ports.clock.now();
  if (run.state === 'OPEN') {
    tally.oldestOpenSeconds = Math.max(tally.oldestOpenSeconds, Math.round((now - run.openedAt) / 1000));
    if (now - run.openedAt > maxOpen) tally.stuckRuns += 1;
  } else if (now - (run.jobEndedAt ?? run.updatedAt) > STUCK_MS) {
    tally.stuckRuns += 1;
  }
};

/** @returns whether something was repaired. */
const reconcileMoving = async (ports: Ports, run: Run): Promise<boolean> => {
  switch (run.state) {
    case 'OPEN':
      return run.jobRunId === undefined ? reconcileStart(ports, run) : reconcileOpen(ports, run, run.jobRunId);
    case 'COMMITTED':
      return ports.clock.now() - run.updatedAt >= WAKE_GRACE_MS ? wakeAgain(ports, run) : false;
    case 'PROMOTING':
      return leaseStands(run, ports.clock.now()) ? false : wakeAgain(ports, run);
    default:
      return false;
  }
};

const reconcileOpen = async (ports: Ports, run: Run, jobRunId: string): Promise<boolean> => {
  const jobRun = await ports.glue.getJobRun(run.job, jobRunId);
  if (jobRun === undefined || !isTerminal(jobRun.state)) return false;
  const { outcome } = await settle(ports, run, jobRun);
  return outcome !== 'already-settled' && outcome !== 'not-ours';
};

/** A start that was interrupted: its job run is found, or it is given up. */
const reconcileStart = async (ports: Ports, run: Run): Promise<boolean> => {
  const now = ports.clock.now();
  if (run.startLeaseUntil !== undefined && run.startLeaseUntil > now) return false;
  const found = await findStarted(ports, run);
  if (found !== undefined) {
    await bind(ports, run, found);
    return true;
  }
  // A rerun is owed for as long as it takes: the job may be at its limit, or have to wait for another run.
  const repeated = run.rerunOf === undefined ? undefined : await ports.ledger.getRun(parseRunKey(run.rerunOf));
  if (now - run.openedAt < START_GRACE_MS || repeated?.rerunDue === true) return false;
  await discard(
    ports,
    run,
    { code: 'BL2012', message: `no job run with run id ${run.runId} appeared in 15 minutes` },
    { keep: false },
  );
  return true;
};

/** Branches whose job could not tell the ledger: their claim tells it now, and the job run whether they have ended. */
const adoptUnannounced = async (ports: Ports, repository: string): Promise<boolean> => {
  const branches: string[] = [];
  for await (const ref of ports.lakefs.listBranches(repository, RUN_BRANCH_PREFIX)) branches.push(ref.id);
  if (branches.length === 0) return false;
  const known = new Set<string>();
  for await (const run of ports.ledger.listRuns({ states: [...MOVING_STATES, ...WAITING_STATES] }))
    known.add(run.branch);
  for await (const run of ports.ledger.listRuns({ needsCleanUp: true })) known.add(run.branch);
  let repaired = false;
  for (const branch of branches.filter((name) => !known.has(name))) {
    const claim = await readClaim(ports, repository, branch);
    if (claim === undefined) continue;
    const key = { runId: claim.runId, attempt: claim.attempt };
    if ((await ports.ledger.getRun(key)) !== undefined) continue;
    const jobRun = await ports.glue.getJobRun(claim.jobName, claim.jobRunId);
    if (jobRun === undefined || (jobRun.arguments[GLUE_ARGUMENT.runId] ?? claim.runId) !== claim.runId) continue;
    const run = await adopt(ports, {
      job: claim.jobName,
      jobRunId: claim.jobRunId,
      key,
      arguments: jobRun.arguments,
    });
    if (run === undefined) continue;
    repaired = true;
    if (isTerminal(jobRun.state)) await settle(ports, run, jobRun);
  }
  return repaired;
};

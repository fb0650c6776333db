/** Removes what has expired: kept branches of failed runs, and branches that a zombie made again after its run had ended. */
import { RESOLUTION_BRANCH_PREFIX, RUN_BRANCH_PREFIX } from '../contract.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { type EpochMs, formatRunKey, isSettled, MOVING_STATES, type Run, WAITING_STATES } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { cleanUp, cleanUpIsDue } from './clean-up.ts';
import { sweepProbes } from './doctor-storage.ts';

/** How far back the ledger is searched for the owner of a branch that should not be there. */
const LOOK_BACK_MS = 30 * 86_400_000;

export interface SweepReport {
  readonly branchesDeleted: number;
  /** Branches of ours by name, of which neither ledger nor a live run knows: left alone, for a person to look at. */
  readonly unknownBranches: number;
  readonly failures: number;
  readonly complete: boolean;
}

export const sweep = async (ports: Ports, request: { until: EpochMs }): Promise<SweepReport> => {
  const report = { branchesDeleted: 0, unknownBranches: 0, failures: 0 };
  const outOfTime = (): boolean => ports.clock.now() >= request.until;
  for await (const run of ports.ledger.listRuns({ needsCleanUp: true })) {
    if (outOfTime()) break;
    if (!cleanUpIsDue(run, ports.clock.now())) continue;
    try {
      if ((await cleanUp(ports, run)).branchDeleted) report.branchesDeleted += 1;
    } catch (error) {
      report.failures += 1;
      ports.log.error('could not sweep', { run: formatRunKey(run), reason: String(error) });
    }
  }
  for (const { name } of (await ports.config.load()).repositories) {
    if (outOfTime()) break;
    try {
      const { deleted, unknown } = await sweepStray(ports, name);
      report.branchesDeleted += deleted + (await sweepProbes(ports, name));
      report.unknownBranches += unknown;
    } catch (error) {
      if (!isBranchlineError(error)) throw error;
      report.failures += 1;
      ports.log.error('could not sweep', { repository: name, reason: error.message });
    }
  }
  return { ...report, complete: !outOfTime() };
};

/** Branches first, ledger second: a run that opens in between is in the ledger before its branch exists. */
const sweepStray = async (ports: Ports, repository: string): Promise<{ deleted: number; unknown: number }> => {
  const strays = new Set<string>();
  for (const prefix of [RUN_BRANCH_PREFIX, RESOLUTION_BRANCH_PREFIX]) {
    for await (const ref of ports.lakefs.listBranches(repository, prefix)) strays.add(ref.id);
  }
  if (strays.size === 0) return { deleted: 0, unknown: 0 };
  const keep = (run: Run): void => {
    strays.delete(run.branch);
    if (run.resolutionBranch !== undefined) strays.delete(run.resolutionBranch);
  };
  for await (const run of ports.ledger.listRuns({ states: [...MOVING_STATES, ...WAITING_STATES] })) keep(run);
  for await (const run of ports.ledger.listRuns({ needsCleanUp: true })) keep(run);
  if (strays.size === 0) return { deleted: 0, unknown: 0 };
  let deleted = 0;
  const oldest = ports.clock.now() - LOOK_BACK_MS;
  for await (const run of ports.ledger.listRuns({ repository })) {
    if (strays.size === 0 || run.openedAt < oldest) break;
    for (const branch of [run.branch, run.resolutionBranch]) {
      if (branch === undefined || !strays.has(branch)) continue;
      strays.delete(branch);
      if (!isSettled(run.state) || !run.branchDeleted) continue;
      await ports.lakefs.deleteBranch(repository, branch);
      deleted += 1;
    }
  }
  return { deleted, unknown: strays.size };
};

/** Conditional changes of ledger entries: read, decide, write; on a lost race decide again on what the winner wrote. */
import { BranchlineError } from '../domain/errors.ts';
import { formatRunKey, type Run, type RunKey } from '../domain/run.ts';
import type { Target } from '../domain/target.ts';
import type { Ports } from '../ports.ts';

const MAX_RACES = 8;

/**
 * @param decide the next entry (by `advance`), or `undefined` to leave it as it is. Called again after a lost race.
 * @returns the entry as it is now.
 */
export const changeRun = async (ports: Ports, start: Run, decide: (run: Run) => Run | undefined): Promise<Run> => {
  let run = start;
  for (let race = 0; race < MAX_RACES; race += 1) {
    const next = decide(run);
    if (next === undefined) return run;
    const answer = await ports.ledger.updateRun(next);
    if (answer.outcome === 'updated') return next;
    if (answer.run === undefined) throw new BranchlineError('BL1004', `run ${formatRunKey(run)} left the ledger`);
    run = answer.run;
  }
  throw new BranchlineError(
    'BL4003',
    `run ${formatRunKey(start)} changed ${String(MAX_RACES)} times while being written`,
  );
};

export const requireRun = async (ports: Ports, key: RunKey): Promise<Run> => {
  const run = await ports.ledger.getRun(key);
  if (run === undefined) throw new BranchlineError('BL1004', `no run ${formatRunKey(key)} in the ledger`);
  return run;
};

/** As `changeRun`, for a target. `decide` receives `undefined` where the target has no entry yet. */
export const changeTarget = async (
  ports: Ports,
  repository: string,
  branch: string,
  start: Target | undefined,
  decide: (target: Target | undefined) => Target | undefined,
): Promise<Target | undefined> => {
  let target = start;
  for (let race = 0; race < MAX_RACES; race += 1) {
    const next = decide(target);
    if (next === undefined) return target;
    const answer = await ports.ledger.putTarget(next);
    if (answer.outcome === 'written') return next;
    target = answer.target;
  }
  throw new BranchlineError(
    'BL4003',
    `target ${repository}/${branch} changed ${String(MAX_RACES)} times while being written`,
  );
};

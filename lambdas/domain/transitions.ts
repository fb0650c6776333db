/** How a run's entry changes: which state may follow which, and what every change carries along. Pure. */
import { BranchlineError } from './errors.ts';
import { type EpochMs, formatRunKey, type Run, type RunState, type RunStep } from './run.ts';

/**
 * What may follow. Settled runs come back only by the log of their target (rollback, and rolling forward again); a run that
 * waits is PROMOTED where the log shows that a person merged it.
 */
export const ALLOWED: Readonly<Record<RunState, readonly RunState[]>> = {
  OPEN: ['COMMITTED', 'UNCHANGED', 'DISCARDED', 'REJECTED'],
  COMMITTED: ['PROMOTING', 'PROMOTED', 'UNCHANGED', 'CONFLICTED', 'REJECTED', 'ROLLED_BACK', 'DISCARDED', 'AUDITING'],
  AUDITING: ['COMMITTED', 'REJECTED', 'AWAITING_APPROVAL', 'DISCARDED'],
  PROMOTING: ['COMMITTED', 'PROMOTED', 'UNCHANGED', 'CONFLICTED', 'REJECTED', 'ROLLED_BACK'],
  CONFLICTED: ['COMMITTED', 'DISCARDED', 'PROMOTED'],
  REJECTED: ['COMMITTED', 'DISCARDED', 'PROMOTED'],
  AWAITING_APPROVAL: ['COMMITTED', 'DISCARDED', 'REJECTED'],
  PROMOTED: ['ROLLED_BACK'],
  ROLLED_BACK: ['PROMOTED'],
  UNCHANGED: [],
  DISCARDED: [],
};

const MAX_STEPS = 50;

type Changes = Partial<Omit<Run, 'runId' | 'attempt' | 'version' | 'updatedAt' | 'steps'>>;

/**
 * The next version of an entry.
 * @param forget fields that the new state must not carry on.
 */
export const advance = (
  run: Run,
  now: EpochMs,
  changes: Changes,
  options: { readonly note?: string; readonly forget?: readonly (keyof Changes)[] } = {},
): Run => {
  const state = changes.state ?? run.state;
  if (state !== run.state && !ALLOWED[run.state].includes(state)) {
    throw new BranchlineError('BL1005', `run ${formatRunKey(run)} is ${run.state} and cannot become ${state}`);
  }
  const step: RunStep = { at: now, state, ...(options.note === undefined ? {} : { note: options.note }) };
  const isNews = state !== run.state || options.note !== undefined;
  const next = {
    ...run,
    ...changes,
    version: run.version + 1,
    updatedAt: now,
    steps: isNews ? [...run.steps, step].slice(-MAX_STEPS) : run.steps,
  };
  for (const field of options.forget ?? []) delete next[field];
  return next;
};

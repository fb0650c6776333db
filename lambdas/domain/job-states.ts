/** States of a Glue job run. Source: AWS Glue API, JobRun `JobRunState`. */
const ENDED = {
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMEOUT: 'failed',
  STOPPED: 'failed',
  ERROR: 'failed',
  EXPIRED: 'failed',
} as const;

/** Whether a run in this state will never change it again. A state that Glue adds later counts as going on. */
export const isTerminal = (state: string): boolean => Object.hasOwn(ENDED, state);
export const hasSucceeded = (state: string): boolean => state === 'SUCCEEDED';

/** The event that AWS Glue sends when a job run has ended. Pure. */
import { GLUE_DETAIL_TYPE } from '../lambdas/contract.ts';

export const TERMINAL_JOB_STATES = ['SUCCEEDED', 'FAILED', 'TIMEOUT', 'STOPPED', 'ERROR', 'EXPIRED'] as const;
export type TerminalJobState = (typeof TERMINAL_JOB_STATES)[number];

export const isTerminal = (state: string | undefined): state is TerminalJobState =>
  (TERMINAL_JOB_STATES as readonly (string | undefined)[]).includes(state);

/** Detail of `Glue Job State Change`. Source: EventBridge user guide, "AWS Glue events". */
export interface GlueJobStateChange {
  readonly jobName: string;
  readonly severity: 'INFO' | 'WARN' | 'ERROR';
  readonly state: TerminalJobState;
  readonly jobRunId: string;
  readonly message: string;
}

const SAID: Readonly<Record<TerminalJobState, Pick<GlueJobStateChange, 'severity' | 'message'>>> = {
  SUCCEEDED: { severity: 'INFO', message: 'Job run succeeded' },
  STOPPED: { severity: 'INFO', message: 'Job run stopped' },
  TIMEOUT: { severity: 'WARN', message: 'Job run timed out' },
  FAILED: { severity: 'ERROR', message: 'Job run failed' },
  ERROR: { severity: 'ERROR', message: 'Job run failed' },
  EXPIRED: { severity: 'ERROR', message: 'Job run expired' },
};

export const stateChange = (
  jobName: string,
  jobRunId: string,
  state: TerminalJobState,
  errorMessage?: string,
): GlueJobStateChange => ({
  jobName,
  jobRunId,
  state,
  severity: SAID[state].severity,
  message: errorMessage === undefined || errorMessage === '' ? SAID[state].message : errorMessage,
});

/** An entry for PutEvents. AWS refuses sources that begin with `aws.`, hence ours. */
export const asEntry = (detail: GlueJobStateChange) => ({
  Source: 'branchline.glue',
  DetailType: GLUE_DETAIL_TYPE.stateChange,
  Detail: JSON.stringify(detail),
});

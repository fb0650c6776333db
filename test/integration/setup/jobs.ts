/** The tests' Glue jobs: real Python-shell jobs that write the files they are told to. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Run, RunState } from '../../../lambdas/domain/run.ts';
import type { Harness } from '../../../local/harness.ts';

const SCRIPT = join(import.meta.dirname, 'write_files.py');

export interface Work {
  /** Path → content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Path → content of files that are no text. */
  readonly binary?: Readonly<Record<string, Uint8Array>>;
  /** Paths that are removed. */
  readonly removed?: readonly string[];
  /** Ends with an error after the files are written. */
  readonly fail?: boolean;
  /** Stays so long between writing and ending. */
  readonly holdSeconds?: number;
}

export const argumentsFor = (work: Work): Record<string, string> => ({
  '--files': JSON.stringify(work.files ?? {}),
  ...(work.binary !== undefined && {
    '--binary_files': JSON.stringify(
      Object.fromEntries(
        Object.entries(work.binary).map(([path, content]) => [path, Buffer.from(content).toString('base64')]),
      ),
    ),
  }),
  ...(work.removed !== undefined && { '--removed': JSON.stringify(work.removed) }),
  ...(work.fail === true && { '--fail': '1' }),
  ...(work.holdSeconds !== undefined && { '--hold_seconds': String(work.holdSeconds) }),
});

export const createJob = (harness: Harness, name: string): Promise<void> => harness.createJob(name, { file: SCRIPT });

export const start = async (harness: Harness, job: string, work: Work, runId?: string): Promise<Run> => {
  const { run } = await harness.startRun({ job, arguments: argumentsFor(work), ...(runId !== undefined && { runId }) });
  return run;
};

/** Starts a run and waits until Glue says that the job run has ended. */
export const runJob = async (harness: Harness, job: string, work: Work): Promise<Run> => {
  const run = await start(harness, job, work);
  const ended = await harness.waitForJob(job, run.jobRunId ?? '');
  expect(ended.JobRunState, ended.ErrorMessage).toBe(work.fail === true ? 'FAILED' : 'SUCCEEDED');
  return run;
};

/** The whole way. */
export const runTo = async (harness: Harness, job: string, work: Work, ...states: RunState[]): Promise<Run> => {
  const run = await runJob(harness, job, work);
  return harness.waitForRun(run.runId, states);
};

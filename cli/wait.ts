/** Waiting until a run has ended or waits for a person. */
import { ERROR_CATALOG } from '../lambdas/domain/errors.ts';
import { type EpochMs, formatRunKey, isSettled, isWaiting, type Run, type RunKey } from '../lambdas/domain/run.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';
import { asFailure, Failure } from './failure.ts';
import { progressOf } from './progress.ts';
import { duration, gist, iso } from './text.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
/** Of failures one after the other that may pass: lakeFS restarts, AWS throttles. */
const PATIENCE_MS = 600_000;

/** The run has an owner who goes on with it by itself: a policy, or a rerun. */
const goesOn = (run: Run): boolean =>
  (run.policy !== undefined && isWaiting(run.state)) || (!isSettled(run.state) && !isWaiting(run.state));

/** What the end of a run means to a script. */
export const exitCodeOfRun = (run: Run): ExitCode => {
  if (run.state === 'PROMOTED' || run.state === 'UNCHANGED') return EXIT.ok;
  if (run.cause !== undefined) return exitCodeOf(run.cause.code);
  if (run.state === 'REJECTED') return ERROR_CATALOG.BL2013.exitCode;
  return run.state === 'DISCARDED' ? EXIT.fault : EXIT.conflict;
};

export interface WaitOptions {
  readonly timeoutMs?: number | undefined;
  /** Where a rerun takes a run's place: told once. */
  readonly onRerun?: (run: Run) => void;
}

/** Asks until `run` has ended; what passes is endured, what does not is thrown. */
class Follower {
  readonly #context: Context;
  readonly #until: EpochMs;
  readonly #timeoutMs: number | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #failingSince: EpochMs | undefined;

  constructor(context: Context, timeoutMs: number | undefined) {
    this.#context = context;
    this.#timeoutMs = timeoutMs;
    this.#until = timeoutMs === undefined ? Number.POSITIVE_INFINITY : context.now() + timeoutMs;
  }

  /** The newest attempt of the run that is asked for; undefined where the question failed in a way that may pass. */
  async look(key: RunKey): Promise<Run | undefined> {
    try {
      const { attempts } = await this.#context.deployment.run(key.runId);
      this.#failingSince = undefined;
      return attempts.map(({ run }) => run).reduce((newest, run) => (run.attempt > newest.attempt ? run : newest));
    } catch (error) {
      const failure = asFailure(error);
      const now = this.#context.now();
      this.#failingSince ??= now;
      if (!failure.retryable || now - this.#failingSince > PATIENCE_MS) throw failure;
      return undefined;
    }
  }

  /** @throws Failure BL6007 where the time is up. */
  async pause(key: RunKey, state: string): Promise<void> {
    const left = this.#until - this.#context.now();
    if (left <= 0) {
      const waited = duration(this.#timeoutMs ?? 0);
      throw new Failure('BL6007', `after ${waited} run ${formatRunKey(key)} is still ${state}`, {
        data: { runId: key.runId, attempt: key.attempt, state },
        remedy: `It goes on by itself: \`branchline runs show ${key.runId} --watch\`.`,
      });
    }
    await this.#context.pause(Math.min(this.#pauseMs, left));
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 1.3);
  }
}

const rerunThatNeverCame = (run: Run): Failure =>
  new Failure('BL2009', `rerun ${run.rerunAs ?? ''}: ${gist(run.steps.at(-1)?.note ?? 'it was not started')}`, {
    data: { runId: run.runId, rerunAs: run.rerunAs },
  });

/**
 * Follows a run, through the reruns that take its place, to its end. Steps are told on standard error as they come: by a
 * line each, and by a living one in between where that is a terminal.
 */
export const waitForRun = async (context: Context, start: Run, options: WaitOptions = {}): Promise<Run> => {
  const follower = new Follower(context, options.timeoutMs);
  const progress = progressOf(context);
  let run = start;
  let key: RunKey = start;
  let told = start.steps.length;
  try {
    for (;;) {
      if (!goesOn(run) && run.rerunAs === undefined) return run;
      if (!goesOn(run) && run.rerunAs !== undefined) {
        const rerun = { runId: run.rerunAs, attempt: 0 };
        const found = await lookForRerun(follower, run, rerun);
        if (found !== undefined) {
          progress.end();
          context.say(`${formatRunKey(run)} goes on as ${found.runId}`);
          options.onRerun?.(found);
          run = found;
          key = rerun;
          told = 0;
          continue;
        }
      }
      progress.tell(`${formatRunKey(run)} is ${run.state}`);
      await follower.pause(key, run.state);
      const before = run;
      run = (await follower.look(key)) ?? run;
      const news = run.steps.slice(run.attempt === before.attempt ? told : 0);
      told = run.steps.length;
      if (news.length > 0) progress.end();
      for (const step of news) context.say(`${iso(step.at)}  ${step.state}  ${gist(step.note ?? '')}`.trimEnd());
    }
  } finally {
    progress.end();
  }
};

/** A rerun that is due may not have been started yet. */
const lookForRerun = async (follower: Follower, run: Run, key: RunKey): Promise<Run | undefined> => {
  try {
    return await follower.look(key);
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code !== 'BL1004') throw failure;
    if (run.rerunDue !== true) throw rerunThatNeverCame(run);
    return undefined;
  }
};

/**
 * Bookmarks as Glue keeps them: one mark for each job, which a job run moves when it succeeds, and a reset puts back to where it was
 * before a job run. Every job run finds one more batch of data at its source.
 */
import type { Run } from '../../lambdas/domain/run.ts';
import type { FakeGlue } from '../fakes/ports.ts';

interface Read {
  readonly job: string;
  readonly id: string;
  /** Batches after this one, up to its own. */
  readonly from: number;
  readonly to: number;
  /** It reads a window of its own, and moves nothing. */
  readonly paused: boolean;
}

export interface Marks {
  /** Up to which batch the job has read. */
  of(job: string): number;
  readonly reads: readonly Read[];
}

const batchesOf = (reads: readonly Read[], job: string): number =>
  reads.filter((read) => read.job === job && !read.paused).length;

export const keepMarks = (glue: FakeGlue): Marks => {
  const marks = new Map<string, number>();
  const reads: Read[] = [];
  const [begin, end, reset] = [glue.begin.bind(glue), glue.end.bind(glue), glue.resetJobBookmark.bind(glue)];
  const of = (job: string): number => marks.get(job) ?? 0;
  glue.begin = (job, args, id) => {
    const jobRun = begin(job, args, id);
    const upTo = (name: string): number => reads.find((read) => read.id === args?.[name])?.to ?? 0;
    const paused = args?.['--job-bookmark-option'] === 'job-bookmark-pause';
    const window = paused
      ? { from: upTo('--job-bookmark-from'), to: upTo('--job-bookmark-to') }
      : { from: of(job), to: batchesOf(reads, job) + 1 };
    reads.push({ job, id: jobRun.id, ...window, paused });
    return jobRun;
  };
  glue.end = (id, state, message) => {
    end(id, state, message);
    const read = reads.find((each) => each.id === id);
    if (read?.paused === false && state === 'SUCCEEDED') marks.set(read.job, Math.max(of(read.job), read.to));
  };
  glue.resetJobBookmark = async (job, id) => {
    const read = reads.find((each) => each.id === id);
    if (read !== undefined) marks.set(job, read.from);
    await reset(job, id);
  };
  return { of, reads };
};

/** A person went forward again over a run whose mark had been put back: its entry says so, and its batches are read again. */
export const isReadAgain = (run: Run): boolean =>
  run.steps.some(({ note }) => note === 'in force again, although its job bookmark was put back');

/** What is wrong: a batch that the target shows twice, or one that nobody reads any more. */
export const faultsOf = (marks: Marks, job: string, runs: readonly Run[]): string[] => {
  const mine = runs.filter((run) => run.job === job);
  const readOf = (run: Run): Read | undefined => marks.reads.find(({ id }) => id === run.jobRunId);
  const readBy = (some: readonly Run[]): number[] =>
    some.flatMap((run) => {
      const read = readOf(run);
      return read === undefined ? [] : Array.from({ length: read.to - read.from }, (_, n) => read.from + n + 1);
    });
  const shown = readBy(mine.filter(({ state }) => state === 'PROMOTED'));
  // Somebody is told to have its window read again, or it waits for an open run of the job.
  const owed = readBy(mine.filter(({ bookmarkRewind = 'done' }) => bookmarkRewind !== 'done'));
  const waiting = readBy(
    mine.filter(({ state }) => !['PROMOTED', 'ROLLED_BACK', 'DISCARDED', 'UNCHANGED'].includes(state)),
  );
  const last = batchesOf(marks.reads, job);
  const faults: string[] = [];
  for (let batch = 1; batch <= last; batch += 1) {
    const times = shown.filter((each) => each === batch).length;
    const isAhead = batch > marks.of(job);
    if (times + (isAhead ? 1 : 0) > 1) faults.push(`batch ${String(batch)} of ${job} is shown, and read again`);
    const isKnown = times > 0 || isAhead || owed.includes(batch) || waiting.includes(batch);
    if (!isKnown) faults.push(`batch ${String(batch)} of ${job} is lost`);
  }
  return faults;
};

/** Where the mark has to be: at the newest job run that read something which is not undone. */
export const expectedMark = (marks: Marks, job: string, runs: readonly Run[]): number => {
  const isGone = (id: string): boolean => {
    const run = runs.find(({ jobRunId }) => jobRunId === id);
    const isUndone = run?.state === 'ROLLED_BACK' || run?.state === 'DISCARDED';
    return isUndone && run.bookmarkRewind === 'done';
  };
  const ended = new Set(runs.filter(({ state }) => state !== 'OPEN').map(({ jobRunId }) => jobRunId));
  const kept = marks.reads.filter((read) => read.job === job && !read.paused && ended.has(read.id) && !isGone(read.id));
  return Math.max(0, ...kept.map(({ to }) => to));
};

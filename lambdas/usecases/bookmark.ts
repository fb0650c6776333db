/**
 * Job bookmarks are one high-water mark per job: rewinding for one run rewinds all later ones, and their rows double. So a
 * bookmark is put back only when nothing that a later run read is to stay; otherwise the window has to be run again by itself. Runs that
 * are undone together, as a rollback undoes them, are rewound together: to where the mark was before the first of them.
 */
import { GLUE_ARGUMENT } from '../contract.ts';
import { splitJobRunId } from '../domain/branch-name.ts';
import { hasSucceeded, isTerminal } from '../domain/job-states.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { JobRun, Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { runKeyOf } from './claim.ts';
import { isFollowed } from './unresolved.ts';

/** How many job runs are looked at; a job with bookmarks runs one at a time. */
const LOOK_BACK = 1000;

type Since =
  | 'goes-on'
  | 'read-again'
  | { readonly succeeded: string }
  /** Runs that are undone and owed the rewind, newest first: what lies between them has read nothing that is to stay. */
  | { readonly owed: readonly Run[] };

/** Undone, and nobody has read its window again by itself: then its rows would double. */
const undoneRunOf = async (ports: Ports, job: string, jobRun: JobRun): Promise<Run | undefined> => {
  const run = await ports.ledger.getRun(runKeyOf(jobRun.id, jobRun.arguments[GLUE_ARGUMENT.runId]));
  const isIt = run?.job === job && run.jobRunId === jobRun.id && run.bookmarks === true;
  const isUndone = isIt && (run.state === 'ROLLED_BACK' || run.state === 'DISCARDED');
  return isUndone && (run.bookmarkRewind === 'due' || run.bookmarkRewind === 'done') ? run : undefined;
};

/**
 * What became of the job runs around it, asked of Glue: the ledger knows neither those that Branchline did not manage nor those whose
 * end nobody has told yet.
 *
 *     A undone   B undone   C undone      → the mark goes back to where it was before A, whichever of them is asked about
 *     A undone   B stays    C undone      → C: before C; A: its window is run again by itself
 */
const lookAround = async (ports: Ports, run: Run, jobRunId: string): Promise<Since> => {
  const { root } = splitJobRunId(jobRunId);
  const owed: Run[] = [];
  let isReached = false;
  let succeeded: string | undefined;
  let readAgain = false;
  for await (const other of ports.glue.listJobRuns(run.job, LOOK_BACK)) {
    if (other.id === jobRunId) {
      if (readAgain) return 'read-again';
      if (succeeded !== undefined) return { succeeded };
      owed.push(run);
      isReached = true;
      continue;
    }
    // It may yet succeed, and write its bookmark over one that was put back meanwhile.
    if (!isReached && !isTerminal(other.state)) return 'goes-on';
    // A retry of this very job run has read the window again.
    const isRetry = splitJobRunId(other.id).root === root && hasSucceeded(other.state);
    if (!isReached && isRetry) readAgain = true;
    if (succeeded !== undefined) continue;
    const undone = await undoneRunOf(ports, run.job, other);
    if (undone?.bookmarkRewind === 'due') owed.push(undone);
    if (undone !== undefined || (isTerminal(other.state) && !hasSucceeded(other.state))) continue;
    if (isReached) break;
    if (!isRetry) succeeded = other.id;
  }
  if (isReached) return { owed };
  // So far back Glue does not tell: what came since is all that is known.
  return readAgain ? 'read-again' : succeeded === undefined ? { owed: [...owed, run] } : { succeeded };
};

/** Leaves the rewind due where nobody can decide it yet, and where another invocation is at it. */
export const rewindBookmark = async (ports: Ports, run: Run): Promise<Run> => {
  if (await isFollowed(ports, run)) return run;
  const { jobRunId } = run;
  if (jobRunId === undefined) return rewound(ports, run, 'read-again');
  const leased = await takeRewindLease(ports, run);
  if (leased?.rewindLeaseUntil === undefined) return run;
  try {
    const since = await lookAround(ports, leased, jobRunId);
    if (since === 'goes-on') return await releaseRewindLease(ports, leased);
    if (since === 'read-again' || 'succeeded' in since) return await rewound(ports, leased, since);
    return await rewindTogether(ports, leased, since.owed);
  } catch (error) {
    await releaseRewindLease(ports, leased);
    throw error;
  }
};

/**
 * To where the mark was before the first of them. That one is said to be done last: as long as it is owed, no later run begins, and
 * whoever comes after a crash puts the mark back to the same place again.
 */
const rewindTogether = async (ports: Ports, leased: Run, owed: readonly Run[]): Promise<Run> => {
  const first = owed.at(-1) ?? leased;
  const isOwn = formatRunKey(first) === formatRunKey(leased);
  const held = isOwn ? leased : await takeRewindLease(ports, first);
  if (held === undefined) return releaseRewindLease(ports, leased);
  try {
    await ports.glue.resetJobBookmark(leased.job, first.jobRunId ?? '');
  } catch (error) {
    if (!isOwn) await releaseRewindLease(ports, held);
    throw error;
  }
  let own = leased;
  for (const each of owed) {
    const done = await rewound(ports, each, 'nothing');
    if (formatRunKey(each) === formatRunKey(leased)) own = done;
  }
  return own;
};

/**
 * One at a time, for longer than any function may live: between the look and the reset a twin could have put the bookmark back
 * and started the rerun, whose rows a second reset would read again.
 */
const REWIND_LEASE_MS = 16 * 60_000;

const takeRewindLease = async (ports: Ports, run: Run): Promise<Run | undefined> => {
  let mine: Run | undefined;
  const now = ports.clock.now();
  const written = await changeRun(ports, run, (current) => {
    const isFree = (current.rewindLeaseUntil ?? 0) <= now;
    mine =
      current.bookmarkRewind === 'due' && isFree
        ? advance(current, now, { rewindLeaseUntil: now + REWIND_LEASE_MS })
        : undefined;
    return mine;
  });
  return written === mine ? mine : undefined;
};

const releaseRewindLease = (ports: Ports, leased: Run): Promise<Run> =>
  changeRun(ports, leased, (current) =>
    current.rewindLeaseUntil === leased.rewindLeaseUntil
      ? advance(current, ports.clock.now(), {}, { forget: ['rewindLeaseUntil'] })
      : undefined,
  );

type Found = 'nothing' | 'read-again' | { readonly succeeded: string };

const rewound = (ports: Ports, run: Run, since: Found): Promise<Run> =>
  changeRun(ports, run, (current) =>
    current.bookmarkRewind === 'due'
      ? advance(
          current,
          ports.clock.now(),
          { bookmarkRewind: typeof since === 'string' ? 'done' : 'rerun-needed' },
          { note: noteOf(since), forget: ['rewindLeaseUntil'] },
        )
      : undefined,
  );

const noteOf = (since: Found): string => {
  if (since === 'nothing') return 'job bookmark put back';
  if (since === 'read-again') return 'job bookmark left alone: nothing of this attempt is missing';
  return `job bookmark left alone: job run ${since.succeeded} succeeded since; run this window again`;
};

/**
 * Arguments that make a rerun read exactly the window of the run it repeats, where the bookmark itself cannot be put back.
 * Source: AWS Glue, job bookmark options `job-bookmark-pause`, `job-bookmark-from`, `job-bookmark-to`.
 */
export const windowArguments = async (ports: Ports, run: Run): Promise<Record<string, string>> => {
  if (run.bookmarkRewind !== 'rerun-needed' || run.jobRunId === undefined) return {};
  let previous: string | undefined;
  for await (const other of ports.ledger.listRuns({ job: run.job })) {
    if (other.openedAt >= run.openedAt || other.jobRunId === undefined) continue;
    if (other.jobState !== undefined && hasSucceeded(other.jobState) && other.state !== 'DISCARDED') {
      previous = other.jobRunId;
      break;
    }
  }
  return {
    '--job-bookmark-option': 'job-bookmark-pause',
    '--job-bookmark-to': run.jobRunId,
    ...(previous === undefined ? {} : { '--job-bookmark-from': previous }),
  };
};

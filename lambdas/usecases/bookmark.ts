/**
 * Job bookmarks are one high-water mark per job: rewinding for one run rewinds all later ones, and their rows double. So a
 * bookmark is put back only when no later run of the job succeeded; otherwise the window has to be run again by itself.
 */
import { splitJobRunId } from '../domain/branch-name.ts';
import { hasSucceeded, isTerminal } from '../domain/job-states.ts';
import type { Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { isFollowed } from './unresolved.ts';

/** How many job runs are looked at; a job with bookmarks runs one at a time. */
const LOOK_BACK = 200;

type Since = 'nothing' | 'goes-on' | 'read-again' | { readonly succeeded: string };

/**
 * What became of the job runs that started later, asked of Glue: the ledger knows neither those that Branchline did not manage
 * nor those whose end nobody has told yet.
 */
const whatCameLater = async (ports: Ports, job: string, jobRunId: string): Promise<Since> => {
  const { root } = splitJobRunId(jobRunId);
  let since: Since = 'nothing';
  for await (const later of ports.glue.listJobRuns(job, LOOK_BACK)) {
    if (later.id === jobRunId) break;
    // It may yet succeed, and write its bookmark over one that was put back meanwhile.
    if (!isTerminal(later.state)) return 'goes-on';
    if (!hasSucceeded(later.state)) continue;
    // A retry of this very job run has read the window again.
    if (splitJobRunId(later.id).root === root) since = 'read-again';
    else if (since === 'nothing') since = { succeeded: later.id };
  }
  return since;
};

/** Leaves the rewind due where nobody can decide it yet, and where another invocation is at it. */
export const rewindBookmark = async (ports: Ports, run: Run): Promise<Run> => {
  if (await isFollowed(ports, run)) return run;
  const { jobRunId } = run;
  if (jobRunId === undefined) return rewound(ports, run, 'read-again');
  const leased = await takeRewindLease(ports, run);
  if (leased?.rewindLeaseUntil === undefined) return run;
  let since: Since;
  try {
    since = await whatCameLater(ports, run.job, jobRunId);
    if (since === 'nothing') await ports.glue.resetJobBookmark(run.job, jobRunId);
  } catch (error) {
    await releaseRewindLease(ports, leased);
    throw error;
  }
  return since === 'goes-on' ? releaseRewindLease(ports, leased) : rewound(ports, leased, since);
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

const rewound = (ports: Ports, run: Run, since: Exclude<Since, 'goes-on'>): Promise<Run> =>
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

const noteOf = (since: Exclude<Since, 'goes-on'>): string => {
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

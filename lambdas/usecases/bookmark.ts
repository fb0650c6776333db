/**
 * Job bookmarks are one high-water mark per job: rewinding for one run rewinds all later ones, and their rows double. So a
 * bookmark is put back only when no later run of the job succeeded; otherwise the window has to be run again by itself.
 */
import { hasSucceeded } from '../domain/job-states.ts';
import type { Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';

const laterSuccess = async (ports: Ports, run: Run): Promise<Run | undefined> => {
  for await (const other of ports.ledger.listRuns({ job: run.job })) {
    if (other.openedAt < run.openedAt) break;
    const isOther = other.runId !== run.runId || other.attempt !== run.attempt;
    if (isOther && other.jobState !== undefined && hasSucceeded(other.jobState)) return other;
  }
  return undefined;
};

export const rewindBookmark = async (ports: Ports, run: Run): Promise<Run> => {
  const later = await laterSuccess(ports, run);
  if (later === undefined && run.jobRunId !== undefined) await ports.glue.resetJobBookmark(run.job, run.jobRunId);
  return changeRun(ports, run, (current) =>
    current.bookmarkRewind === 'due'
      ? advance(
          current,
          ports.clock.now(),
          { bookmarkRewind: later === undefined ? 'done' : 'rerun-needed' },
          {
            note:
              later === undefined
                ? 'job bookmark put back'
                : `job bookmark left alone: run ${later.runId} succeeded since; run this window again`,
          },
        )
      : undefined,
  );
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

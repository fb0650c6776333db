/** Watches that no bookmark is put back over a job run that came later and stays: its rows would double, or those of the earlier one be lost. */
import { splitJobRunId } from '../../lambdas/domain/branch-name.ts';
import type { World } from '../fakes/ports.ts';

export const watchBookmarks = ({ glue, ledger }: Pick<World, 'glue' | 'ledger'>): { surprises(): string[] } => {
  const harmful: { readonly of: string; readonly over: string }[] = [];
  const reset = glue.resetJobBookmark.bind(glue);
  /** Undone, and its window has not been read by itself since: it goes along. */
  const goesAlong = (jobRunId: string): boolean =>
    [...ledger.runs.values()].some(
      (run) =>
        run.jobRunId === jobRunId &&
        (run.state === 'ROLLED_BACK' || run.state === 'DISCARDED') &&
        (run.bookmarkRewind === 'due' || run.bookmarkRewind === 'done'),
    );
  glue.resetJobBookmark = async (job, jobRunId) => {
    const runs = [...glue.jobRuns.values()].filter(({ jobName }) => jobName === job);
    const later = runs.slice(runs.findIndex(({ id }) => id === jobRunId) + 1);
    // One that still goes on does harm if it succeeds in the end.
    for (const { id } of later) if (!isRetry(id, jobRunId) && !goesAlong(id)) harmful.push({ of: jobRunId, over: id });
    await reset(job, jobRunId);
  };
  return {
    surprises: () =>
      harmful
        .filter(({ over }) => glue.jobRuns.get(over)?.state === 'SUCCEEDED')
        .map(({ of, over }) => `bookmark of ${of} was put back over ${over}, which succeeded`),
  };
};

const isRetry = (id: string, of: string): boolean => splitJobRunId(id).root === splitJobRunId(of).root;

/** Watches that no bookmark is put back over a job run that came later: its rows would double, or those of the earlier one be lost. */
import { splitJobRunId } from '../../lambdas/domain/branch-name.ts';
import type { FakeGlue } from '../fakes/ports.ts';

export const watchBookmarks = (glue: FakeGlue): { surprises(): string[] } => {
  const harmful: { readonly of: string; readonly over: string }[] = [];
  const reset = glue.resetJobBookmark.bind(glue);
  glue.resetJobBookmark = async (job, jobRunId) => {
    const runs = [...glue.jobRuns.values()].filter(({ jobName }) => jobName === job);
    const later = runs.slice(runs.findIndex(({ id }) => id === jobRunId) + 1);
    // One that still goes on does harm if it succeeds in the end.
    for (const { id } of later) if (!isRetry(id, jobRunId)) harmful.push({ of: jobRunId, over: id });
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

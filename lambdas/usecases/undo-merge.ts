/** Takes a merge back by a new commit; the target's history is never rewritten. */
import { COMMIT_KIND, METADATA } from '../contract.ts';
import { provenance } from '../domain/promotion.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';

export const undoMerge = async (ports: Ports, run: Run, mergeCommit: string): Promise<'undone' | 'overlapped'> => {
  const answer = await ports.lakefs.revert(run.repository, run.target, mergeCommit, 1, {
    message: `Take back ${run.job}, run ${formatRunKey(run)}: it clashes with what reached ${run.target} meanwhile`,
    metadata: { ...provenance(run, COMMIT_KIND.revert, ports.place.region), [METADATA.reverts]: mergeCommit },
  });
  return answer.outcome === 'conflict' ? 'overlapped' : 'undone';
};

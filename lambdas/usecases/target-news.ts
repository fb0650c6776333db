/**
 * In what a target's history differs from those that entries of runs may agree with: the verified one, and the heads by which entries were
 * changed without being verified (yet).
 */
import { byBeginning, type Commit } from '../domain/lakefs.ts';
import type { Target } from '../domain/target.ts';
import type { Ports } from '../ports.ts';
import { historySince } from './target-history.ts';

export interface TargetNews {
  /** The first-parent log, from the head back at least to what all of them share. */
  readonly newestFirst: readonly Commit[];
  /** Its newest part, down to what all of them share. */
  readonly come: readonly Commit[];
  /** What a reset by hand took from the target. */
  readonly gone: readonly Commit[];
}

/** One reading of the log where nothing was noted and nobody has reset the target. */
export const newsOf = async (ports: Ports, target: Target): Promise<TargetNews> => {
  const { repository, branch, verifiedCommit, noted = [] } = target;
  let { newestFirst } = await historySince(ports, repository, branch, verifiedCommit);
  const head = newestFirst[0]?.id;
  const gone = new Map<string, Commit>();
  let depth = 0;
  for (const commit of [verifiedCommit, ...noted.map((each) => each.commit)]) {
    if (!newestFirst.some(({ id }) => id === commit)) {
      // Further back than what is verified, or gone: only the whole log tells that.
      const further = await historySince(ports, repository, branch, commit, head);
      if (further.newestFirst.length > newestFirst.length) newestFirst = further.newestFirst;
    }
    const { left, shared } = await leaving(ports, repository, commit, newestFirst);
    for (const each of left) gone.set(each.id, each);
    depth = Math.max(depth, shared);
  }
  return { newestFirst, come: newestFirst.slice(0, depth), gone: [...gone.values()] };
};

interface Leaving {
  /** From that commit back to what the target still holds. */
  readonly left: readonly Commit[];
  /** Where in the target's log that lies. */
  readonly shared: number;
}

/** Of a commit that lakeFS does not know any more nothing is known. */
const leaving = async (
  ports: Ports,
  repository: string,
  from: string,
  newestFirst: readonly Commit[],
): Promise<Leaving> => {
  const at = new Map(newestFirst.map(({ id }, index) => [id, index]));
  const known = at.get(from);
  if (known !== undefined) return { left: [], shared: known };
  const ref = byBeginning(from);
  if ((await ports.lakefs.getCommit(repository, ref)) === undefined) return { left: [], shared: 0 };
  const left: Commit[] = [];
  for await (const commit of ports.lakefs.log(repository, ref, {})) {
    const shared = at.get(commit.id);
    if (shared !== undefined) return { left, shared };
    left.push(commit);
  }
  return { left, shared: newestFirst.length };
};

/** What a person does in lakeFS, past Branchline. */
import type { Harness } from '../../../local/harness.ts';

export const put = (harness: Harness, branch: string, path: string, content: string | Uint8Array): Promise<unknown> =>
  harness.lakefs.putObject(
    harness.repository,
    branch,
    path,
    typeof content === 'string' ? new TextEncoder().encode(content) : content,
  );

/** A change on a branch of its own, merged into the target. @returns the merge commit. */
export const mergeByHand = async (
  harness: Harness,
  name: string,
  change: (branch: string) => Promise<unknown>,
): Promise<string> => {
  const { lakefs, repository } = harness;
  await lakefs.deleteBranch(repository, name);
  await lakefs.createBranch(repository, name, await harness.head('main'));
  await change(name);
  const committed = await lakefs.commit(repository, name, { message: name, metadata: {} });
  if (committed.outcome !== 'committed') throw new Error(`nothing to commit on ${name}`);
  const merged = await lakefs.merge(repository, committed.commit.id, 'main', { message: name, metadata: {} });
  await lakefs.deleteBranch(repository, name);
  if (merged.outcome !== 'merged') throw new Error(`${name} was not merged: ${merged.outcome}`);
  return merged.commitId;
};

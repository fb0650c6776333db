/** Tags keep no objects by themselves: lakeFS's job looks at branches alone. So each tag that is to be kept has a branch beside it. */
import type { CollectionPorts } from '../collection-ports.ts';
import { KEEPER_BRANCH_PREFIX, TAG_KEEPER_PREFIX } from '../contract.ts';
import { tagKeeperOf } from '../domain/collection.ts';
import { keeperBranchOf } from '../domain/snapshot.ts';

/** Makes the branches that are missing, moves those whose tag is on another commit now, and removes those whose tag is gone. */
export const keepTags = async (ports: CollectionPorts, repository: string): Promise<void> => {
  const { lakefs } = ports;
  const keepers = new Map<string, string>();
  for await (const { id, commitId } of lakefs.listBranches(repository, KEEPER_BRANCH_PREFIX)) keepers.set(id, commitId);
  const wanted = new Set<string>();
  for await (const { id, commitId } of lakefs.listTags(repository, '')) {
    // Snapshots have keepers of their own, which go with them.
    if (keepers.get(keeperBranchOf(id)) === commitId) continue;
    const keeper = tagKeeperOf(id);
    wanted.add(keeper);
    const before = keepers.get(keeper);
    if (before === commitId) continue;
    if (before !== undefined) await lakefs.deleteBranch(repository, keeper);
    await lakefs.createBranch(repository, keeper, commitId);
  }
  for (const id of keepers.keys()) {
    if (id.startsWith(TAG_KEEPER_PREFIX) && !wanted.has(id)) await lakefs.deleteBranch(repository, id);
  }
};

/** A repository as a whole: everything that its refs show, and its end. */
import { expect } from 'vitest';
import type { Harness } from '../../../local/harness.ts';
import { waitFor } from '../../../local/wait.ts';

/** Every branch and tag with its commit, the objects that it lists and its whole history. */
export const everythingOf = async ({ lakefs }: Harness, repository: string) => {
  const shown: unknown[] = [];
  for (const kind of ['branches', 'tags'] as const) {
    const refs = kind === 'branches' ? lakefs.listBranches(repository, '') : lakefs.listTags(repository, '');
    for await (const { id, commitId } of refs) {
      const objects = await Array.fromAsync(lakefs.listObjects(repository, commitId, {}));
      const history = await Array.fromAsync(lakefs.log(repository, commitId, {}));
      const listed = objects.map(({ path, checksum, sizeBytes }) => [path, checksum, sizeBytes]);
      shown.push({ kind, id, commitId, listed, history: history.map((commit) => commit.id) });
    }
  }
  return {
    shown,
    protected: (await lakefs.getProtectedBranches(repository)).toSorted(),
    rules: await lakefs.getGarbageCollection(repository),
  };
};

/** By lakeFS's own call, as a person would: its objects stay where they are. */
export const deleteRepository = async ({ state }: Harness, name: string): Promise<void> => {
  const { endpoint, accessKeyId, secretAccessKey } = state.lakefs;
  const basic = Buffer.from(`${accessKeyId}:${secretAccessKey}`).toString('base64');
  const answer = await fetch(`${endpoint}/api/v1/repositories/${name}`, {
    method: 'DELETE',
    headers: { authorization: `Basic ${basic}` },
  });
  expect(answer.status).toBe(204);
};

/** A server may know a repository for a moment longer than it says. */
export const waitUntilGone = ({ lakefs }: Harness, name: string): Promise<true> =>
  waitFor(async () => ((await lakefs.getRepository(name)) === undefined ? true : undefined), {
    what: `${name} is gone`,
    timeoutMs: 20_000,
    everyMs: 200,
  });

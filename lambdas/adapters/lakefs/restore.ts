/** The part of the port that restoring needs: a bare repository on a namespace that is there, and the refs of a dump into it. */
import { BranchlineError } from '../../domain/errors.ts';
import type { Lakefs } from '../../ports.ts';
import type { Calls, Refusal } from './calls.ts';

type RestoreCalls = Pick<Lakefs, 'createBareRepository' | 'beginRestore' | 'restoreOf' | 'setRepositoryMetadata'>;

/** All of them may be repeated: a second restore is refused once the first one is through. */
const repeatable = (what: string) => ({ what, repeatable: true });

export const lakefsRestore = (
  calls: Calls,
  fail: (what: string, refusal: Refusal) => BranchlineError,
): RestoreCalls => ({
  async createBareRepository({ name, storageNamespace, defaultBranch }) {
    const what = `creation of bare repository ${name}`;
    const body = { name, storage_namespace: storageNamespace, default_branch: defaultBranch };
    const result = await calls.ask(repeatable(what), (api, signal) =>
      api.POST('/repositories', { params: { query: { bare: true } }, body, signal }),
    );
    if (result.ok) return 'created';
    if (result.refusal.status === 409) return 'exists';
    throw fail(what, result.refusal);
  },

  async beginRestore(repository, dump) {
    const what = `restore of ${repository}`;
    const body = {
      commits_meta_range_id: dump.commitsMetaRangeId,
      tags_meta_range_id: dump.tagsMetaRangeId,
      branches_meta_range_id: dump.branchesMetaRangeId,
    };
    const result = await calls.ask(repeatable(what), (api, signal) =>
      api.POST('/repositories/{repository}/restore', { params: { path: { repository } }, body, signal }),
    );
    if (result.ok) return { task: result.data.id };
    if (result.refusal.status === 400 && /bare repository/i.test(result.refusal.message)) return 'in-use';
    throw fail(what, result.refusal);
  },

  async restoreOf(repository, task) {
    const what = `restore ${task} of ${repository}`;
    const result = await calls.ask(repeatable(what), (api, signal) =>
      api.GET('/repositories/{repository}/restore', {
        params: { path: { repository }, query: { task_id: task } },
        signal,
      }),
    );
    if (!result.ok) {
      const error = fail(what, result.refusal);
      if (error.code === 'BL3004') return 'unknown';
      throw error;
    }
    const { done, error } = result.data;
    if (!done) return 'pending';
    if (error === undefined || error === '') return 'done';
    // "No data": a file of the dump is not in the storage namespace (seen on 1.84).
    throw new BranchlineError('BL8402', `${what} failed: ${error}`);
  },

  async setRepositoryMetadata(repository, metadata) {
    await calls.must(repeatable(`metadata of ${repository}`), (api, signal) =>
      api.POST('/repositories/{repository}/metadata', {
        params: { path: { repository } },
        body: { metadata: { ...metadata } },
        signal,
      }),
    );
  },
});

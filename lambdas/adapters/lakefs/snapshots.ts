/** The part of the port that snapshots need: the dump of refs, and the settings that a dump leaves out. */
import { BranchlineError } from '../../domain/errors.ts';
import type { Lakefs } from '../../ports.ts';
import type { Calls, Refusal } from './calls.ts';

type SnapshotCalls = Pick<
  Lakefs,
  'beginDump' | 'dumpOf' | 'getGarbageCollection' | 'getRepositoryMetadata' | 'getMetaRangeFile'
>;

/** All of them may be repeated: a second dump writes what the first one wrote. */
const repeatable = (what: string) => ({ what, repeatable: true });

export const lakefsSnapshots = (
  calls: Calls,
  fail: (what: string, refusal: Refusal) => BranchlineError,
): SnapshotCalls => ({
  async beginDump(repository) {
    const { id } = await calls.must(repeatable(`dump of ${repository}`), (api, signal) =>
      api.POST('/repositories/{repository}/dump', { params: { path: { repository } }, signal }),
    );
    return id;
  },

  async dumpOf(repository, task) {
    const what = `dump ${task} of ${repository}`;
    const result = await calls.ask(repeatable(what), (api, signal) =>
      api.GET('/repositories/{repository}/dump', {
        params: { path: { repository }, query: { task_id: task } },
        signal,
      }),
    );
    if (!result.ok) {
      const error = fail(what, result.refusal);
      if (error.code === 'BL3004') return 'unknown';
      throw error;
    }
    const { done, error, refs } = result.data;
    if (!done) return undefined;
    if (refs === undefined || (error !== undefined && error !== ''))
      throw new BranchlineError('BL3005', `${what} failed: ${error ?? 'it names no files'}`);
    return {
      commitsMetaRangeId: refs.commits_meta_range_id,
      tagsMetaRangeId: refs.tags_meta_range_id,
      branchesMetaRangeId: refs.branches_meta_range_id,
    };
  },

  async getGarbageCollection(repository) {
    const what = `garbage-collection rules of ${repository}`;
    const result = await calls.ask(repeatable(what), (api, signal) =>
      api.GET('/repositories/{repository}/settings/gc_rules', { params: { path: { repository } }, signal }),
    );
    if (!result.ok) {
      const error = fail(what, result.refusal);
      if (error.code === 'BL3004') return undefined;
      throw error;
    }
    const { default_retention_days, branches } = result.data;
    return {
      defaultRetentionDays: default_retention_days,
      branches: Object.fromEntries((branches ?? []).map((rule) => [rule.branch_id, rule.retention_days])),
    };
  },

  async getRepositoryMetadata(repository) {
    return calls.must(repeatable(`metadata of ${repository}`), (api, signal) =>
      api.GET('/repositories/{repository}/metadata', { params: { path: { repository } }, signal }),
    );
  },

  async getMetaRangeFile(repository, metaRangeId) {
    const what = `meta-range ${metaRangeId} of ${repository}`;
    const result = await calls.ask(repeatable(what), (api, signal) =>
      api.GET('/repositories/{repository}/metadata/object/meta_range/{metaRangeId}', {
        params: { path: { repository, metaRangeId } },
        parseAs: 'arrayBuffer',
        signal,
      }),
    );
    if (result.ok) return new Uint8Array(result.data as unknown as ArrayBuffer);
    // 410 "No data" is a file that is gone; the repository itself is there (seen on 1.84).
    if (result.refusal.status === 410 && /no data/i.test(result.refusal.message)) return undefined;
    const error = fail(what, result.refusal);
    if (error.code === 'BL3004') return undefined;
    throw error;
  },
});

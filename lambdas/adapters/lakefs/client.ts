/** The lakeFS port over HTTP. */
import { BranchlineError } from '../../domain/errors.ts';
import type { CommitRequest } from '../../domain/lakefs.ts';
import type { Lakefs, LakefsContent } from '../../ports.ts';
import { Calls, type LakefsOptions } from './calls.ts';
import { errorOf } from './failures.ts';
import { lakefsObjects } from './objects.ts';
import { type Page, pages } from './pages.ts';
import { lakefsRestore } from './restore.ts';
import { toChange, toCommit, toRef, toRepository } from './shapes.ts';
import { lakefsSnapshots } from './snapshots.ts';
import { lakefsTags } from './tags.ts';

export type { LakefsOptions } from './calls.ts';

const read = (what: string) => ({ what, repeatable: true });
/** Repeating it blindly could do it twice: commit, merge, revert. */
const write = (what: string) => ({ what, repeatable: false });
const short = (id: string): string => (/^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id);
/**
 * By prefixes, a page that goes on after an object leaves out all that begins like it: after `p=1`, the prefixes `p=1/` and
 * `p=10/` (seen on 1.84). A character that no path goes on with lets them through.
 */
const afterObjects = ({ pagination, results }: Page<{ readonly path_type: string }>): string =>
  results.at(-1)?.path_type === 'object' ? `${pagination.next_offset}\u0001` : pagination.next_offset;
const saysNoChanges = (message: string): boolean => /no changes/i.test(message);

const failWith =
  ({ endpoint }: LakefsOptions) =>
  (what: string, refusal: { status: number; message: string }): BranchlineError =>
    errorOf({ kind: 'answer', ...refusal }, what, endpoint);

export const createLakefs = (options: LakefsOptions): Lakefs => {
  const calls = new Calls(options);
  const fail = failWith(options);
  return { ...createLakefsContent(options), ...lakefsRestore(calls, fail), ...lakefsSnapshots(calls, fail) };
};

/** Apart, so that functions which never touch whole repositories do not carry the rest. */
export const createLakefsContent = (options: LakefsOptions): LakefsContent => {
  const calls = new Calls(options);
  const fail = failWith(options);
  const overrides = ({ message, metadata }: CommitRequest) => ({ message, metadata: { ...metadata } });

  return {
    ...lakefsObjects(calls, fail),
    ...lakefsTags(calls, fail),

    async version() {
      const { version } = await calls.must(read('version'), (api, signal) => api.GET('/config/version', { signal }));
      return version ?? 'unknown';
    },

    async getRepository(repository) {
      const what = `repository ${repository}`;
      const result = await calls.ask(read(what), (api, signal) =>
        api.GET('/repositories/{repository}', { params: { path: { repository } }, signal }),
      );
      if (result.ok) return toRepository(result.data);
      if (result.refusal.status === 404) return undefined;
      throw fail(what, result.refusal);
    },

    async createRepository({ name, storageNamespace, defaultBranch }) {
      const what = `creation of repository ${name}`;
      const body = { name, storage_namespace: storageNamespace, default_branch: defaultBranch };
      const result = await calls.ask(read(what), (api, signal) => api.POST('/repositories', { body, signal }));
      if (result.ok) return 'created';
      // 409 is also the answer where the storage namespace is another repository's.
      if (result.refusal.status === 409 && (await this.getRepository(name)) !== undefined) return 'exists';
      if (result.refusal.status === 400 && /storage namespace already in use/i.test(result.refusal.message))
        throw new BranchlineError('BL3008', `${what} at ${storageNamespace}: ${result.refusal.message}`);
      throw fail(what, result.refusal);
    },

    async getBranch(repository, branch) {
      const what = `branch ${branch} of ${repository}`;
      const result = await calls.ask(read(what), (api, signal) =>
        api.GET('/repositories/{repository}/branches/{branch}', { params: { path: { repository, branch } }, signal }),
      );
      if (result.ok) return toRef(result.data);
      const error = fail(what, result.refusal);
      if (error.code === 'BL3004') return undefined;
      throw error;
    },

    async createBranch(repository, branch, sourceCommit) {
      const what = `creation of branch ${branch} of ${repository}`;
      const result = await calls.ask(read(what), (api, signal) =>
        api.POST('/repositories/{repository}/branches', {
          params: { path: { repository } },
          body: { name: branch, source: sourceCommit },
          // The answer is a commit id as plain text.
          parseAs: 'text',
          signal,
        }),
      );
      if (result.ok) return 'created';
      // A tag or a commit of that name answers 409 too.
      if (result.refusal.status === 409 && (await this.getBranch(repository, branch)) !== undefined) return 'exists';
      throw fail(what, result.refusal);
    },

    async deleteBranch(repository, branch) {
      const what = `deletion of branch ${branch} of ${repository}`;
      const result = await calls.ask(read(what), (api, signal) =>
        api.DELETE('/repositories/{repository}/branches/{branch}', {
          params: { path: { repository, branch } },
          signal,
        }),
      );
      if (result.ok) return 'deleted';
      const error = fail(what, result.refusal);
      if (error.code === 'BL3004') return 'absent';
      throw error;
    },

    listBranches: (repository, prefix) =>
      pages(
        (after, amount) =>
          calls.must(read(`branches of ${repository}`), (api, signal) =>
            api.GET('/repositories/{repository}/branches', {
              params: { path: { repository }, query: { prefix, amount, ...(after === undefined ? {} : { after }) } },
              signal,
            }),
          ),
        toRef,
      ),

    listStaged: (repository, branch) =>
      pages(
        (after, amount) =>
          calls.must(read(`staged changes of ${branch}`), (api, signal) =>
            api.GET('/repositories/{repository}/branches/{branch}/diff', {
              params: { path: { repository, branch }, query: { amount, ...(after === undefined ? {} : { after }) } },
              signal,
            }),
          ),
        toChange,
      ),

    async resetStaged(repository, branch, prefix) {
      const body = prefix === undefined ? { type: 'reset' as const } : { type: 'common_prefix' as const, path: prefix };
      await calls.must(read(`reset of ${branch}`), (api, signal) =>
        api.PUT('/repositories/{repository}/branches/{branch}', {
          params: { path: { repository, branch } },
          body,
          signal,
        }),
      );
    },

    async commit(repository, branch, request, sourceMetaRange) {
      const what = `commit on ${branch}`;
      const query = sourceMetaRange === undefined ? {} : { source_metarange: sourceMetaRange };
      const result = await calls.ask(write(what), (api, signal) =>
        api.POST('/repositories/{repository}/branches/{branch}/commits', {
          params: { path: { repository, branch }, query },
          body: overrides(request),
          signal,
        }),
      );
      if (result.ok) return { outcome: 'committed', commit: toCommit(result.data) };
      if (result.refusal.status === 400 && saysNoChanges(result.refusal.message))
        return { outcome: 'nothing-to-commit' };
      throw fail(what, result.refusal);
    },

    async getCommit(repository, ref) {
      const what = `commit ${short(ref)}`;
      const result = await calls.ask(read(what), (api, signal) =>
        api.GET('/repositories/{repository}/commits/{commitId}', {
          params: { path: { repository, commitId: ref } },
          signal,
        }),
      );
      if (result.ok) return toCommit(result.data);
      const error = fail(what, result.refusal);
      if (error.code === 'BL3004') return undefined;
      throw error;
    },

    log: (repository, ref, { stopAt, limit }) =>
      pages(
        (after, amount) =>
          calls.must(read(`log of ${short(ref)}`), (api, signal) =>
            api.GET('/repositories/{repository}/refs/{ref}/commits', {
              params: {
                path: { repository, ref },
                query: {
                  amount,
                  first_parent: true,
                  ...(after === undefined ? {} : { after }),
                  ...(stopAt === undefined ? {} : { stop_at: stopAt }),
                },
              },
              signal,
            }),
          ),
        toCommit,
        limit,
      ),

    diff: (repository, left, right, { type, prefix, delimiter, after: start }) =>
      pages(
        (after, amount) =>
          calls.must(read(`diff of ${short(left)} and ${short(right)}`), (api, signal) =>
            api.GET('/repositories/{repository}/refs/{leftRef}/diff/{rightRef}', {
              params: {
                path: { repository, leftRef: left, rightRef: right },
                query: {
                  type,
                  amount,
                  ...(prefix === undefined ? {} : { prefix }),
                  ...(delimiter === undefined ? {} : { delimiter }),
                  ...(after === undefined ? {} : { after }),
                },
              },
              signal,
            }),
          ),
        toChange,
        undefined,
        delimiter === undefined ? undefined : afterObjects,
        start,
      ),

    async mergeBase(repository, left, right) {
      const { base_commit_id } = await calls.must(
        read(`merge base of ${short(left)} and ${short(right)}`),
        (api, signal) =>
          api.GET('/repositories/{repository}/refs/{sourceRef}/merge/{destination}', {
            params: { path: { repository, sourceRef: left, destination: right } },
            signal,
          }),
      );
      return base_commit_id;
    },

    async merge(repository, sourceCommit, target, request) {
      const what = `merge of ${short(sourceCommit)} into ${target}`;
      const result = await calls.ask(write(what), (api, signal) =>
        api.POST('/repositories/{repository}/refs/{sourceRef}/merge/{destination}', {
          params: { path: { repository, sourceRef: sourceCommit, destination: target } },
          body: overrides(request),
          signal,
        }),
      );
      if (result.ok) return { outcome: 'merged', commitId: result.data.reference };
      const { status, message } = result.refusal;
      // The body of this 409 is `{"reference":""}`, not an error.
      if (status === 409) return { outcome: 'conflict' };
      if (status === 412) return { outcome: 'rejected', reason: message };
      if (status === 400 && saysNoChanges(message)) return { outcome: 'no-changes' };
      throw fail(what, result.refusal);
    },

    async revert(repository, branch, commitId, parentNumber, request) {
      const what = `revert of ${short(commitId)} on ${branch}`;
      const result = await calls.ask(write(what), (api, signal) =>
        api.POST('/repositories/{repository}/branches/{branch}/revert', {
          params: { path: { repository, branch } },
          body: { ref: commitId, parent_number: parentNumber, commit_overrides: overrides(request) },
          signal,
        }),
      );
      if (result.ok) return { outcome: 'reverted' };
      const { status, message } = result.refusal;
      if (status === 409) return { outcome: 'conflict' };
      if (status === 400 && saysNoChanges(message)) return { outcome: 'no-changes' };
      throw fail(what, result.refusal);
    },

    async getProtectedBranches(repository) {
      const rules = await calls.must(read(`branch protection of ${repository}`), (api, signal) =>
        api.GET('/repositories/{repository}/settings/branch_protection', { params: { path: { repository } }, signal }),
      );
      return rules.map(({ pattern }) => pattern);
    },

    async setProtectedBranches(repository, patterns) {
      await calls.must(read(`branch protection of ${repository}`), (api, signal) =>
        api.PUT('/repositories/{repository}/settings/branch_protection', {
          params: { path: { repository } },
          body: patterns.map((pattern) => ({ pattern })),
          signal,
        }),
      );
    },

    async setGarbageCollection(repository, { defaultRetentionDays, branches }) {
      const rules = Object.entries(branches).map(([branch_id, retention_days]) => ({ branch_id, retention_days }));
      await calls.must(read(`garbage-collection rules of ${repository}`), (api, signal) =>
        api.PUT('/repositories/{repository}/settings/gc_rules', {
          params: { path: { repository } },
          body: { default_retention_days: defaultRetentionDays, branches: rules },
          signal,
        }),
      );
    },
  };
};

/** The part of the lakeFS port that is about tags. */
import type { BranchlineError } from '../../domain/errors.ts';
import type { Lakefs } from '../../ports.ts';
import type { Calls } from './calls.ts';
import { pages } from './pages.ts';
import { toRef } from './shapes.ts';

type Tags = Pick<Lakefs, 'createTag' | 'getTag' | 'deleteTag' | 'listTags'>;
type Fail = (what: string, refusal: { status: number; message: string }) => BranchlineError;

/** All are safe to repeat. */
const read = (what: string) => ({ what, repeatable: true });

export const lakefsTags = (calls: Calls, fail: Fail): Tags => {
  return {
    async createTag(repository, tag, ref) {
      const what = `creation of tag ${tag} of ${repository}`;
      const result = await calls.ask(read(what), (api, signal) =>
        api.POST('/repositories/{repository}/tags', {
          params: { path: { repository } },
          body: { id: tag, ref },
          signal,
        }),
      );
      if (result.ok) return 'created';
      // A branch or a commit of that name answers 409 too.
      if (result.refusal.status === 409 && (await this.getTag(repository, tag)) !== undefined) return 'exists';
      throw fail(what, result.refusal);
    },

    async getTag(repository, tag) {
      const what = `tag ${tag} of ${repository}`;
      const result = await calls.ask(read(what), (api, signal) =>
        api.GET('/repositories/{repository}/tags/{tag}', { params: { path: { repository, tag } }, signal }),
      );
      if (result.ok) return toRef(result.data);
      const error = fail(what, result.refusal);
      if (error.code === 'BL3004') return undefined;
      throw error;
    },

    async deleteTag(repository, tag) {
      const what = `deletion of tag ${tag} of ${repository}`;
      const result = await calls.ask(read(what), (api, signal) =>
        api.DELETE('/repositories/{repository}/tags/{tag}', { params: { path: { repository, tag } }, signal }),
      );
      if (result.ok) return 'deleted';
      const error = fail(what, result.refusal);
      if (error.code === 'BL3004') return 'absent';
      throw error;
    },

    listTags: (repository, prefix) =>
      pages(
        (after, amount) =>
          calls.must(read(`tags of ${repository}`), (api, signal) =>
            api.GET('/repositories/{repository}/tags', {
              params: { path: { repository }, query: { prefix, amount, ...(after === undefined ? {} : { after }) } },
              signal,
            }),
          ),
        toRef,
      ),
  };
};

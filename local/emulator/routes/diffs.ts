/** What differs: between refs, and between a branch and what is staged on it. */
import { pageOf } from '../model/trees.ts';
import { type DiffEntry, ModelError } from '../model/types.ts';
import { BRANCH, REPOSITORY, type Route } from '../route.ts';
import { wireDiff, wirePage } from '../wire.ts';

const asPrefixChange = (path: string): DiffEntry => ({ type: 'prefix_changed', path, isPrefix: true, sizeBytes: 0 });

export const DIFF_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: `${BRANCH}/diff`,
    handle: async ({ model, repository, params, page }) => ({
      status: 200,
      body: wirePage(
        pageOf(model.uncommitted(repository(), params['branch'] ?? ''), page(), asPrefixChange, 'diff'),
        wireDiff,
      ),
    }),
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/refs/:left/diff/:right`,
    handle: async ({ model, repository, params, query, page }) => {
      const type = query.get('type') ?? 'three_dot';
      if (type !== 'two_dot' && type !== 'three_dot') {
        throw new ModelError(400, `parameter "type" in query has an error: "${type}", allowed: two_dot, three_dot`);
      }
      const isThreeDot = type === 'three_dot';
      const entries = model.diff(repository(), params['left'] ?? '', params['right'] ?? '', isThreeDot);
      return { status: 200, body: wirePage(pageOf(entries, page(), asPrefixChange, 'diff'), wireDiff) };
    },
  },
];

/** Branches and tags. */
import { refuseBadTag } from '../model/refs.ts';
import { pageOf } from '../model/trees.ts';
import { notFound } from '../model/types.ts';
import { required, requiredIn } from '../request.ts';
import { BRANCH, REPOSITORY, type Route } from '../route.ts';
import { wirePage } from '../wire.ts';

const byName = (items: Iterable<[string, string]>) =>
  [...items].map(([path, commit]) => ({ path, commit })).sort((a, b) => (a.path < b.path ? -1 : 1));
const wireRef = ({ path, commit }: { path: string; commit: string }) => ({ id: path, commit_id: commit });

export const REF_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: `${REPOSITORY}/branches`,
    handle: async ({ repository, page, query }) => {
      const isShown = query.get('show_hidden') === 'true';
      const shown = [...repository().branches].filter(([, { isHidden }]) => isShown || !isHidden);
      const items = byName(shown.map(([name, { head }]) => [name, head]));
      return {
        status: 200,
        body: wirePage(
          pageOf(items, page(), (_, item) => item),
          wireRef,
        ),
      };
    },
  },
  {
    method: 'POST',
    path: `${REPOSITORY}/branches`,
    handle: async ({ model, repository, json }) => {
      const { name, source, hidden } = json() as { name?: string; source?: string; hidden?: boolean };
      const from = required({ source }, 'source');
      return { status: 201, raw: model.createBranch(repository(), name ?? '', from, hidden === true) };
    },
  },
  {
    method: 'GET',
    path: BRANCH,
    handle: async ({ model, repository, params }) => {
      const { head } = model.branch(repository(), params['branch'] ?? '');
      return { status: 200, body: { id: params['branch'], commit_id: head } };
    },
  },
  {
    method: 'DELETE',
    path: BRANCH,
    handle: async ({ model, repository, params }) => {
      model.deleteBranch(repository(), params['branch'] ?? '');
      return { status: 204 };
    },
  },
  {
    method: 'PUT',
    path: BRANCH,
    handle: async ({ model, repository, params, json }) => {
      const body = json() as Record<string, string>;
      model.reset(repository(), params['branch'] ?? '', required(body, 'type'), body['path']);
      return { status: 204 };
    },
  },
  {
    method: 'PUT',
    path: `${BRANCH}/hard_reset`,
    handle: async ({ model, repository, params, query }) => {
      model.hardReset(repository(), params['branch'] ?? '', requiredIn(query, 'ref'));
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/tags`,
    handle: async ({ repository, page }) => ({
      status: 200,
      body: wirePage(
        pageOf(byName(repository().tags), page(), (_, item) => item),
        wireRef,
      ),
    }),
  },
  {
    method: 'POST',
    path: `${REPOSITORY}/tags`,
    handle: async ({ model, repository, json }) => {
      const body = json() as Record<string, string>;
      const id = body['id'] ?? '';
      return { status: 201, body: { id, commit_id: model.createTag(repository(), id, required(body, 'ref')) } };
    },
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/tags/:tag`,
    handle: async ({ repository, params }) => {
      refuseBadTag(params['tag'] ?? '');
      const commit = repository().tags.get(params['tag'] ?? '');
      if (commit === undefined) throw notFound('tag');
      return { status: 200, body: { id: params['tag'], commit_id: commit } };
    },
  },
  {
    method: 'DELETE',
    path: `${REPOSITORY}/tags/:tag`,
    handle: async ({ repository, params }) => {
      if (!repository().tags.delete(params['tag'] ?? '')) throw notFound('tag');
      return { status: 204 };
    },
  },
];

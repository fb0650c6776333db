/** Repositories with their settings, dump and restore. */
import type { Dump } from '../model/model.ts';
import { pageOf } from '../model/trees.ts';
import { ModelError, notFound } from '../model/types.ts';
import type { ObjectStore } from '../objects.ts';
import { required } from '../request.ts';
import { REPOSITORY, type Route } from '../route.ts';
import { wirePage, wireRepository } from '../wire.ts';

/** Left in every storage namespace, and there still when the repository is deleted (seen on 1.84). */
const MARKER = '_lakefs/dummy';

const holds = (objects: ObjectStore, address: string): Promise<boolean> =>
  objects.read(address).then(
    () => true,
    () => false,
  );

export const REPOSITORY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/repositories',
    handle: async ({ model, objects, json, query }) => {
      const body = json() as Record<string, string>;
      const name = required(body, 'name');
      const namespace = required(body, 'storage_namespace');
      const isBare = query.get('bare') === 'true';
      const marker = `${namespace.replace(/\/+$/, '')}/${MARKER}`;
      if (!isBare && !model.repositories.has(name) && (await holds(objects, marker))) {
        const found = `failed to create repository: found lakeFS objects in the storage (:${namespace}) key(${MARKER})`;
        throw new ModelError(400, `${found}: storage namespace already in use`);
      }
      const made = model.createRepository(name, namespace, body['default_branch'] ?? 'main', isBare);
      await objects.write(marker, Buffer.from('a repository lives here'));
      return { status: 201, body: wireRepository(made) };
    },
  },
  {
    method: 'GET',
    path: '/repositories',
    handle: async ({ model, page }) => {
      const items = [...model.repositories.values()].map((repository) => ({ path: repository.id, repository }));
      return {
        status: 200,
        body: wirePage(
          pageOf(items, page(), (_, item) => item),
          ({ repository }) => wireRepository(repository),
        ),
      };
    },
  },
  {
    method: 'GET',
    path: REPOSITORY,
    handle: async ({ repository }) => ({ status: 200, body: wireRepository(repository()) }),
  },
  {
    method: 'DELETE',
    path: REPOSITORY,
    handle: async ({ model, repository }) => {
      model.deleteRepository(repository().id);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/settings/branch_protection`,
    handle: async ({ repository }) => ({
      status: 200,
      body: repository().protection.patterns.map((pattern) => ({ pattern })),
    }),
  },
  {
    method: 'PUT',
    path: `${REPOSITORY}/settings/branch_protection`,
    handle: async ({ model, repository, json }) => {
      model.protect(
        repository(),
        (json() as { pattern: string }[]).map(({ pattern }) => pattern),
      );
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/metadata`,
    handle: async ({ repository }) => ({ status: 200, body: repository().metadata }),
  },
  {
    method: 'POST',
    path: `${REPOSITORY}/metadata`,
    handle: async ({ repository, json }) => {
      const found = repository();
      const { metadata } = json() as { metadata: Record<string, string> };
      found.metadata = { ...found.metadata, ...metadata };
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/settings/gc_rules`,
    handle: async ({ repository }) => {
      const { gcRules } = repository();
      if (gcRules === undefined) throw notFound();
      return { status: 200, body: gcRules };
    },
  },
  {
    method: 'PUT',
    path: `${REPOSITORY}/settings/gc_rules`,
    handle: async ({ repository, json }) => {
      const rules = json() as { default_retention_days?: number; branches?: unknown[] };
      if (rules.default_retention_days === undefined || rules.branches === undefined) {
        throw new ModelError(400, 'request body has an error: default_retention_days and branches are required');
      }
      // An empty list comes back as null (seen on 1.84).
      repository().gcRules = { ...rules, branches: rules.branches.length === 0 ? null : rules.branches };
      return { status: 204 };
    },
  },
  {
    method: 'DELETE',
    path: `${REPOSITORY}/settings/gc_rules`,
    handle: async ({ repository }) => {
      repository().gcRules = undefined;
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: `${REPOSITORY}/dump`,
    handle: async ({ model, repository, remember }) => ({
      status: 202,
      body: { id: remember({ done: true, update_time: new Date(0).toISOString(), refs: model.dump(repository()) }) },
    }),
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/dump`,
    handle: async ({ query, recall }) => ({ status: 200, body: recall(query.get('task_id') ?? '') }),
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/metadata/object/meta_range/:id`,
    handle: async ({ model, repository, params }) => {
      repository();
      return { status: 200, raw: Buffer.from(model.dumpFile(params['id'] ?? ''), 'utf8') };
    },
  },
  {
    method: 'POST',
    path: `${REPOSITORY}/restore`,
    handle: async ({ model, repository, json, remember }) => {
      const ended = { done: true, update_time: new Date(0).toISOString() };
      try {
        model.restore(repository(), json() as Dump);
        return { status: 202, body: { id: remember(ended) } };
      } catch (error) {
        // That it is not bare is said at once; what goes wrong later, by the task.
        if (!(error instanceof ModelError) || error.status !== 410) throw error;
        return { status: 202, body: { id: remember({ ...ended, error: error.message }) } };
      }
    },
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/restore`,
    handle: async ({ query, recall }) => ({ status: 200, body: recall(query.get('task_id') ?? '') }),
  },
];

/** The API's operations: method and path → what the model does → status and body. */

import { pageOf } from './model/trees.ts';
import { type DiffEntry, ModelError, notFound } from './model/types.ts';
import { checksumOf, newAddress } from './objects.ts';
import { type Calls, required } from './request.ts';
import { type Listed, wireCommit, wireDiff, wireObject, wirePage, wireRepository } from './wire.ts';

export interface Route {
  readonly method: string;
  /** Segments; `:name` stands for anything. */
  readonly path: string;
  readonly handle: (
    call: Calls,
  ) => Promise<{ status: number; body?: unknown; raw?: Buffer | string; location?: string }>;
}

const VERSION = '1.84.0-emulator';
const asPrefix = (path: string): Listed => ({ path });
const asPrefixChange = (path: string): DiffEntry => ({ type: 'prefix_changed', path, isPrefix: true, sizeBytes: 0 });
const byName = (items: Iterable<[string, string]>) =>
  [...items].map(([path, commit]) => ({ path, commit })).sort((a, b) => (a.path < b.path ? -1 : 1));
const wireRef = ({ path, commit }: { path: string; commit: string }) => ({ id: path, commit_id: commit });

const R = '/repositories/:repository';
const B = `${R}/branches/:branch`;

export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/healthcheck', handle: async () => ({ status: 204 }) },
  { method: 'GET', path: '/config/version', handle: async () => ({ status: 200, body: { version: VERSION } }) },
  {
    method: 'GET',
    path: '/config',
    handle: async ({ blockstoreType }) => ({
      status: 200,
      body: { version_config: { version: VERSION }, storage_config: { blockstore_type: blockstoreType } },
    }),
  },
  {
    method: 'GET',
    path: '/user',
    handle: async () => ({ status: 200, body: { user: { id: 'branchline', creation_date: 0 } } }),
  },

  // ---- repositories
  {
    method: 'POST',
    path: '/repositories',
    handle: async ({ model, json, query }) => {
      const body = json as Record<string, string>;
      const name = required(body, 'name');
      const made = model.createRepository(
        name,
        required(body, 'storage_namespace'),
        body['default_branch'] ?? 'main',
        query.get('bare') === 'true',
      );
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
  { method: 'GET', path: R, handle: async ({ repository }) => ({ status: 200, body: wireRepository(repository()) }) },
  {
    method: 'DELETE',
    path: R,
    handle: async ({ model, repository }) => {
      model.deleteRepository(repository().id);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: `${R}/settings/branch_protection`,
    handle: async ({ repository }) => ({
      status: 200,
      body: repository().protection.patterns.map((pattern) => ({ pattern })),
    }),
  },
  {
    method: 'PUT',
    path: `${R}/settings/branch_protection`,
    handle: async ({ model, repository, json }) => {
      model.protect(
        repository(),
        (json as { pattern: string }[]).map(({ pattern }) => pattern),
      );
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: `${R}/settings/gc_rules`,
    handle: async ({ repository }) => {
      const { gcRules } = repository();
      if (gcRules === undefined) throw notFound('garbage collection rules');
      return { status: 200, body: gcRules };
    },
  },
  {
    method: 'PUT',
    path: `${R}/settings/gc_rules`,
    handle: async ({ repository, json }) => {
      repository().gcRules = json;
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: `${R}/dump`,
    handle: async ({ model, repository, remember }) => ({
      status: 202,
      body: { id: remember({ done: true, update_time: new Date(0).toISOString(), refs: model.dump(repository()) }) },
    }),
  },
  {
    method: 'GET',
    path: `${R}/dump`,
    handle: async ({ query, recall }) => ({ status: 200, body: recall(query.get('task_id') ?? '') }),
  },
  {
    method: 'POST',
    path: `${R}/restore`,
    handle: async ({ model, repository, json, remember }) => {
      model.restore(repository(), json as never);
      return { status: 202, body: { id: remember({ done: true, update_time: new Date(0).toISOString() }) } };
    },
  },
  {
    method: 'GET',
    path: `${R}/restore`,
    handle: async ({ query, recall }) => ({ status: 200, body: recall(query.get('task_id') ?? '') }),
  },

  // ---- branches and tags
  {
    method: 'GET',
    path: `${R}/branches`,
    handle: async ({ repository, page }) => {
      const items = byName([...repository().branches].map(([name, { head }]) => [name, head]));
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
    path: `${R}/branches`,
    handle: async ({ model, repository, json }) => {
      const body = json as Record<string, string>;
      return { status: 201, raw: model.createBranch(repository(), required(body, 'name'), required(body, 'source')) };
    },
  },
  {
    method: 'GET',
    path: B,
    handle: async ({ model, repository, params }) => {
      const { head } = model.branch(repository(), params['branch'] ?? '');
      return { status: 200, body: { id: params['branch'], commit_id: head } };
    },
  },
  {
    method: 'DELETE',
    path: B,
    handle: async ({ model, repository, params }) => {
      model.deleteBranch(repository(), params['branch'] ?? '');
      return { status: 204 };
    },
  },
  {
    method: 'PUT',
    path: B,
    handle: async ({ model, repository, params, json }) => {
      const body = json as Record<string, string>;
      model.reset(repository(), params['branch'] ?? '', required(body, 'type'), body['path']);
      return { status: 204 };
    },
  },
  {
    method: 'PUT',
    path: `${B}/hard_reset`,
    handle: async ({ model, repository, params, query }) => {
      model.hardReset(repository(), params['branch'] ?? '', query.get('ref') ?? '');
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: `${R}/tags`,
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
    path: `${R}/tags`,
    handle: async ({ model, repository, json }) => {
      const body = json as Record<string, string>;
      const id = required(body, 'id');
      return { status: 201, body: { id, commit_id: model.createTag(repository(), id, required(body, 'ref')) } };
    },
  },
  {
    method: 'GET',
    path: `${R}/tags/:tag`,
    handle: async ({ repository, params }) => {
      const commit = repository().tags.get(params['tag'] ?? '');
      if (commit === undefined) throw notFound('tag');
      return { status: 200, body: { id: params['tag'], commit_id: commit } };
    },
  },
  {
    method: 'DELETE',
    path: `${R}/tags/:tag`,
    handle: async ({ repository, params }) => {
      if (!repository().tags.delete(params['tag'] ?? '')) throw notFound('tag');
      return { status: 204 };
    },
  },

  // ---- commits
  {
    method: 'POST',
    path: `${B}/commits`,
    handle: async ({ model, repository, params, json, query }) => {
      const body = json as {
        message?: string;
        metadata?: Record<string, string>;
        allow_empty?: boolean;
        date?: number;
      };
      const source = query.get('source_metarange');
      const commit = model.commit(repository(), params['branch'] ?? '', {
        message: body.message ?? '',
        ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
        ...(body.allow_empty === undefined ? {} : { allowEmpty: body.allow_empty }),
        ...(body.date === undefined ? {} : { date: body.date }),
        ...(source === null ? {} : { sourceMetaRange: source }),
      });
      return { status: 201, body: wireCommit(commit) };
    },
  },
  {
    method: 'GET',
    path: `${R}/commits/:commit`,
    handle: async ({ model, repository, params }) => {
      const found = repository();
      const commit = found.commits.get(model.resolve(found, params['commit'] ?? ''));
      if (commit === undefined) throw notFound('commit');
      return { status: 200, body: wireCommit(commit) };
    },
  },
  {
    method: 'GET',
    path: `${R}/refs/:ref/commits`,
    handle: async ({ model, repository, params, query, page }) => {
      const commits = model.log(repository(), params['ref'] ?? '', query.get('first_parent') === 'true');
      const stopAt = query.get('stop_at');
      if (stopAt !== null && !repository().commits.has(stopAt)) throw new ModelError(404, 'stop_at: not found');
      const stop = stopAt === null ? -1 : commits.findIndex(({ id }) => id === stopAt);
      const wanted = stop < 0 ? commits : commits.slice(0, stop + 1);
      const { after, amount } = page();
      const from = after === '' ? 0 : wanted.findIndex(({ id }) => id === after) + 1;
      const results = wanted.slice(from, from + amount);
      const hasMore = from + amount < wanted.length;
      return {
        status: 200,
        body: wirePage({ results, hasMore, nextOffset: hasMore ? (results.at(-1)?.id ?? '') : '' }, wireCommit),
      };
    },
  },
  {
    method: 'POST',
    path: `${R}/refs/:source/merge/:destination`,
    handle: async ({ model, repository, params, json }) => {
      const body = (json ?? {}) as Record<string, never>;
      try {
        const commit = model.merge(repository(), params['source'] ?? '', params['destination'] ?? '', {
          message: body['message'] ?? '',
          metadata: body['metadata'] ?? {},
          strategy: body['strategy'],
          squash: body['squash_merge'] === true,
          allowEmpty: body['allow_empty'] === true,
        });
        return { status: 200, body: { reference: commit.id } };
      } catch (error) {
        // A conflict is told by an empty reference, not by an error (seen on 1.84).
        if (error instanceof ModelError && error.status === 409) return { status: 409, body: { reference: '' } };
        throw error;
      }
    },
  },
  {
    method: 'GET',
    path: `${R}/refs/:source/merge/:destination`,
    handle: async ({ model, repository, params }) => {
      const found = repository();
      const [source, destination] = [params['source'] ?? '', params['destination'] ?? ''];
      return {
        status: 200,
        // The wrong way round, as a real server answers.
        body: {
          source_commit_id: model.resolve(found, destination),
          destination_commit_id: model.resolve(found, source),
          base_commit_id: model.base(found, source, destination),
        },
      };
    },
  },
  {
    method: 'POST',
    path: `${B}/revert`,
    handle: async ({ model, repository, params, json }) => {
      const body = json as {
        ref: string;
        parent_number: number;
        commit_overrides?: { message?: string; metadata?: Record<string, string> };
      };
      model.revert(repository(), params['branch'] ?? '', body.ref, body.parent_number, { ...body.commit_overrides });
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: `${B}/cherry-pick`,
    handle: async ({ model, repository, params, json }) => {
      const body = json as {
        ref: string;
        parent_number?: number;
        commit_overrides?: { message?: string; metadata?: Record<string, string> };
      };
      const commit = model.cherryPick(repository(), params['branch'] ?? '', body.ref, body.parent_number ?? 0, {
        ...body.commit_overrides,
      });
      return { status: 201, body: wireCommit(commit) };
    },
  },

  // ---- diffs
  {
    method: 'GET',
    path: `${B}/diff`,
    handle: async ({ model, repository, params, page }) => ({
      status: 200,
      body: wirePage(pageOf(model.uncommitted(repository(), params['branch'] ?? ''), page(), asPrefixChange), wireDiff),
    }),
  },
  {
    method: 'GET',
    path: `${R}/refs/:left/diff/:right`,
    handle: async ({ model, repository, params, query, page }) => {
      const isThreeDot = query.get('type') !== 'two_dot';
      const entries = model.diff(repository(), params['left'] ?? '', params['right'] ?? '', isThreeDot);
      return { status: 200, body: wirePage(pageOf(entries, page(), asPrefixChange), wireDiff) };
    },
  },

  // ---- objects
  {
    method: 'GET',
    path: `${R}/refs/:ref/objects/ls`,
    handle: async ({ repository, params, query, page, listed, objects }) => {
      const found = pageOf(listed(repository(), params['ref'] ?? ''), page(), asPrefix);
      const urls =
        query.get('presign') === 'true'
          ? await Promise.all(
              found.results.map(({ entry }) => (entry === undefined ? '' : objects.urlOf(entry.physicalAddress))),
            )
          : [];
      let at = 0;
      return { status: 200, body: wirePage(found, (item) => wireObject(item, urls[at++])) };
    },
  },
  {
    method: 'GET',
    path: `${R}/refs/:ref/objects/stat`,
    handle: async ({ repository, params, query, entryAt, objects }) => {
      const path = query.get('path') ?? '';
      const entry = entryAt(repository(), params['ref'] ?? '', path);
      const url = query.get('presign') === 'true' ? await objects.urlOf(entry.physicalAddress) : undefined;
      return { status: 200, body: wireObject({ path, entry }, url) };
    },
  },
  {
    method: 'GET',
    path: `${R}/refs/:ref/objects`,
    handle: async ({ repository, params, query, entryAt, objects }) => {
      const entry = entryAt(repository(), params['ref'] ?? '', query.get('path') ?? '');
      if (query.get('presign') === 'true') return { status: 302, location: await objects.urlOf(entry.physicalAddress) };
      return { status: 200, raw: await objects.read(entry.physicalAddress) };
    },
  },
  {
    method: 'POST',
    path: `${B}/objects`,
    handle: async ({ model, repository, params, query, content, headers, objects, now }) => {
      const found = repository();
      const [branch, path] = [params['branch'] ?? '', query.get('path') ?? ''];
      if (headers['if-none-match'] === '*' && model.view(found, branch).has(path))
        throw new ModelError(412, 'path already exists');
      const bytes = content();
      const entry = {
        physicalAddress: newAddress(found.storageNamespace),
        checksum: checksumOf(bytes),
        sizeBytes: bytes.length,
        mtime: Math.floor(now() / 1000),
        contentType: 'application/octet-stream',
        metadata: {},
      };
      model.branch(found, branch);
      await objects.write(entry.physicalAddress, bytes);
      model.stage(found, branch, path, entry);
      return { status: 201, body: wireObject({ path, entry }) };
    },
  },
  {
    method: 'PUT',
    path: `${B}/objects`,
    handle: async ({ model, repository, params, query, json, now }) => {
      const body = json as {
        physical_address: string;
        checksum: string;
        size_bytes: number;
        metadata?: Record<string, string>;
      };
      const path = query.get('path') ?? '';
      const entry = {
        physicalAddress: body.physical_address,
        checksum: body.checksum,
        sizeBytes: body.size_bytes,
        mtime: Math.floor(now() / 1000),
        contentType: 'application/octet-stream',
        metadata: body.metadata ?? {},
      };
      model.stage(repository(), params['branch'] ?? '', path, entry);
      return { status: 201, body: wireObject({ path, entry }) };
    },
  },
  {
    method: 'DELETE',
    path: `${B}/objects`,
    handle: async ({ model, repository, params, query, entryAt }) => {
      const found = repository();
      const [branch, path] = [params['branch'] ?? '', query.get('path') ?? ''];
      entryAt(found, branch, path);
      model.stage(found, branch, path, null);
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: `${B}/objects/delete`,
    handle: async ({ model, repository, params, json }) => {
      const found = repository();
      const { paths } = json as { paths: string[] };
      if (paths.length > 1000) throw new ModelError(400, 'too many paths');
      model.branch(found, params['branch'] ?? '');
      for (const path of paths) model.stage(found, params['branch'] ?? '', path, null);
      return { status: 200, body: { errors: [] } };
    },
  },
  {
    method: 'POST',
    path: `${B}/objects/copy`,
    handle: async ({ model, repository, params, query, json, entryAt, objects, now }) => {
      const found = repository();
      const body = json as { src_path: string; src_ref?: string };
      const path = query.get('dest_path') ?? '';
      const branch = params['branch'] ?? '';
      const source = entryAt(found, body.src_ref ?? branch, body.src_path);
      const entry = { ...source, physicalAddress: newAddress(found.storageNamespace), mtime: Math.floor(now() / 1000) };
      await objects.write(entry.physicalAddress, await objects.read(source.physicalAddress));
      model.stage(found, branch, path, entry);
      return { status: 201, body: wireObject({ path, entry }) };
    },
  },
];

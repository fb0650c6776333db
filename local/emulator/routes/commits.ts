/** Commits, merges, and what undoes or repeats them. */
import type { LakefsModel } from '../model/model.ts';
import { type CommitRecord, ModelError, notFound, type RepositoryRecord } from '../model/types.ts';
import { requiredIn, requiredText } from '../request.ts';
import { BRANCH, REPOSITORY, type Route } from '../route.ts';
import { wireCommit, wirePage } from '../wire.ts';

interface ReplayBody {
  readonly ref?: string;
  readonly parent_number?: number;
  readonly allow_empty?: boolean;
  readonly commit_overrides?: { message?: string; metadata?: Record<string, string> };
}

/** A log with its filters: `stop_at` is the last one told; `since` ends it before the first that is older. */
const logOf = (model: LakefsModel, repository: RepositoryRecord, ref: string, query: URLSearchParams) => {
  const [objects, prefixes] = [query.getAll('objects'), query.getAll('prefixes')];
  if (objects.includes('') || prefixes.includes('')) throw new ModelError(400, 'argument path: required value');
  const commits = model.log(repository, ref, query.get('first_parent') === 'true');
  const [stopAt, since] = [query.get('stop_at'), query.get('since')];
  const stop =
    stopAt === null || stopAt === '' ? -1 : commits.findIndex(({ id }) => id === model.resolve(repository, stopAt));
  const told = stop < 0 ? commits : commits.slice(0, stop + 1);
  const oldest = since === null ? -1 : told.findIndex(({ creationDate }) => creationDate * 1000 < Date.parse(since));
  const young = oldest < 0 ? told : told.slice(0, oldest);
  if (objects.length + prefixes.length === 0) return young;
  const isMeant = (path: string): boolean =>
    objects.includes(path) || prefixes.some((prefix) => path.startsWith(prefix));
  const touches = (commit: CommitRecord): boolean => {
    const [parent] = commit.parents;
    return (
      commit.parents.length === 1 &&
      parent !== undefined &&
      model.diff(repository, parent, commit.id, false).some(({ path }) => isMeant(path))
    );
  };
  return young.filter(touches);
};

/** A ref that makes no sense is a fault of the server's here (seen on 1.84). */
const commitId = (model: LakefsModel, repository: RepositoryRecord, ref: string): string => {
  try {
    return model.resolve(repository, ref);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw error.status === 404 ? notFound('commit') : new ModelError(500, error.message);
  }
};

const STRATEGIES = ['source-wins', 'dest-wins'] as const;

const mergeBody = (given: unknown) => {
  const body = (given ?? {}) as {
    message?: string;
    metadata?: Record<string, string>;
    strategy?: string;
    squash_merge?: boolean;
    allow_empty?: boolean;
    force?: boolean;
  };
  const asked = body.strategy ?? '';
  const strategy = STRATEGIES.find((known) => known === asked);
  if (asked !== '' && strategy === undefined) {
    throw new ModelError(400, 'argument strategy: invalid value: validation error');
  }
  return {
    message: body.message ?? '',
    metadata: body.metadata ?? {},
    strategy,
    isSquash: body.squash_merge === true,
    // `force` merges also what is merged already (seen on 1.84).
    allowEmpty: body.allow_empty === true || body.force === true,
  };
};

export const COMMIT_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: `${BRANCH}/commits`,
    handle: async ({ model, repository, params, json, query }) => {
      const body = json() as {
        message?: string;
        metadata?: Record<string, string>;
        allow_empty?: boolean;
        date?: number;
      };
      const source = query.has('source_metarange') ? requiredIn(query, 'source_metarange') : null;
      const commit = model.commit(repository(), params['branch'] ?? '', {
        message: requiredText(body.message, 'message'),
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
    path: `${REPOSITORY}/commits/:commit`,
    handle: async ({ model, repository, params }) => {
      const found = repository();
      const commit = found.commits.get(commitId(model, found, params['commit'] ?? ''));
      if (commit === undefined) throw notFound('commit');
      return { status: 200, body: wireCommit(commit) };
    },
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/refs/:ref/commits`,
    handle: async ({ model, repository, params, query, page }) => {
      const { after, amount } = page();
      const wanted = logOf(model, repository(), params['ref'] ?? '', query);
      const from = after === '' ? 0 : wanted.findIndex(({ id }) => id === after) + 1;
      const results = wanted.slice(from, from + amount);
      // With `limit` the amount is all that is wanted, not the size of a page.
      const hasMore = query.get('limit') !== 'true' && from + amount < wanted.length;
      return {
        status: 200,
        body: wirePage({ results, hasMore, nextOffset: hasMore ? (results.at(-1)?.id ?? '') : '' }, wireCommit),
      };
    },
  },
  {
    method: 'POST',
    path: `${REPOSITORY}/refs/:source/merge/:destination`,
    handle: async ({ model, repository, params, optionalJson }) => {
      const body = mergeBody(optionalJson());
      try {
        const commit = model.merge(repository(), params['source'] ?? '', params['destination'] ?? '', body);
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
    path: `${REPOSITORY}/refs/:source/merge/:destination`,
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
    path: `${BRANCH}/revert`,
    handle: async ({ model, repository, params, json }) => {
      const body = json() as ReplayBody;
      if (body.parent_number === undefined) requiredText(undefined, 'parent_number');
      model.revert(repository(), params['branch'] ?? '', requiredText(body.ref, 'ref'), body.parent_number ?? 0, {
        ...body.commit_overrides,
        ...(body.allow_empty === undefined ? {} : { allowEmpty: body.allow_empty }),
      });
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: `${BRANCH}/cherry-pick`,
    handle: async ({ model, repository, params, json }) => {
      const body = json() as ReplayBody;
      const ref = requiredText(body.ref, 'ref');
      const commit = model.cherryPick(repository(), params['branch'] ?? '', ref, body.parent_number, {
        ...body.commit_overrides,
      });
      return { status: 201, body: wireCommit(commit) };
    },
  },
];

/** One request, taken apart for the routes. */
import type { IncomingHttpHeaders } from 'node:http';
import type { LakefsModel } from './model/model.ts';
import { byPath, type PageRequest } from './model/trees.ts';
import { type Entry, ModelError, notFound, type RepositoryRecord } from './model/types.ts';
import type { ObjectStore } from './objects.ts';
import type { Users } from './users.ts';
import { type Listed, MAX_PAGE } from './wire.ts';

export interface Calls {
  readonly model: LakefsModel;
  readonly objects: ObjectStore;
  readonly now: () => number;
  readonly blockstoreType: string;
  readonly users: Users;
  /** In whose name the request comes. */
  readonly user: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The body; 400 where there is none. */
  readonly json: () => unknown;
  readonly optionalJson: () => unknown;
  /** The uploaded bytes, out of a raw body or of a form's field `content`. */
  readonly content: () => Buffer;
  readonly repository: () => RepositoryRecord;
  readonly page: () => PageRequest;
  readonly listed: (repository: RepositoryRecord, ref: string) => Listed[];
  readonly entryAt: (repository: RepositoryRecord, ref: string, path: string) => Entry;
  readonly remember: (task: object) => string;
  readonly recall: (id: string) => object;
}

export const requiredText = (value: unknown, name: string): string => {
  if (typeof value === 'string') return value;
  throw new ModelError(400, `request body has an error: property "${name}" is missing or not a string`);
};

/** As `requiredText`, and not empty. */
export const required = (body: Readonly<Record<string, unknown>>, name: string): string => {
  const value = requiredText(body[name], name);
  if (value === '') throw new ModelError(400, `argument ${name}: required value`);
  return value;
};

export const requiredIn = (query: URLSearchParams, name: string): string => {
  const value = query.get(name);
  if (value === null) {
    throw new ModelError(400, `parameter "${name}" in query has an error: value is required but missing`);
  }
  if (value === '') throw new ModelError(400, `parameter "${name}" in query has an error: empty value is not allowed`);
  return value;
};

const FLAGS = ['first_parent', 'limit', 'presign', 'show_hidden', 'bare'] as const;

/** What is wrong with the parameters is said before anything is looked up. */
const refuseBadParameters = (query: URLSearchParams): void => {
  const refuse = (name: string, why: string): never => {
    throw new ModelError(400, `parameter "${name}" in query has an error: ${why}`);
  };
  for (const flag of FLAGS) {
    const value = query.get(flag);
    if (value === '') refuse(flag, 'empty value is not allowed');
    if (value !== null && value !== 'true' && value !== 'false') refuse(flag, `value ${value}: an invalid boolean`);
  }
  const given = query.get('amount');
  if (given === null) return;
  const amount = given === '' ? Number.NaN : Number(given);
  if (!Number.isInteger(amount)) refuse('amount', `value ${given}: an invalid integer`);
  if (amount < -1) refuse('amount', 'number must be at least -1');
  if (amount > MAX_PAGE) refuse('amount', `number must be at most ${String(MAX_PAGE)}`);
};

const pageFrom = (query: URLSearchParams): PageRequest => {
  const amount = Number(query.get('amount') ?? '100');
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    after: query.get('after') ?? '',
    amount: amount <= 0 ? 100 : amount,
  };
};

/** The bytes of the field `content` of a multipart form. */
const formContent = (body: Buffer, contentType: string): Buffer => {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1] ?? '';
  const from = body.indexOf('\r\n\r\n') + 4;
  const to = body.indexOf(`\r\n--${boundary}`, from);
  if (from < 4 || to < 0 || !body.subarray(0, from).includes('name="content"')) {
    throw new ModelError(500, "multipart upload missing key 'content': http: no such file");
  }
  return body.subarray(from, to);
};

export interface Shared {
  readonly model: LakefsModel;
  readonly objects: ObjectStore;
  readonly now: () => number;
  readonly blockstoreType: string;
  readonly users: Users;
  readonly tasks: Map<string, object>;
}

export interface Incoming {
  readonly user: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export const callOf = (shared: Shared, incoming: Incoming): Calls => {
  const { model, tasks } = shared;
  const { user, params, query, headers, body } = incoming;
  refuseBadParameters(query);
  for (const [name, value] of Object.entries(params)) {
    if (value === '')
      throw new ModelError(400, `parameter "${name}" in path has an error: value is required but missing`);
  }
  const type = headers['content-type'] ?? '';
  const optionalJson = (): unknown => {
    if (body.length === 0) return undefined;
    if (!type.includes('json')) {
      throw new ModelError(400, `request body has an error: header Content-Type has unexpected value "${type}"`);
    }
    try {
      return JSON.parse(body.toString('utf8'));
    } catch {
      throw new ModelError(400, 'request body has an error: failed to decode request body');
    }
  };
  const json = (): unknown => {
    const read = optionalJson();
    if (typeof read === 'object' && read !== null) return read;
    throw new ModelError(400, 'request body has an error: value is required but missing');
  };
  return {
    ...shared,
    user,
    params,
    query,
    headers,
    json,
    optionalJson,
    content: () => (type.startsWith('multipart/form-data') ? formContent(body, type) : body),
    repository: () => model.repository(params['repository'] ?? ''),
    page: () => pageFrom(query),
    listed: (repository, ref) =>
      [...model.view(repository, ref)].map(([path, entry]) => ({ path, entry })).sort((a, b) => byPath(a.path, b.path)),
    entryAt: (repository, ref, path) => {
      const entry = model.view(repository, ref).get(path);
      if (entry === undefined) throw notFound();
      return entry;
    },
    remember: (task) => {
      const id = `task-${String(tasks.size + 1)}`;
      tasks.set(id, { id, ...task });
      return id;
    },
    recall: (id) => {
      const task = tasks.get(id);
      if (task === undefined) throw notFound('task');
      return task;
    },
  };
};

/** Objects: reading them on any ref, staging them on a branch. */
import { pageOf } from '../model/trees.ts';
import { type Entry, ModelError, type RepositoryRecord } from '../model/types.ts';
import { checksumOf, newAddress } from '../objects.ts';
import { type Calls, requiredIn } from '../request.ts';
import { BRANCH, REPOSITORY, type Route } from '../route.ts';
import { type Listed, wireListed, wireObject, wirePage } from '../wire.ts';

const asPrefix = (path: string): Listed => ({ path });
const MAX_DELETED = 1000;
const META = 'x-lakefs-meta-';

/** Branch, path and repository; 404 where there is no such branch. */
const placeOf = ({ repository, params, query, model }: Calls, pathParameter = 'path') => {
  const found = repository();
  const branch = params['branch'] ?? '';
  const path = requiredIn(query, pathParameter);
  model.branch(found, branch);
  return { found, branch, path };
};

const entryOf = (
  { now, headers }: Calls,
  about: Pick<Entry, 'physicalAddress' | 'checksum' | 'sizeBytes'>,
  metadata: Readonly<Record<string, string>> = {},
): Entry => ({
  ...about,
  mtime: Math.floor(now() / 1000),
  contentType: headers['content-type'] ?? 'application/octet-stream',
  metadata,
});

const isForm = (contentType: string | undefined): boolean => contentType?.startsWith('multipart/form-data') === true;

/** Bytes `from`–`to`, both included, of what `Range` asks for; `undefined` where it asks for all or for nonsense. */
const rangeOf = (header: string | undefined, size: number): { from: number; to: number } | undefined => {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  if (first === '') return { from: Math.max(0, size - Number(last)), to: size - 1 };
  return { from: Number(first), to: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
};

const read = async (call: Calls, isHead: boolean): ReturnType<Route['handle']> => {
  const { repository, params, query, headers, entryAt, objects } = call;
  const entry = entryAt(repository(), params['ref'] ?? '', requiredIn(query, 'path'));
  if (!isHead && query.get('presign') === 'true') {
    return { status: 302, headers: { location: await objects.urlOf(entry.physicalAddress) } };
  }
  const about = {
    'content-type': entry.contentType,
    etag: `"${entry.checksum}"`,
    'last-modified': new Date(entry.mtime * 1000).toUTCString(),
  };
  if (isHead) return { status: 200, headers: { ...about, 'content-length': String(entry.sizeBytes) } };
  const bytes = await objects.read(entry.physicalAddress);
  const range = rangeOf(headers.range, bytes.length);
  if (range === undefined) return { status: 200, raw: bytes, headers: about };
  if (range.from > range.to) throw new ModelError(416, 'Requested Range Not Satisfiable');
  const told = `bytes ${String(range.from)}-${String(range.to)}/${String(bytes.length)}`;
  return { status: 206, raw: bytes.subarray(range.from, range.to + 1), headers: { ...about, 'content-range': told } };
};

const upload = async (call: Calls): ReturnType<Route['handle']> => {
  const { model, headers, content, objects } = call;
  const { found, branch, path } = placeOf(call);
  const condition = headers['if-none-match'];
  if (condition !== undefined && condition !== '*') throw new ModelError(501, 'Not Implemented');
  if (condition === '*' && model.view(found, branch).has(path)) throw new ModelError(412, 'path already exists');
  const bytes = content();
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(META) && typeof value === 'string' ? [[name.slice(META.length), value] as const] : [],
  );
  const about = {
    physicalAddress: newAddress(found.storageNamespace),
    checksum: checksumOf(bytes),
    sizeBytes: bytes.length,
  };
  const given = entryOf(call, about, Object.fromEntries(metadata));
  const entry = isForm(headers['content-type']) ? { ...given, contentType: 'application/octet-stream' } : given;
  await objects.write(entry.physicalAddress, bytes);
  // Somebody else may have written while the bytes were on their way.
  if (condition === '*' && model.view(found, branch).has(path)) throw new ModelError(412, 'path already exists');
  model.stage(found, branch, path, entry);
  return { status: 201, body: wireObject({ path, entry }) };
};

/** Each path stands or falls alone, with status 200; a branch that is missing is not even an error (seen on 1.84). */
const deleteMany = ({ model, params, json }: Calls, found: RepositoryRecord) => {
  const { paths } = json() as { paths: string[] };
  if (paths.length > MAX_DELETED) {
    throw new ModelError(400, `request size exceeded, max paths is set to ${String(MAX_DELETED)}`);
  }
  const branch = params['branch'] ?? '';
  return paths.flatMap((path) => {
    try {
      model.stage(found, branch, path, null);
      return [];
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      return error.status === 404 ? [] : [{ path, status_code: error.status, message: error.message }];
    }
  });
};

export const OBJECT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: `${REPOSITORY}/refs/:ref/objects/ls`,
    handle: async ({ repository, params, query, page, listed, objects }) => {
      const found = pageOf(listed(repository(), params['ref'] ?? ''), page(), asPrefix);
      const urls =
        query.get('presign') === 'true'
          ? await Promise.all(
              found.results.map(({ entry }) => (entry === undefined ? '' : objects.urlOf(entry.physicalAddress))),
            )
          : [];
      let at = 0;
      return { status: 200, body: wirePage(found, (item) => wireListed(item, urls[at++])) };
    },
  },
  {
    method: 'GET',
    path: `${REPOSITORY}/refs/:ref/objects/stat`,
    handle: async ({ repository, params, query, entryAt, objects }) => {
      const path = requiredIn(query, 'path');
      const entry = entryAt(repository(), params['ref'] ?? '', path);
      const url = query.get('presign') === 'true' ? await objects.urlOf(entry.physicalAddress) : undefined;
      return { status: 200, body: wireObject({ path, entry }, url) };
    },
  },
  { method: 'GET', path: `${REPOSITORY}/refs/:ref/objects`, handle: (call) => read(call, false) },
  { method: 'HEAD', path: `${REPOSITORY}/refs/:ref/objects`, handle: (call) => read(call, true) },
  { method: 'POST', path: `${BRANCH}/objects`, handle: upload },
  {
    method: 'PUT',
    path: `${BRANCH}/objects`,
    handle: async (call) => {
      const { found, branch, path } = placeOf(call);
      const body = call.json() as {
        physical_address: string;
        checksum: string;
        size_bytes: number;
        content_type?: string;
        metadata?: Record<string, string>;
      };
      const about = {
        physicalAddress: body.physical_address,
        checksum: body.checksum,
        sizeBytes: body.size_bytes,
      };
      const contentType = body.content_type ?? 'application/octet-stream';
      const entry = { ...entryOf(call, about, body.metadata), contentType };
      call.model.stage(found, branch, path, entry);
      return { status: 201, body: wireObject({ path, entry }) };
    },
  },
  {
    method: 'DELETE',
    path: `${BRANCH}/objects`,
    handle: async (call) => {
      const { found, branch, path } = placeOf(call);
      call.model.stage(found, branch, path, null);
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: `${BRANCH}/objects/delete`,
    handle: async (call) => ({ status: 200, body: { errors: deleteMany(call, call.repository()) } }),
  },
  {
    method: 'POST',
    path: `${BRANCH}/objects/copy`,
    handle: async (call) => {
      const { found, branch, path } = placeOf(call, 'dest_path');
      const body = call.json() as { src_path: string; src_ref?: string };
      const source = call.entryAt(found, body.src_ref ?? branch, body.src_path);
      const mtime = Math.floor(call.now() / 1000);
      const entry = { ...source, physicalAddress: newAddress(found.storageNamespace), mtime };
      await call.objects.write(entry.physicalAddress, await call.objects.read(source.physicalAddress));
      call.model.stage(found, branch, path, entry);
      return { status: 201, body: wireObject({ path, entry }) };
    },
  },
];

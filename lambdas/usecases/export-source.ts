/**
 * What an export has to do, as one sorted sequence: by the diff of two commits, or by comparing a commit with what lies at the
 * destination. Both can be taken up after any step.
 */
import type { ExportConfig, ExportScope } from '../contract.ts';
import { comparePaths } from '../domain/catalog/hive.ts';
import { type ExportRun, keyOf, OWN_PREFIX } from '../domain/export.ts';
import type { ObjectStats } from '../domain/lakefs.ts';
import type { CopySource, DestinationObject, ExportPorts } from '../export-ports.ts';

/** Diffs name paths, not addresses. Beyond so many objects in passing, a fresh listing from the next path on costs less. */
const WORTH_A_JUMP = 1000;

export type ExportStep = {
  /** Index of the scope, and path in the repository: where to go on after this step. */
  readonly at: { readonly scope: number; readonly path: string };
  /** Below the destination's prefix. */
  readonly key: string;
} & (
  | {
      readonly does: 'copy';
      readonly source: CopySource;
      readonly because: 'changed' | 'missing' | 'different';
    }
  | { readonly does: 'remove' }
);

/** @param wanted of the others some may be left out, where that saves calls. */
export async function* stepsOf(
  ports: ExportPorts,
  config: ExportConfig,
  run: ExportRun,
  wanted?: ExportStep['does'],
): AsyncIterable<ExportStep> {
  for (const [index, scope] of config.scopes.entries()) {
    if (run.cursor !== undefined && index < run.cursor.scope) continue;
    const after = run.cursor?.scope === index ? run.cursor.path : undefined;
    const { from } = run;
    yield* from === undefined
      ? compared(ports, config, run.to, { scope, index, after, wanted })
      : followed(ports, config, from, run.to, { scope, index, after, wanted });
  }
}

interface Part {
  readonly scope: ExportScope;
  readonly index: number;
  readonly after: string | undefined;
  readonly wanted: ExportStep['does'] | undefined;
}

const asSource = ({ physicalAddress, sizeBytes, checksum }: ObjectStats): CopySource => ({
  address: physicalAddress,
  sizeBytes,
  checksum,
});

async function* followed(
  ports: ExportPorts,
  { repository }: ExportConfig,
  from: string,
  to: string,
  { scope, index, after, wanted }: Part,
): AsyncIterable<ExportStep> {
  const lookUp = lookUpOf(ports, repository, to);
  const options = { type: 'two_dot', prefix: scope.path, ...(after === undefined ? {} : { after }) } as const;
  for await (const { path, type, sizeBytes } of ports.lakefs.diff(repository, from, to, options)) {
    const at = { scope: index, path };
    // What was there before may have been hidden then by its size alone: it goes by its name.
    if (type === 'removed') {
      const key = keyOf(scope, { path, sizeBytes: 1, isPrefix: false });
      if (key !== undefined) yield { at, key, does: 'remove' };
      continue;
    }
    // Only an empty file of a table is hidden while its path is there.
    const isShown = scope.partitionColumns === undefined || (sizeBytes ?? 0) > 0;
    if (wanted === 'remove' && isShown) continue;
    const object = await lookUp(path);
    const key = object === undefined ? undefined : keyOf(scope, object);
    if (object !== undefined && key !== undefined)
      yield { at, key, does: 'copy', source: asSource(object), because: 'changed' };
    else {
      // It is no longer for readers: an empty file of a table, say. Nothing may stay of what it was.
      const old = keyOf(scope, { path, sizeBytes: Math.max(1, sizeBytes ?? 1), isPrefix: false });
      if (old !== undefined) yield { at, key: old, does: 'remove' };
    }
  }
}

/** Objects by ascending paths: by one listing as long as they lie close together. */
const lookUpOf = (
  { lakefs }: ExportPorts,
  repository: string,
  commit: string,
): ((path: string) => Promise<ObjectStats | undefined>) => {
  let objects: AsyncIterator<ObjectStats> | undefined;
  let current: ObjectStats | undefined;
  return async (path) => {
    let passed = 0;
    if (objects !== undefined) {
      while (current !== undefined && comparePaths(current.path, path) < 0 && passed < WORTH_A_JUMP) {
        current = nextOf(await objects.next());
        passed += 1;
      }
      if (current === undefined) return undefined;
      if (current.path === path) return current;
      if (comparePaths(current.path, path) > 0) return undefined;
    }
    // `after` is exclusive: just before the path is the path without its last character, with the greatest one in its place.
    objects = lakefs.listObjects(repository, commit, { after: justBefore(path) })[Symbol.asyncIterator]();
    do {
      current = nextOf(await objects.next());
    } while (current !== undefined && comparePaths(current.path, path) < 0);
    return current?.path === path ? current : undefined;
  };
};

const nextOf = <T>(result: IteratorResult<T>): T | undefined => (result.done === true ? undefined : result.value);

/** A text that sorts before the path, with little in between. */
export const justBefore = (path: string): string => {
  const last = path.codePointAt(path.length - 1) ?? 0;
  const rest = path.slice(0, path.length - (last > 0xffff ? 2 : 1));
  // Above the basic plane and at its lower end the path's own beginning is near enough.
  const isPlain = last > 0x21 && last < 0x7f;
  return isPlain ? `${rest}${String.fromCharCode(last - 1)}\u{10ffff}` : rest;
};

async function* compared(
  ports: ExportPorts,
  config: ExportConfig,
  commit: string,
  { scope, index, after }: Part,
): AsyncIterable<ExportStep> {
  const { bucket, prefix, kmsKeyArn, storageClass } = config;
  const place = { bucket, kmsKeyArn, storageClass };
  const root = `${prefix}${scope.to}`;
  const afterKey = after === undefined ? undefined : `${root}${after.slice(scope.path.length)}`;
  const there = destinationBelow(ports, config, root, afterKey)[Symbol.asyncIterator]();
  let found = nextOf(await there.next());
  const surplus = function* (object: DestinationObject): Iterable<ExportStep> {
    const key = object.key.slice(prefix.length);
    yield { at: { scope: index, path: `${scope.path}${key.slice(scope.to.length)}` }, key, does: 'remove' };
  };
  const options = { prefix: scope.path, ...(after === undefined ? {} : { after }) };
  for await (const object of ports.lakefs.listObjects(config.repository, commit, options)) {
    const key = keyOf(scope, object);
    if (key === undefined) continue;
    while (found !== undefined && comparePaths(found.key, `${prefix}${key}`) < 0) {
      yield* surplus(found);
      found = nextOf(await there.next());
    }
    const same = found?.key === `${prefix}${key}` ? found : undefined;
    if (same !== undefined) found = nextOf(await there.next());
    if (same !== undefined && (await isSame(ports, same, object, place))) continue;
    const because = same === undefined ? 'missing' : 'different';
    yield { at: { scope: index, path: object.path }, key, does: 'copy', source: asSource(object), because };
  }
  for (; found !== undefined; found = nextOf(await there.next())) yield* surplus(found);
}

/** An ETag is lakeFS's checksum where S3 made it of the content alone; otherwise the copy says what it is a copy of. */
const isSame = async (
  { destination }: ExportPorts,
  found: DestinationObject,
  object: ObjectStats,
  place: Parameters<ExportPorts['destination']['put']>[0],
): Promise<boolean> => {
  if (found.sizeBytes !== object.sizeBytes) return false;
  return found.etag === object.checksum || (await destination.checksumOf(place, found.key)) === object.checksum;
};

async function* destinationBelow(
  { destination }: ExportPorts,
  { bucket, prefix }: ExportConfig,
  root: string,
  after: string | undefined,
): AsyncIterable<DestinationObject> {
  for await (const object of destination.list({ bucket }, root, after)) {
    if (!object.key.startsWith(`${prefix}${OWN_PREFIX}`)) yield object;
  }
}

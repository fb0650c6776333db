/**
 * What the files of `_lakefs_tables/` say at a commit. A file that has not changed is not read again, and a directory that has not changed is
 * not listed.
 */
import { createHash } from 'node:crypto';
import { atOnce } from '../domain/at-once.ts';
import { DESCRIPTIONS, type Description, isDescription } from '../domain/catalog/description.ts';
import type { ObjectStats } from '../domain/lakefs.ts';
import type { LakePorts } from '../ports.ts';

/** Far more than a description takes: the widest tables have some thousand columns. */
const MAX_BYTES = 512 * 1024;
/** So many files are read; a directory that holds more holds something else. */
const MAX_FILES = 1000;
const AT_ONCE = 8;

interface Where {
  readonly repository: string;
  readonly commit: string;
}

type Lake = Pick<LakePorts, 'lakefs' | 'log'>;

/** Whether two commits differ in any of these files. */
export const isDescribedAnew = async ({ lakefs }: Lake, repository: string, from: string, to: string) => {
  for await (const _ of lakefs.diff(repository, from, to, { type: 'two_dot', prefix: DESCRIPTIONS })) return true;
  return false;
};

/** @param isParquet where files tell their columns, a description may leave them out. */
export const readDescriptions = async (
  ports: Lake,
  where: Where,
  isParquet: boolean,
  known: readonly Description[],
): Promise<readonly Description[]> => {
  const files: ObjectStats[] = [];
  const options = { prefix: DESCRIPTIONS, delimiter: '/' };
  for await (const object of ports.lakefs.listObjects(where.repository, where.commit, options)) {
    if (object.isPrefix || !isDescription(object.path)) continue;
    if (files.length === MAX_FILES) {
      ports.log.error('descriptions of tables are passed over', { after: object.path, read: MAX_FILES });
      break;
    }
    files.push(object);
  }
  const read = new Map<string, Description>();
  await atOnce(AT_ONCE, files, async (file) => {
    const before = known.find((each) => each.file === file.path);
    const isSame = before?.checksum === file.checksum;
    read.set(file.path, isSame ? before : await readOne(ports, where, isParquet, file, before));
  });
  return files.flatMap(({ path }) => read.get(path) ?? []);
};

/** What cannot be read any more is as it was before: a slip of the pen must not take a table away. */
const readOne = async (
  { lakefs, log }: Lake,
  { repository, commit }: Where,
  isParquet: boolean,
  { path: file, checksum, sizeBytes }: ObjectStats,
  before: Description | undefined,
): Promise<Description> => {
  const broken = (why: string): Description => ({
    ...{ file, checksum, broken: why },
    ...(before?.table === undefined ? {} : { table: before.table }),
  });
  if (sizeBytes > MAX_BYTES) return broken(`it is ${String(sizeBytes)} bytes long; allowed: ${String(MAX_BYTES)}`);
  const content = await lakefs.getObject(repository, commit, file);
  // The library for YAML is a fifth of what a function carries.
  const { parseDescription } = await import('../domain/catalog/description-file.ts');
  const found = parseDescription(content ?? new Uint8Array(), isParquet);
  if ('why' in found) return broken(found.why);
  if ('table' in found) return { file, checksum, table: found.table };
  log.info('description of a table of another kind is passed over', { file, kind: found.otherKind });
  return { file, checksum };
};

export const digestOfDescriptions = (descriptions: readonly Description[]): string =>
  createHash('sha256').update(JSON.stringify(descriptions), 'utf8').digest('hex').slice(0, 32);

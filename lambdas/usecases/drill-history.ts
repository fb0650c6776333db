/**
 * What a drill is tried on: a small history whose every state is known. Its paths are those of the lake, so that names which only occur
 * there are tried too; its contents are our own, so that no row leaves the lake.
 */
import { atOnce } from '../domain/at-once.ts';
import { type Drill, MAX_DIFFERENCES } from '../domain/drill.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { DrillPorts } from '../drill-ports.ts';
import type { Lakefs } from '../ports.ts';

const AT_ONCE = 8;
/** So many paths of the lake are taken. */
const SAMPLE = 40;
/** Where the lake holds nothing yet. */
const INVENTED = Array.from({ length: 12 }, (_, i) => `drill/dt=2026-01-${String(i + 1).padStart(2, '0')}/part-0`);

/** The state that a rollback goes back to. */
export const GOOD_TAG = 'good';

type Content = Pick<Lakefs, 'listObjects' | 'putObject' | 'deleteObjects' | 'commit'>;

const samplePaths = async (ports: DrillPorts, repository: string): Promise<readonly string[]> => {
  const known = (await ports.config.load()).repositories.find(({ name }) => name === repository);
  const target = known?.targets[0] ?? 'main';
  const paths: string[] = [];
  try {
    for await (const { path } of ports.lakefs.listObjects(repository, target, {})) {
      paths.push(path);
      if (paths.length === SAMPLE) break;
    }
  } catch (error) {
    // A drill says whether the ways back work, also before anything was promoted.
    if (!isBranchlineError(error, 'BL3004', 'BL3007')) throw error;
  }
  return paths.length === 0 ? INVENTED : paths;
};

const write = async (lakefs: Content, repository: string, branch: string, paths: readonly string[], state: number) => {
  await atOnce(AT_ONCE, paths, async (path) => {
    const content = new TextEncoder().encode(`${path}\nstate ${String(state)} of a drill\n`);
    await lakefs.putObject(repository, branch, path, content);
  });
};

const commit = async (lakefs: Content, repository: string, branch: string, message: string): Promise<string> => {
  const answer = await lakefs.commit(repository, branch, { message, metadata: {} });
  if (answer.outcome === 'committed') return answer.commit.id;
  throw new BranchlineError('BL8801', `${message}: lakeFS found nothing to commit in ${repository}`);
};

/** Makes the scratch repository and its history: written, overwritten, removed, merged; a tag, and a branch that is left open. */
export const fillScratch = async (ports: DrillPorts, { id, repository, storageNamespace }: Drill): Promise<void> => {
  const { lakefs } = ports;
  const paths = await samplePaths(ports, repository);
  await lakefs.createRepository({ name: id, storageNamespace, defaultBranch: 'main' });
  await write(lakefs, id, 'main', paths, 1);
  await commit(lakefs, id, 'main', 'State 1: everything');
  const half = paths.filter((_, i) => i % 2 === 0);
  await write(lakefs, id, 'main', half, 2);
  const good = await commit(lakefs, id, 'main', 'State 2: half of it overwritten');
  await lakefs.createTag(id, GOOD_TAG, good);
  const third = paths.filter((_, i) => i % 3 === 0);
  await lakefs.deleteObjects(id, 'main', third);
  await write(lakefs, id, 'main', ['drill-added/part-0'], 3);
  const thinned = await commit(lakefs, id, 'main', 'State 3: a third of it removed, one added');
  await lakefs.createBranch(id, 'run-drill', thinned);
  await write(lakefs, id, 'run-drill', ['drill-merged/part-0', 'drill-merged/part-1'], 4);
  const work = await commit(lakefs, id, 'run-drill', 'State 4: on a branch');
  await lakefs.merge(id, work, 'main', { message: 'State 4: merged', metadata: {} });
  await lakefs.createBranch(id, 'run-drill-open', thinned);
  await write(lakefs, id, 'run-drill-open', ['drill-open/part-0'], 5);
  await commit(lakefs, id, 'run-drill-open', 'State 5: not merged');
  await lakefs.setProtectedBranches(id, ['main']);
};

/** Path → what lakeFS says of the object: equal content has an equal checksum. */
export type Listing = ReadonlyMap<string, string>;

export const listingOf = async (lakefs: Pick<Lakefs, 'listObjects'>, repository: string, ref: string) => {
  const listing = new Map<string, string>();
  for await (const { path, checksum, sizeBytes } of lakefs.listObjects(repository, ref, {}))
    listing.set(path, `${checksum} of ${String(sizeBytes)} bytes`);
  return listing;
};

export const differencesOf = (where: string, expected: Listing, actual: Listing): string[] =>
  [...new Set([...expected.keys(), ...actual.keys()])]
    .filter((path) => expected.get(path) !== actual.get(path))
    .toSorted()
    .slice(0, MAX_DIFFERENCES)
    .map((path) => `${where}: ${path} is ${actual.get(path) ?? 'not there'}, not ${expected.get(path) ?? 'nothing'}`);

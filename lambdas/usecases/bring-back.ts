/** The steps that bring a repository back: its refs from a dump, compared with the listing of the backup, and what a dump leaves out. */
import { BranchlineError } from '../domain/errors.ts';
import type { Repository } from '../domain/lakefs.ts';
import type { EpochMs } from '../domain/run.ts';
import type { Clock, Lakefs } from '../ports.ts';
import { listRefs } from './dump-refs.ts';
import type { GoodBackup } from './find-backup.ts';

const FIRST_LOOK_MS = 200;
const MAX_PAUSE_MS = 5_000;

interface BringBackPorts {
  readonly lakefs: Lakefs;
  readonly clock: Clock;
  readonly pause: (ms: number) => Promise<void>;
}

export const bringBackRefs = async (
  { lakefs, clock, pause }: BringBackPorts,
  place: Repository,
  good: GoodBackup,
  until: EpochMs,
): Promise<void> => {
  const { name } = place;
  await lakefs.createBareRepository(place);
  const begun = await lakefs.beginRestore(name, good.manifest.refs.dump);
  // Another restore came first: its refs are compared like ours.
  if (begun === 'in-use') return;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    const found = await lakefs.restoreOf(name, begun.task);
    if (found !== 'pending') return;
    if (clock.now() + pauseMs > until) {
      throw new BranchlineError('BL3003', `restore of "${name}" goes on in lakeFS: ask again, it is gone on with`);
    }
    await pause(pauseMs);
  }
};

/** Refs that moved while the dump was made may be any of the states in between. */
export const differencesFrom = async (
  ports: Pick<BringBackPorts, 'lakefs'>,
  repository: string,
  { refs }: GoodBackup,
): Promise<string[]> => {
  const found = await listRefs(ports, repository);
  const moving = new Set(refs.moving);
  const shown = ({ branches, tags }: Pick<GoodBackup['refs'], 'branches' | 'tags'>): Map<string, string> =>
    new Map([
      ...branches.map(({ id, commitId }) => [`branch ${id}`, commitId] as const),
      ...tags.map(({ id, commitId }) => [`tag ${id}`, commitId] as const),
    ]);
  const [expected, actual] = [shown(refs), shown(found)];
  return [...new Set([...expected.keys(), ...actual.keys()])]
    .filter((key) => !moving.has(key.slice(key.indexOf(' ') + 1)) && expected.get(key) !== actual.get(key))
    .map((key) => `${key} shows ${actual.get(key) ?? 'nothing'}, not ${expected.get(key) ?? 'nothing'}`)
    .toSorted();
};

/** What a dump does not hold. Targets of the configuration are protected by set-up besides. */
export const bringBackSettings = async (
  { lakefs }: Pick<BringBackPorts, 'lakefs'>,
  name: string,
  { manifest }: GoodBackup,
): Promise<void> => {
  const { repository, settings } = manifest;
  if (Object.keys(repository.metadata).length > 0) await lakefs.setRepositoryMetadata(name, repository.metadata);
  const before = await lakefs.getProtectedBranches(name);
  const missing = settings.protectedBranches.filter((pattern) => !before.includes(pattern));
  if (missing.length > 0) await lakefs.setProtectedBranches(name, [...before, ...missing]);
  if (settings.garbageCollection !== undefined) {
    await lakefs.setGarbageCollection(name, settings.garbageCollection);
  }
};

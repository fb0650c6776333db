/**
 * Has lakeFS write all refs of the repository into its storage namespace, and writes down beside it what they were. A step as a whole: one
 * that was interrupted is done again, which does no harm.
 */
import { BACKUP_SCHEMA_VERSION, type BackupRefs, backupText, refsKey, sha256 } from '../domain/backup.ts';
import type { Ref } from '../domain/lakefs.ts';
import type { EpochMs } from '../domain/run.ts';
import { advanceSnapshot, type RefsDump, type Snapshot } from '../domain/snapshot.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';
import { changeSnapshot } from './snapshot-entries.ts';

const FIRST_LOOK_MS = 200;
const MAX_PAUSE_MS = 5_000;

/** @returns the entry with its dump, or without where the time was up. */
export const dumpRefs = async (ports: SnapshotPorts, snapshot: Snapshot, until: EpochMs): Promise<Snapshot> => {
  if (snapshot.dump !== undefined) return snapshot;
  const { repository, id } = snapshot;
  const before = await listRefs(ports, repository);
  const dump = await dumpOf(ports, repository, until);
  if (dump === undefined) return snapshot;
  const after = await listRefs(ports, repository);
  const file: BackupRefs = { schemaVersion: BACKUP_SCHEMA_VERSION, ...after, moving: movedBetween(before, after) };
  const text = backupText(file);
  await ports.backups.put(refsKey(repository, id), text);
  const refs = { branches: after.branches.length, tags: after.tags.length, sha256: sha256(text) };
  return changeSnapshot(ports, snapshot, (entry) => advanceSnapshot(entry, { dump, refs }, ports.clock.now()));
};

const dumpOf = async (ports: SnapshotPorts, repository: string, until: EpochMs): Promise<RefsDump | undefined> => {
  const task = await ports.lakefs.beginDump(repository);
  for (let pauseMs = FIRST_LOOK_MS; ports.clock.now() < until; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    const found = await ports.lakefs.dumpOf(repository, task);
    if (found === 'unknown') return undefined;
    if (found !== undefined) return found;
    await ports.pause(pauseMs);
  }
  return undefined;
};

type Refs = Pick<BackupRefs, 'branches' | 'tags'>;

export const listRefs = async ({ lakefs }: Pick<SnapshotPorts, 'lakefs'>, repository: string): Promise<Refs> => {
  const [branches, tags]: [Ref[], Ref[]] = [[], []];
  for await (const ref of lakefs.listBranches(repository, '')) branches.push(ref);
  for await (const ref of lakefs.listTags(repository, '')) tags.push(ref);
  return { branches, tags };
};

/** Names of refs that are not the same in both. A branch and a tag never share a name. */
const movedBetween = (before: Refs, after: Refs): string[] => {
  const shown = (refs: Refs): Map<string, string> =>
    new Map([...refs.branches, ...refs.tags].map(({ id, commitId }) => [id, commitId]));
  const [old, now] = [shown(before), shown(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter((id) => old.get(id) !== now.get(id)).toSorted();
};

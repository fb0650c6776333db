/** What is different about a restore in the second region: which backup, on which storage, and whether every object is really there. */
import { BranchlineError } from '../domain/errors.ts';
import { noteKey, parseNote, type ReplicaNote } from '../domain/replica-note.ts';
import { isWhole, type MissingObject, NEW_WALK } from '../domain/replication.ts';
import type { EpochMs } from '../domain/run.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { lookAtReplica, type Seen, untilTime, walkOn } from './replica-look.ts';

export interface CheckedTarget {
  readonly target: string;
  readonly commit: string;
  readonly objects: number;
  /** At most fifty. */
  readonly missing: readonly MissingObject[];
  /** Outside the storage namespace: they are read where they always lay. */
  readonly outside: number;
  readonly outcome: 'whole' | 'missing' | 'unfinished';
}

/** Ports whose backups are the replicated ones. @throws BL8853 where none are configured. */
export const portsThere = (ports: RestorePorts): RestorePorts => {
  const { replica } = ports;
  if (replica === undefined) throw new BranchlineError('BL8853', 'the configuration has no replication.from');
  return { ...ports, backups: replica.backups };
};

/** The snapshot that the first region found to be all there. @throws BL8854 where it left no word. */
export const notedSnapshot = async ({ backups }: RestorePorts, repository: string): Promise<ReplicaNote> => {
  const key = noteKey(repository);
  const text = await backups.get(key);
  const note = text === undefined ? undefined : parseNote(text);
  if (note !== undefined && note.repository === repository) return note;
  throw new BranchlineError('BL8854', `${backups.uri(key)} ${text === undefined ? 'is not there' : 'is no such file'}`);
};

/** Where the repository lies in this region, by its configuration. */
export const namespaceThere = async (
  { config }: RestorePorts,
  repository: string,
): Promise<{ readonly storageNamespace: string; readonly targets: readonly string[] }> => {
  const found = (await config.load()).repositories.find(({ name }) => name === repository);
  if (found !== undefined) return found;
  throw new BranchlineError('BL1002', `no repository "${repository}" in the configuration of this region`);
};

/** Every object that the restored targets show, looked for in the storage of this region. */
export const checkObjects = async (
  ports: RestorePorts,
  repository: string,
  { storageNamespace, targets, until }: { storageNamespace: string; targets: readonly string[]; until: EpochMs },
): Promise<readonly CheckedTarget[]> => {
  const { replica } = portsThere(ports);
  if (replica === undefined) return [];
  const root = `${storageNamespace.replace(/\/+$/, '')}/`;
  const sides = { source: root, replica: root };
  const look = lookAtReplica({ replica: replica.storage }, sides);
  const checked: CheckedTarget[] = [];
  for (const target of targets) {
    const commit = (await ports.lakefs.getBranch(repository, target))?.commitId;
    if (commit === undefined) continue;
    const follow = async function* (after: string): AsyncIterable<Seen> {
      const options = after === '' ? {} : { after };
      for await (const object of ports.lakefs.listObjects(repository, commit, options))
        yield { key: object.path, address: object.physicalAddress, sizeBytes: object.sizeBytes };
    };
    const walk = await walkOn(NEW_WALK, follow, { look, sides, isTimeUp: untilTime(ports, until) });
    const { objects, missing, outside } = walk;
    const outcome = isWhole(walk) ? 'whole' : missing.length > 0 ? 'missing' : 'unfinished';
    checked.push({ target, commit, objects, missing, outside, outcome });
  }
  return checked;
};

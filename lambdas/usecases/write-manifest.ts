/** The manifest of a backup: what a dump does not hold, and by which its restoration is judged. Written last. */
import { BACKUP_SCHEMA_VERSION, type BackupManifest, backupText, manifestKey, sha256 } from '../domain/backup.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { RefsDump, Snapshot } from '../domain/snapshot.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';

const iso = (at: number): string => new Date(at).toISOString();

export const writeManifest = async (
  ports: SnapshotPorts,
  snapshot: Snapshot,
): Promise<{ readonly uri: string; readonly sha256: string }> => {
  const text = backupText(await manifestOf(ports, snapshot));
  const key = manifestKey(snapshot.repository, snapshot.id);
  await ports.backups.put(key, text);
  return { uri: ports.backups.uri(key), sha256: sha256(text) };
};

const manifestOf = async (ports: SnapshotPorts, snapshot: Snapshot): Promise<BackupManifest> => {
  const { lakefs } = ports;
  const { id, repository, target, kind, requestedBy, reason, content, dump, refs, database } = snapshot;
  if (content === undefined || dump === undefined || refs === undefined)
    throw new BranchlineError('BL5001', `snapshot ${id} is not ready for its manifest`);
  const found = await lakefs.getRepository(repository);
  if (found === undefined) throw new BranchlineError('BL3007', `repository "${repository}"`);
  const garbageCollection = await lakefs.getGarbageCollection(repository);
  const dumpSha256 = await digestsOf(ports, repository, dump);
  const verifiedCommit = (await ports.ledger.getTarget(repository, target))?.verifiedCommit;
  const configured = (await ports.config.load()).repositories.find(({ name }) => name === repository);
  return {
    schemaVersion: BACKUP_SCHEMA_VERSION,
    createdAt: iso(ports.clock.now()),
    snapshot: {
      id,
      kind,
      requestedBy,
      ...(reason === undefined ? {} : { reason }),
      startedAt: iso(snapshot.startedAt),
    },
    lakefsVersion: await lakefs.version(),
    repository: {
      name: repository,
      storageNamespace: found.storageNamespace,
      defaultBranch: found.defaultBranch,
      metadata: { ...(await lakefs.getRepositoryMetadata(repository)) },
    },
    target: {
      branch: target,
      commit: snapshot.commit,
      metaRangeId: snapshot.metaRangeId,
      ...(verifiedCommit === undefined ? {} : { verifiedCommit }),
      keeperBranch: snapshot.keeperBranch,
    },
    content: { ...content },
    refs: {
      dump: { ...dump },
      ...(dumpSha256 === undefined ? {} : { dumpSha256 }),
      branches: refs.branches,
      tags: refs.tags,
      listingSha256: refs.sha256,
    },
    settings: {
      protectedBranches: [...(await lakefs.getProtectedBranches(repository))],
      ...(garbageCollection === undefined
        ? {}
        : { garbageCollection: { ...garbageCollection, branches: { ...garbageCollection.branches } } }),
    },
    configuration: { sha256: sha256(JSON.stringify(configured ?? null)), repository: configured ?? null },
    ...(database === undefined ? {} : { database: { ...database, restorableTo: iso(database.restorableTo) } }),
  };
};

/** Digests of the three files of a dump; `undefined` where the server gives files out to nobody. */
export const digestsOf = async (
  { lakefs }: Pick<SnapshotPorts, 'lakefs'>,
  repository: string,
  dump: RefsDump,
): Promise<{ commits: string; tags: string; branches: string } | undefined> => {
  const ids = [dump.commitsMetaRangeId, dump.tagsMetaRangeId, dump.branchesMetaRangeId];
  const files: Uint8Array[] = [];
  for (const id of ids) {
    const file = await lakefs.getMetaRangeFile(repository, id);
    if (file !== undefined) files.push(file);
  }
  const [commits, tags, branches] = files;
  if (commits === undefined || tags === undefined || branches === undefined) return undefined;
  return { commits: sha256(commits), tags: sha256(tags), branches: sha256(branches) };
};

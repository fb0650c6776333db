/** The newest backup of a repository that is whole, and what is wrong with newer ones. Needs no lakeFS. */
import { type BackupManifest, type BackupRefs, parseManifest, parseRefs, refsKey, sha256 } from '../domain/backup.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { type BackupFound, dumpedAt } from '../domain/restore.ts';
import type { EpochMs } from '../domain/run.ts';
import type { Backups as StoredBackups } from '../snapshot-ports.ts';
import type { Alignment } from './restore-ledger.ts';

interface LookedInto {
  readonly backups: Pick<StoredBackups, 'list' | 'get' | 'uri'>;
}

export interface GoodBackup {
  readonly manifest: BackupManifest;
  readonly refs: BackupRefs;
}

export interface Backups {
  /** The one to use; `undefined` where none is good. */
  readonly good: GoodBackup | undefined;
  /** Newest first, down to the good one. */
  readonly looked: readonly BackupFound[];
}

const MANIFEST = /^(?<repository>[^/]+)\/(?<snapshot>[^/]+)\/manifest\.json$/;

/** The time in the name of a snapshot, for one whose manifest cannot be read. */
const stampIn = (id: string): number | undefined => {
  const [, year, month, day, hour, minute, second] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(id) ?? [];
  if (second === undefined) return undefined;
  return Date.parse(`${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second}Z`);
};

/** Repositories of which there are backups. */
export const repositoriesWithBackups = async (ports: LookedInto): Promise<readonly string[]> => {
  const names = new Set<string>();
  for await (const { key } of ports.backups.list('')) {
    const name = MANIFEST.exec(key)?.groups?.['repository'];
    if (name !== undefined) names.add(name);
  }
  return [...names].toSorted();
};

/** What a repository that was brought back to this backup is at. */
export const alignmentOf = ({ manifest }: GoodBackup): Alignment => {
  const { branch, verifiedCommit } = manifest.target;
  return {
    ...{ repository: manifest.repository.name, since: dumpedAt(manifest) },
    ...(verifiedCommit === undefined ? {} : { seen: { branch, commit: verifiedCommit } }),
  };
};

/** @param snapshot this one and no other. @param notAfter none that was dumped later. */
export const findBackup = async (
  ports: LookedInto,
  repository: string,
  snapshot?: string,
  notAfter: EpochMs = Number.POSITIVE_INFINITY,
): Promise<Backups> => {
  const { backups } = ports;
  const found: { readonly id: string; readonly backup: GoodBackup | string; readonly at: number }[] = [];
  for await (const { key, writtenAt } of backups.list(`${repository}/`)) {
    const id = MANIFEST.exec(key)?.groups?.['snapshot'];
    if (id === undefined || (snapshot !== undefined && id !== snapshot)) continue;
    const backup = await read(ports, repository, id, key);
    const at = typeof backup === 'string' ? (stampIn(id) ?? writtenAt) : dumpedAt(backup.manifest);
    if (at <= notAfter) found.push({ id, backup, at });
  }
  const looked: BackupFound[] = [];
  for (const { id, backup, at } of found.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))) {
    looked.push({ snapshot: id, createdAt: at, ...(typeof backup === 'string' ? { fault: backup } : {}) });
    if (typeof backup !== 'string') return { good: backup, looked };
  }
  return { good: undefined, looked };
};

/** @returns what is wrong with it, where something is. */
const read = async (
  { backups }: LookedInto,
  repository: string,
  id: string,
  key: string,
): Promise<GoodBackup | string> => {
  try {
    const text = await backups.get(key);
    if (text === undefined) return `${backups.uri(key)} is gone`;
    const manifest = parseManifest(text, backups.uri(key));
    if (manifest.repository.name !== repository) return `it is of repository "${manifest.repository.name}"`;
    const listing = refsKey(repository, id);
    const refsText = await backups.get(listing);
    if (refsText === undefined) return `${backups.uri(listing)} is gone`;
    if (sha256(refsText) !== manifest.refs.listingSha256)
      return `${backups.uri(listing)} is not what the manifest says`;
    return { manifest, refs: parseRefs(refsText, backups.uri(listing)) };
  } catch (error) {
    if (isBranchlineError(error, 'BL8103')) return error.message;
    throw error;
  }
};

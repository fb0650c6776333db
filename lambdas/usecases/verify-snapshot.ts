/**
 * Whether a snapshot is still all there: tag, branch, commit, the files of the backup, the files of the dump; in full also every object of the
 * listing, counted and digested anew. What is found is written to the ledger: a damaged snapshot is no way back, and uses up no place.
 */
import { manifestKey, parseManifest, refsKey, sha256 } from '../domain/backup.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { advanceSnapshot, type Snapshot } from '../domain/snapshot.ts';
import { isSameContent, NO_CONTENT, withObject } from '../domain/snapshot-content.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';
import { changeSnapshot } from './snapshot-entries.ts';
import { digestsOf } from './write-manifest.ts';

export type VerifySnapshotAnswer =
  | { readonly outcome: 'good' | 'damaged'; readonly snapshot: Snapshot; readonly missing: readonly string[] }
  /** The time was up while objects were counted; nothing was found missing so far, and nothing is written down. */
  | { readonly outcome: 'unfinished'; readonly snapshot: Snapshot; readonly missing: readonly string[] };

/** @throws BL3007 where the repository is gone: that says nothing about the backup, which is there for this very day. */
export const verifySnapshot = async (
  ports: SnapshotPorts,
  snapshot: Snapshot,
  { isFull, until }: { readonly isFull: boolean; readonly until: EpochMs },
): Promise<VerifySnapshotAnswer> => {
  const { id, repository, state } = snapshot;
  if (state !== 'COMPLETE')
    throw new BranchlineError('BL8102', `snapshot ${id} is ${state}: only complete ones are verified`);
  if ((await ports.lakefs.getRepository(repository)) === undefined)
    throw new BranchlineError('BL3007', `repository "${repository}"`);
  const missing = [...(await missingInLakefs(ports, snapshot)), ...(await missingInBackup(ports, snapshot))];
  if (isFull && missing.length === 0) {
    const found = await recount(ports, snapshot, until);
    if (found === 'unfinished') return { outcome: 'unfinished', snapshot, missing };
    missing.push(...found);
  }
  const outcome = missing.length === 0 ? 'good' : 'damaged';
  const verified = await changeSnapshot(ports, snapshot, (entry) =>
    entry.state === 'COMPLETE'
      ? advanceSnapshot(
          entry,
          { verified: { at: ports.clock.now(), outcome, isFull, missing: missing.slice(0, 20) } },
          ports.clock.now(),
        )
      : undefined,
  );
  return { outcome, snapshot: verified, missing };
};

const missingInLakefs = async ({ lakefs }: SnapshotPorts, snapshot: Snapshot): Promise<string[]> => {
  const { repository, id, commit, metaRangeId, keeperBranch } = snapshot;
  const found: string[] = [];
  const tag = (await lakefs.getTag(repository, id))?.commitId;
  if (tag !== commit) found.push(`tag ${id} ${tag === undefined ? 'is gone' : `shows ${tag}, not ${commit}`}`);
  const branch = (await lakefs.getBranch(repository, keeperBranch))?.commitId;
  if (branch !== commit)
    found.push(`branch ${keeperBranch} ${branch === undefined ? 'is gone' : `shows ${branch}, not ${commit}`}`);
  const stored = await lakefs.getCommit(repository, commit);
  if (stored === undefined) found.push(`commit ${commit} is gone`);
  else if (stored.metaRangeId !== metaRangeId)
    found.push(`commit ${commit} has meta-range ${stored.metaRangeId}, not ${metaRangeId}`);
  return found;
};

const missingInBackup = async (ports: SnapshotPorts, snapshot: Snapshot): Promise<string[]> => {
  const { repository, id, backup, refs, dump } = snapshot;
  const found: string[] = [];
  const check = async (key: string, digest: string | undefined): Promise<string | undefined> => {
    const text = await ports.backups.get(key);
    const uri = ports.backups.uri(key);
    if (text === undefined) found.push(`${uri} is gone`);
    else if (sha256(text) !== digest) found.push(`${uri} has SHA-256 ${sha256(text)}, not ${String(digest)}`);
    else return text;
    return undefined;
  };
  await check(refsKey(repository, id), refs?.sha256);
  const key = manifestKey(repository, id);
  const text = await check(key, backup?.sha256);
  if (text === undefined || dump === undefined) return found;
  const { dumpSha256 } = parseManifest(text, ports.backups.uri(key)).refs;
  if (dumpSha256 === undefined) return found;
  const now = await digestsOf(ports, repository, dump);
  for (const [what, metaRangeId] of [
    ['commits', dump.commitsMetaRangeId],
    ['tags', dump.tagsMetaRangeId],
    ['branches', dump.branchesMetaRangeId],
  ] as const) {
    if (now?.[what] !== dumpSha256[what])
      found.push(`file ${metaRangeId} of the dump (${what}) ${now === undefined ? 'cannot be read' : 'has changed'}`);
  }
  return found;
};

const recount = async (
  ports: SnapshotPorts,
  { repository, id, content }: Snapshot,
  until: EpochMs,
): Promise<string[] | 'unfinished'> => {
  let counted = NO_CONTENT;
  for await (const object of ports.lakefs.listObjects(repository, id, {})) {
    counted = withObject(counted, object);
    if (counted.objects % 1000 === 0 && ports.clock.now() >= until) return 'unfinished';
  }
  if (content !== undefined && isSameContent(counted, content)) return [];
  const said = ({ objects, bytes, digest }: typeof counted): string =>
    `${String(objects)} objects of ${String(bytes)} bytes (${digest.slice(0, 12)})`;
  return [`tag ${id} shows ${said(counted)}, not ${content === undefined ? 'anything known' : said(content)}`];
};

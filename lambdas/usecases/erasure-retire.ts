/** Whatever holds the objects besides heads of branches: tags, snapshots, kept work, previews, copies at destinations. */

import { type ExportConfig, TAG_KEEPER_PREFIX } from '../contract.ts';
import { tagKeeperOf } from '../domain/collection.ts';
import { exportsOf, type Holder } from '../domain/erasure.ts';
import { withDeed } from '../domain/erasure-record.ts';
import { MARKER } from '../domain/export.ts';
import { parseRunKey } from '../domain/run.ts';
import { advanceSnapshot } from '../domain/snapshot.ts';
import { advance } from '../domain/transitions.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { changeRun } from './change.ts';
import { copiesOf } from './erasure-exports.ts';
import type { Waiting } from './erasure-removal.ts';
import type { ErasureWorker } from './erasure-worker.ts';
import { changeSnapshot, requireSnapshot } from './snapshot-entries.ts';

type Of<Kind extends Holder['kind']> = Extract<Holder, { kind: Kind }>;

/** Those alone that were there when the erasure was confirmed: what came later somebody has to decide about. */
export const removeTag = async (ports: ErasurePorts, worker: ErasureWorker, { name }: Of<'tag'>): Promise<Waiting> => {
  const { erasure, repository } = worker;
  if (!erasure.removeTags.includes(name)) return `tag ${name} shows the objects: delete or move it`;
  await ports.lakefs.deleteTag(repository.name, name);
  await worker.save({ did: withDeed(worker.erasure.did, 'tags', name) });
  return undefined;
};

/** Beside a tag that is gone nothing is kept. */
export const removeTagKeeper = async (
  { lakefs }: ErasurePorts,
  { repository }: ErasureWorker,
  { name }: Of<'tag-keeper'>,
): Promise<Waiting> => {
  for await (const { id } of lakefs.listTags(repository.name, ''))
    if (tagKeeperOf(id) === name) return `branch ${name} goes with tag ${id}`;
  if (name.startsWith(TAG_KEEPER_PREFIX)) await lakefs.deleteBranch(repository.name, name);
  return undefined;
};

/**
 * The entry says PRUNING first, by a condition on what was read: a hold that came in between wins. Tag and branch go at once; the backup
 * and the entry are the snapshot function's, which finishes what is half-removed.
 */
export const retireSnapshot = async (
  ports: ErasurePorts,
  worker: ErasureWorker,
  { name }: Of<'snapshot'>,
): Promise<Waiting> => {
  const { erasure, repository } = worker;
  const found = await requireSnapshot(ports, repository.name, name);
  const cause = { code: 'BL8605', message: `retired by erasure ${erasure.id}` };
  const changed = await changeSnapshot(ports, found, (entry) =>
    entry.hold === undefined && (entry.state === 'COMPLETE' || entry.state === 'CREATING')
      ? advanceSnapshot(entry, { state: 'PRUNING', cause }, ports.clock.now())
      : undefined,
  );
  const { hold, state, keeperBranch } = changed;
  if (hold !== undefined && state !== 'PRUNING' && state !== 'PRUNED')
    return `snapshot ${name} is held by ${hold.by}: ${hold.reason}`;
  await ports.lakefs.deleteTag(repository.name, name);
  await ports.lakefs.deleteBranch(repository.name, keeperBranch);
  await worker.save({ did: withDeed(worker.erasure.did, 'snapshots', name) });
  return undefined;
};

/** Kept until now: the sweep deletes the branch. */
export const expireRun = async (ports: ErasurePorts, worker: ErasureWorker, { run }: Of<'run'>): Promise<Waiting> => {
  const found = await ports.ledger.getRun(parseRunKey(run));
  const now = ports.clock.now();
  if (found !== undefined)
    await changeRun(ports, found, (current) =>
      current.keepUntil !== undefined && current.keepUntil > now
        ? advance(current, now, { keepUntil: now })
        : undefined,
    );
  await worker.save({ did: withDeed(worker.erasure.did, 'keptRuns', run) });
  return `the branch of run ${run} is deleted by the next sweep`;
};

/** Expired from now on: the function that made it removes it. */
export const expirePreview = async (
  ports: ErasurePorts,
  worker: ErasureWorker,
  { name }: Of<'preview'>,
): Promise<Waiting> => {
  const now = ports.clock.now();
  const found = await ports.previews.get(name);
  if (found !== undefined && found.expiresAt > now)
    await ports.previews.put({ ...found, expiresAt: now, version: found.version + 1, updatedAt: now });
  await worker.save({ did: withDeed(worker.erasure.did, 'previews', name) });
  return `preview ${name} is dropped by the next sweep of previews`;
};

const BATCH = 1000;

/** The commit that a destination holds shows the objects: it is brought to the newest verified one first, where it follows a target. */
const removeCopies = async (ports: ErasurePorts, worker: ErasureWorker, config: ExportConfig): Promise<Waiting> => {
  const { memory, erasure, until } = worker;
  const { name, bucket, prefix, target, repository } = config;
  const record = await ports.exports.get(name);
  if (record?.run !== undefined) return `export ${name} is running`;
  const keys = await copiesOf(ports, config, { memory, commit: record?.commit, until });
  if (keys.length === 0) return undefined;
  const verified =
    target === undefined ? undefined : (await ports.ledger.getTarget(repository, target))?.verifiedCommit;
  if (verified !== undefined && record?.commit !== undefined && record.commit !== verified) {
    await ports.exportQueue.wake(name, `${erasure.id}/${String(erasure.version)}`);
    return `export ${name} is to follow target ${target ?? ''}`;
  }
  // What was copied of a tag is no whole copy of it any more.
  if (target === undefined) await ports.destination.remove({ bucket }, [`${prefix}${MARKER}`]);
  for (let at = 0; at < keys.length; at += BATCH)
    await ports.destination.remove({ bucket }, keys.slice(at, at + BATCH));
  const { did } = worker.erasure;
  await worker.save({ did: { ...did, copies: { ...did.copies, [name]: (did.copies[name] ?? 0) + keys.length } } });
  return undefined;
};

export const removeAllCopies = async (ports: ErasurePorts, worker: ErasureWorker): Promise<readonly string[]> => {
  const waits: string[] = [];
  for (const config of exportsOf(await ports.config.load(), worker.repository.name)) {
    const wait = await removeCopies(ports, worker, config);
    if (wait !== undefined) waits.push(wait);
  }
  return waits;
};

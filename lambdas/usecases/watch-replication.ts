/**
 * Takes what is known of one repository's replicas on: candidates are chosen, then lakeFS's own files and the objects of the candidates are
 * looked for in the replica, and what is all there has arrived. Interrupted anywhere, the next pass goes on from the ledger.
 */
import {
  type CompiledConfig,
  METADATA,
  type ReplicationConfig as ReplicationSettings,
  type RepositoryConfig,
  SCHEMA_VERSION,
} from '../contract.ts';
import { parseRefs, refsKey } from '../domain/backup.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { noteKey, noteText } from '../domain/replica-note.ts';
import {
  isStuck,
  isWhole,
  MOST_RUNS,
  NEW_TARGET,
  NEW_WALK,
  newRecord,
  type ReplicationRecord,
  type SincePoint,
  settleTarget,
  type TargetReplication,
  withLag,
} from '../domain/replication.ts';
import type { EpochMs } from '../domain/run.ts';
import { isGood, type Snapshot } from '../domain/snapshot.ts';
import type { ReplicationPorts } from '../replication-ports.ts';
import { lookAtReplica, type ReplicaLook, type Seen, type Sides, untilTime, walkOn } from './replica-look.ts';

/** How far back the history of a target is looked through. */
const HISTORY = 1000;

export interface ReplicationWorker {
  readonly repository: RepositoryConfig;
  readonly settings: ReplicationSettings;
  readonly sides: Sides;
  readonly look: ReplicaLook;
  isTimeUp(): boolean;
}

export const workerOf = (
  ports: ReplicationPorts,
  { replication }: CompiledConfig,
  repository: RepositoryConfig,
  until: EpochMs,
): ReplicationWorker => {
  const sides = sidesOf(replication, repository);
  if (replication === undefined || sides === undefined)
    throw new BranchlineError('BL8851', `repository "${repository.name}" at ${repository.storageNamespace}`);
  return {
    repository,
    settings: replication,
    sides,
    look: lookAtReplica(ports, sides),
    isTimeUp: untilTime(ports, until),
  };
};

const sidesOf = (
  settings: ReplicationSettings | undefined,
  { storageNamespace }: RepositoryConfig,
): Sides | undefined => {
  const [, bucket, rest] = /^s3:\/\/([^/]+)\/?(.*?)\/*$/.exec(storageNamespace) ?? [];
  const replica = bucket === undefined ? undefined : settings?.buckets[bucket];
  if (bucket === undefined || replica === undefined) return undefined;
  const below = rest === undefined || rest === '' ? '' : `${rest}/`;
  return { source: `s3://${bucket}/${below}`, replica: `s3://${replica}/${below}` };
};

/** @returns the entry as it was written; `stale` where another pass wrote meanwhile. */
export const watchReplication = async (
  ports: ReplicationPorts,
  worker: ReplicationWorker,
): Promise<ReplicationRecord | 'stale'> => {
  const { repository, settings } = worker;
  const stored = await ports.replications.get(repository.name);
  // Of another region nothing is known yet.
  const isSame = stored?.region === settings.region;
  let record: ReplicationRecord = isSame
    ? stored
    : { ...newRecord(repository.name, settings.region, SCHEMA_VERSION), version: stored?.version ?? 0 };
  record = await withHeads(ports, worker, record);
  record = await withPoint(ports, worker, record);
  record = withCandidates(worker, record, ports.clock.now());
  record = await walkMetadata(ports, worker, record);
  // What was chosen while a look was under way needs one of its own.
  record = await walkMetadata(ports, worker, record);
  record = await walkCandidates(ports, worker, record);
  record = await settled(ports, worker, record);
  const next = { ...record, version: record.version + 1, updatedAt: ports.clock.now() };
  return (await ports.replications.put(next)).outcome === 'written' ? next : 'stale';
};

const withHeads = async (
  ports: ReplicationPorts,
  { repository: { name, targets } }: ReplicationWorker,
  record: ReplicationRecord,
): Promise<ReplicationRecord> => {
  const found: Record<string, TargetReplication> = {};
  for (const target of targets) {
    const { head: _, candidate, ...before } = record.targets[target] ?? NEW_TARGET;
    const head = (await ports.lakefs.getBranch(name, target))?.commitId;
    const now = ports.clock.now();
    const arrived = before.arrived.map((each) => (each.commit === head ? { ...each, shownAt: now } : each));
    found[target] = {
      ...{ ...before, arrived },
      ...(head === undefined ? {} : { head }),
      ...(candidate === undefined
        ? {}
        : { candidate: candidate.commit === head ? { ...candidate, shownAt: now } : candidate }),
    };
  }
  return { ...record, targets: found };
};

/** The newest good snapshot is what could be restored there next, unless an older one is still on its way. */
const withPoint = async (
  ports: ReplicationPorts,
  { repository: { name, targets }, settings }: ReplicationWorker,
  record: ReplicationRecord,
): Promise<ReplicationRecord> => {
  const newest = await newestGood(ports, name);
  const { point, restorable, pointsGivenUp } = record;
  if (newest === undefined || newest.id === restorable?.snapshot || newest.id === point?.snapshot) return record;
  const now = ports.clock.now();
  if (point !== undefined && !isStuck(point.chosenAt, pointsGivenUp, settings.lateAfterSeconds * 1000, now))
    return record;
  const commits = await commitsOf(ports, newest, targets);
  // Its listing is not there or damaged: the schedule of snapshots tells.
  if (commits === undefined) return record;
  return {
    ...record,
    pointsGivenUp: point === undefined ? pointsGivenUp : pointsGivenUp + 1,
    point: {
      ...{ snapshot: newest.id, takenAt: newest.startedAt, commits, chosenAt: now },
      ...{ needsLook: record.metadata.begun + 1, missing: [] },
    },
  };
};

const newestGood = async (ports: ReplicationPorts, repository: string): Promise<Snapshot | undefined> => {
  for await (const snapshot of ports.snapshots.list({ repository })) if (isGood(snapshot)) return snapshot;
  return undefined;
};

const commitsOf = async (
  ports: ReplicationPorts,
  { repository, id }: Snapshot,
  targets: readonly string[],
): Promise<Record<string, string> | undefined> => {
  const key = refsKey(repository, id);
  const text = await ports.backups.get(key);
  if (text === undefined) return undefined;
  try {
    const { branches } = parseRefs(text, ports.backups.uri(key));
    const shown = branches.filter(({ id: branch }) => targets.includes(branch));
    return Object.fromEntries(shown.map(({ id: branch, commitId }) => [branch, commitId]));
  } catch (error) {
    if (isBranchlineError(error, 'BL8103')) return undefined;
    throw error;
  }
};

const withCandidates = (
  { settings }: ReplicationWorker,
  record: ReplicationRecord,
  now: EpochMs,
): ReplicationRecord => {
  const chosen = Object.entries(record.targets).map(([name, target]): [string, TargetReplication] => {
    const { candidate, head, givenUp } = target;
    const knows = (commit: string | undefined): boolean =>
      commit === undefined || target.arrived.some((each) => each.commit === commit);
    const stuck =
      candidate !== undefined &&
      head !== candidate.commit &&
      isStuck(candidate.chosenAt, givenUp, settings.lateAfterSeconds * 1000, now);
    if (candidate !== undefined && !stuck) return [name, target];
    const { point } = record;
    // What the point needs comes first, then the head.
    const wanted = [
      { commit: point?.commits[name], shownAt: point?.takenAt ?? now },
      { commit: head, shownAt: now },
    ].find(({ commit }) => !knows(commit) && commit !== candidate?.commit);
    if (wanted?.commit === undefined) return [name, target];
    const { commit, shownAt } = wanted;
    const next = { ...NEW_WALK, commit, shownAt, chosenAt: now, needsLook: record.metadata.begun + 1 };
    return [name, { ...target, candidate: next, givenUp: candidate === undefined ? givenUp : givenUp + 1 }];
  });
  return { ...record, targets: Object.fromEntries(chosen) };
};

const FILES = '_lakefs/';

/** Ranges, meta-ranges and dumps lie directly in the folder; what lies deeper is not needed to read a commit. */
async function* metadataFiles(ports: ReplicationPorts, { source }: Sides, after: string): AsyncIterable<Seen> {
  const below = `${source}${FILES}`;
  for await (const { address, sizeBytes } of ports.source.list(below)) {
    if (address <= after || address.slice(below.length).includes('/')) continue;
    yield { key: address, address, sizeBytes };
  }
}

const walkMetadata = async (
  ports: ReplicationPorts,
  worker: ReplicationWorker,
  record: ReplicationRecord,
): Promise<ReplicationRecord> => {
  const { begun, whole, walk } = record.metadata;
  const needed = [record.point, ...Object.values(record.targets).map(({ candidate }) => candidate)].map(
    (each) => each?.needsLook ?? 0,
  );
  if (worker.isTimeUp() || Math.max(...needed) <= whole) return record;
  const number = walk === undefined ? begun + 1 : begun;
  const next = await walkOn(walk ?? NEW_WALK, (after) => metadataFiles(ports, worker.sides, after), worker);
  const isDone = isWhole(next);
  return {
    ...record,
    metadata: isDone ? { begun: number, whole: number } : { begun: number, whole, walk: next },
  };
};

export async function* objectsOf(
  { lakefs }: Pick<ReplicationPorts, 'lakefs'>,
  repository: string,
  commit: string,
  after: string,
): AsyncIterable<Seen> {
  const options = after === '' ? {} : { after };
  for await (const { path, physicalAddress, sizeBytes } of lakefs.listObjects(repository, commit, options))
    yield { key: path, address: physicalAddress, sizeBytes };
}

const walkCandidates = async (
  ports: ReplicationPorts,
  worker: ReplicationWorker,
  record: ReplicationRecord,
): Promise<ReplicationRecord> => {
  const targets: Record<string, TargetReplication> = {};
  for (const [name, target] of Object.entries(record.targets)) {
    const { candidate } = target;
    targets[name] = target;
    if (candidate === undefined || worker.isTimeUp()) continue;
    const follow = (after: string) => objectsOf(ports, worker.repository.name, candidate.commit, after);
    try {
      targets[name] = { ...target, candidate: { ...candidate, ...(await walkOn(candidate, follow, worker)) } };
    } catch (error) {
      if (!isBranchlineError(error, 'BL3004')) throw error;
      // The commit is gone with everything that showed it.
      const { candidate: _, ...rest } = target;
      targets[name] = rest;
    }
  }
  return { ...record, targets };
};

const settled = async (
  ports: ReplicationPorts,
  worker: ReplicationWorker,
  record: ReplicationRecord,
): Promise<ReplicationRecord> => {
  const now = ports.clock.now();
  const { point, restorable, metadata } = record;
  const acceptsOutside = worker.settings.importedObjects === 'accept';
  const targets: Record<string, TargetReplication> = {};
  for (const [name, target] of Object.entries(record.targets)) {
    const keep = [point?.commits[name], restorable?.commits[name]].flatMap((commit) => commit ?? []);
    const next = settleTarget(target, { whole: metadata.whole, acceptsOutside, keep }, now);
    targets[name] = withLag(next, await historyOf(ports, worker.repository.name, next), now);
  }
  const next = { ...record, targets };
  return withWord(ports, point === undefined ? next : await pointSettled(ports, worker, { ...next, point }));
};

/**
 * What came after the snapshot that could be restored there, and word of both beside the backups: the second region has no ledger. Before
 * the first region's own, so that it says nothing that is not so, whoever dies here.
 */
const withWord = async (ports: ReplicationPorts, record: ReplicationRecord): Promise<ReplicationRecord> => {
  const { restorable, repository } = record;
  if (restorable === undefined) return record;
  const since: Record<string, SincePoint> = {};
  for (const [name, { head }] of Object.entries(record.targets)) {
    const commit = restorable.commits[name];
    if (head === undefined || commit === undefined) continue;
    const before = restorable.since?.[name];
    since[name] = before?.head === head ? before : await sinceThen(ports, repository, head, commit);
  }
  const { snapshot, takenAt, commits } = restorable;
  const [taken = '', found = ''] = [takenAt, ports.clock.now()].map((at) => new Date(at).toISOString());
  await ports.backups.put(
    noteKey(repository),
    noteText({ schemaVersion: SCHEMA_VERSION, repository, snapshot, takenAt: taken, foundAt: found, commits, since }),
  );
  return { ...record, restorable: { ...restorable, since } };
};

const sinceThen = async (
  { lakefs }: ReplicationPorts,
  repository: string,
  head: string,
  then: string,
): Promise<SincePoint> => {
  let commits = 0;
  const runs: string[] = [];
  if (head === then) return { head, commits, runs };
  for await (const { id, metadata } of lakefs.log(repository, head, { limit: HISTORY })) {
    if (id === then) return { head, commits, runs };
    commits += 1;
    const run = metadata[METADATA.runId];
    if (run !== undefined && runs.length < MOST_RUNS) runs.push(run);
  }
  return { head, commits, more: true, runs };
};

const historyOf = async (
  { lakefs }: ReplicationPorts,
  repository: string,
  { head, arrived }: TargetReplication,
): Promise<string[]> => {
  if (head === undefined) return [];
  const known = new Set(arrived.map(({ commit }) => commit));
  const history: string[] = [];
  // The head itself may have moved on since; what is looked through is its history at that time.
  for await (const { id } of lakefs.log(repository, head, { limit: HISTORY })) {
    history.push(id);
    if (known.has(id)) break;
  }
  return history;
};

const pointSettled = async (
  ports: ReplicationPorts,
  { settings }: ReplicationWorker,
  record: ReplicationRecord & Required<Pick<ReplicationRecord, 'point'>>,
): Promise<ReplicationRecord> => {
  const { point, targets, metadata, repository } = record;
  const missing = await missingFiles(ports, settings, `${repository}/${point.snapshot}/`);
  const haveArrived = Object.entries(point.commits).every(([name, commit]) =>
    targets[name]?.arrived.some((each) => each.commit === commit),
  );
  if (missing.length > 0 || !haveArrived || metadata.whole < point.needsLook)
    return { ...record, point: { ...point, missing } };
  const { point: _, ...rest } = record;
  const { snapshot, takenAt, commits } = point;
  return { ...rest, pointsGivenUp: 0, restorable: { snapshot, takenAt, commits, arrivedAt: ports.clock.now() } };
};

/** Of a backup: both files, with their sizes. Nothing is to be missing where there is nothing. */
const missingFiles = async (
  ports: ReplicationPorts,
  { backups: backupsTo }: ReplicationSettings,
  folder: string,
): Promise<string[]> => {
  const from = ports.backups.uri('');
  const there = new Map<string, number>();
  for await (const { address, sizeBytes } of ports.replica.list(`${backupsTo}${folder}`))
    there.set(address.slice(backupsTo.length), sizeBytes);
  const missing: string[] = [];
  let count = 0;
  for await (const { address, sizeBytes } of ports.source.list(`${from}${folder}`)) {
    count += 1;
    const key = address.slice(from.length);
    if (there.get(key) !== sizeBytes) missing.push(address);
  }
  return count === 0 ? [`${from}${folder}`] : missing;
};

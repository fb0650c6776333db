/**
 * Makes a snapshot of a target. The entry in the ledger comes first; every step may be repeated, and whoever finds an entry that is
 * still CREATING goes on with it:
 *
 *     entry (commit fixed) → keeper branch → tag → dump of all refs, refs.json → counting → database → manifest.json → COMPLETE
 *
 * The tag is there before the dump, so that the dump holds it. The manifest is written last: a backup with one is whole.
 */
import { SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { advanceSnapshot, keeperBranchOf, type Snapshot, type SnapshotKind, snapshotId } from '../domain/snapshot.ts';
import { NO_CONTENT, withObject } from '../domain/snapshot-content.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';
import { dumpRefs } from './dump-refs.ts';
import { changeSnapshot } from './snapshot-entries.ts';
import { writeManifest } from './write-manifest.ts';

export interface CreateSnapshotRequest {
  readonly repository: string;
  readonly target: string;
  readonly kind: SnapshotKind;
  readonly requestedBy: string;
  readonly reason?: string;
  /** Name of the database backup that several snapshots of one moment share. Without it there is none. */
  readonly databaseBackup?: string;
  readonly dryRun?: boolean;
  /** No step is begun after that. */
  readonly until: EpochMs;
}

export type CreateSnapshotAnswer =
  | { readonly outcome: 'created'; readonly snapshot: Snapshot }
  /** The time was up: ask again with the id, or leave it to the schedule. */
  | { readonly outcome: 'unfinished'; readonly snapshot: Snapshot }
  | { readonly outcome: 'would-create'; readonly snapshot: Snapshot };

/** Objects after which counting is written down: so many are read again at most after a crash. */
const COUNT_STEP = 100_000;
/** Snapshots of one target within one second are told apart by moving on to the next second. */
const MAX_SECONDS = 60;

export const createSnapshot = async (
  ports: SnapshotPorts,
  request: CreateSnapshotRequest,
): Promise<CreateSnapshotAnswer> => {
  const planned = await plan(ports, request);
  if (request.dryRun === true) return { outcome: 'would-create', snapshot: planned };
  return continueSnapshot(ports, await begin(ports, planned), request);
};

const plan = async (ports: SnapshotPorts, request: CreateSnapshotRequest): Promise<Snapshot> => {
  const { repository, target, kind, requestedBy, reason } = request;
  const head = await ports.lakefs.getBranch(repository, target);
  if (head === undefined) throw new BranchlineError('BL3004', `target "${target}" of repository "${repository}"`);
  const commit = await ports.lakefs.getCommit(repository, head.commitId);
  if (commit === undefined) throw new BranchlineError('BL3004', `commit ${head.commitId}, the head of "${target}"`);
  const now = ports.clock.now();
  const id = snapshotId(target, now);
  return {
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    id,
    repository,
    target,
    kind,
    state: 'CREATING',
    requestedBy,
    ...(reason === undefined ? {} : { reason }),
    startedAt: now,
    updatedAt: now,
    commit: commit.id,
    metaRangeId: commit.metaRangeId,
    keeperBranch: keeperBranchOf(id),
  };
};

/** A snapshot of this second that shows the same commit for the same reason is this one: its answer was lost. */
const begin = async (ports: SnapshotPorts, planned: Snapshot): Promise<Snapshot> => {
  for (let second = 0; second < MAX_SECONDS; second += 1) {
    const id = snapshotId(planned.target, planned.startedAt + second * 1000);
    const entry = { ...planned, id, keeperBranch: keeperBranchOf(id) };
    const answer = await ports.snapshots.put(entry);
    if (answer.outcome === 'written') return entry;
    const { snapshot } = answer;
    const isOurs =
      snapshot !== undefined &&
      ['CREATING', 'COMPLETE'].includes(snapshot.state) &&
      snapshot.commit === planned.commit &&
      snapshot.kind === planned.kind &&
      snapshot.requestedBy === planned.requestedBy;
    if (isOurs) return snapshot;
  }
  throw new BranchlineError(
    'BL4003',
    `${String(MAX_SECONDS)} snapshots of "${planned.target}" were begun since ${planned.id}`,
  );
};

/** Goes on with a snapshot that is CREATING, by whomever it was begun. */
export const continueSnapshot = async (
  ports: SnapshotPorts,
  start: Snapshot,
  request: { readonly databaseBackup?: string; readonly until: EpochMs },
): Promise<CreateSnapshotAnswer> => {
  if (start.state === 'COMPLETE') return { outcome: 'created', snapshot: start };
  if (start.state !== 'CREATING')
    throw new BranchlineError('BL8102', `snapshot ${start.id} is ${start.state}: it cannot be finished any more`);
  await pin(ports, start);
  let snapshot = await dumpRefs(ports, start, request.until);
  if (snapshot.dump === undefined) return { outcome: 'unfinished', snapshot };
  snapshot = await countObjects(ports, snapshot, request.until);
  if (snapshot.content === undefined) return { outcome: 'unfinished', snapshot };
  snapshot = await backUpDatabase(ports, snapshot, request.databaseBackup);
  const backup = await writeManifest(ports, snapshot);
  snapshot = await changeSnapshot(ports, snapshot, (entry) =>
    entry.state === 'CREATING'
      ? advanceSnapshot(
          entry,
          { state: 'COMPLETE', completedAt: ports.clock.now(), backup, counting: undefined },
          ports.clock.now(),
        )
      : undefined,
  );
  if (snapshot.state !== 'COMPLETE')
    throw new BranchlineError('BL8102', `snapshot ${snapshot.id} became ${snapshot.state} while it was made`);
  return { outcome: 'created', snapshot };
};

/** The branch first: from then on nothing that the snapshot shows can be collected. */
const pin = async ({ lakefs }: SnapshotPorts, { repository, id, commit, keeperBranch }: Snapshot): Promise<void> => {
  const refuse = (what: string, shown: string | undefined): void => {
    if (shown === commit) return;
    throw new BranchlineError(
      'BL8102',
      `${what} of repository "${repository}" shows ${shown ?? 'nothing'}, not ${commit}: somebody else made it`,
    );
  };
  if ((await lakefs.createBranch(repository, keeperBranch, commit)) === 'exists')
    refuse(`branch ${keeperBranch}`, (await lakefs.getBranch(repository, keeperBranch))?.commitId);
  if ((await lakefs.createTag(repository, id, commit)) === 'exists')
    refuse(`tag ${id}`, (await lakefs.getTag(repository, id))?.commitId);
};

/** What shows the same meta-range as an earlier snapshot holds the same, and is not counted again. */
const countObjects = async (ports: SnapshotPorts, start: Snapshot, until: EpochMs): Promise<Snapshot> => {
  if (start.content !== undefined) return start;
  const { repository, target, commit, metaRangeId } = start;
  const write = (snapshot: Snapshot, change: Pick<Snapshot, 'counting' | 'content'>): Promise<Snapshot> =>
    changeSnapshot(ports, snapshot, (entry) => advanceSnapshot(entry, change, ports.clock.now()));
  for await (const earlier of ports.snapshots.list({ repository, target })) {
    if (earlier.metaRangeId === metaRangeId && earlier.content !== undefined)
      return write(start, { content: earlier.content });
  }
  let snapshot = start;
  let counting = start.counting ?? { ...NO_CONTENT, after: '' };
  const objects = ports.lakefs.listObjects(repository, commit, counting.after === '' ? {} : { after: counting.after });
  for await (const object of objects) {
    counting = { ...withObject(counting, object), after: object.path };
    const isLate = counting.objects % 1000 === 0 && ports.clock.now() >= until;
    if (isLate || counting.objects % COUNT_STEP === 0) snapshot = await write(snapshot, { counting });
    if (isLate) return snapshot;
  }
  const { after: _, ...content } = counting;
  return write(snapshot, { content });
};

const backUpDatabase = async (ports: SnapshotPorts, snapshot: Snapshot, name?: string): Promise<Snapshot> => {
  if (name === undefined || ports.databases === undefined || snapshot.database !== undefined) return snapshot;
  const database = await ports.databases.backUp(name, ports.clock.now());
  return changeSnapshot(ports, snapshot, (entry) => advanceSnapshot(entry, { database }, ports.clock.now()));
};

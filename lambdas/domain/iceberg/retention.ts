/**
 * Which snapshots stay readable, and under which names. Pure.
 *
 * A snapshot is of use while the objects that it names are there. lakeFS's garbage collection keeps those of a branch's head, and of what
 * was replaced on a branch less than its retention ago. So a snapshot stays while it is the current one, for `history` after another took its
 * place, and while a branch `keep-…` of a snapshot of Branchline has its commit as head. A tag alone keeps no object, and no snapshot.
 */
import type { SnapshotId } from './manifest-file.ts';
import { type Snapshot, type SnapshotRef, SUMMARY } from './snapshot.ts';

/** How long, and how many, snapshots stay after another took their place. */
export interface Keep {
  readonly ms: number;
  readonly most: number;
}

/** What lakeFS names and keeps, as it was when somebody looked. */
export interface LakeRefs {
  readonly at: number;
  /** Names of tags → commit. */
  readonly tags: Readonly<Record<string, string>>;
  /** Commits whose objects garbage collection leaves alone. */
  readonly held: readonly string[];
  /** Commits that show the rows of a snapshot of another commit, since nothing of the table changed between; 0 where there is none. */
  readonly same: Readonly<Record<string, SnapshotId>>;
}

/** Property of the table: what was seen last, so that flips that follow one another closely need not look again. */
export const REFS = 'branchline.refs';

export const refsIn = (properties: Readonly<Record<string, string>> | undefined): LakeRefs | undefined => {
  const text = properties?.[REFS];
  return text === undefined ? undefined : (JSON.parse(text) as LakeRefs);
};

/** The newest snapshot that shows the rows of a commit. */
export const snapshotOf = (
  snapshots: readonly Snapshot[],
  { same }: Pick<LakeRefs, 'same'>,
  commit: string,
): Snapshot | undefined =>
  snapshots.findLast((snapshot) => snapshot.summary[SUMMARY.commit] === commit) ??
  snapshots.find((snapshot) => snapshot['snapshot-id'] === same[commit]);

/** Without what has left: the property is read with every query. */
export const refsProperty = (snapshots: readonly Snapshot[], refs: LakeRefs): string => {
  const { at, same } = refs;
  const tags = Object.entries(refs.tags).filter(([, commit]) => snapshotOf(snapshots, refs, commit) !== undefined);
  const held = refs.held.filter((commit) => snapshotOf(snapshots, refs, commit) !== undefined);
  return JSON.stringify({ at, tags: Object.fromEntries(tags), held, same });
};

/** Tags by name, of the snapshot that shows the tagged commit. */
export const refsOf = (
  snapshots: readonly Snapshot[],
  current: SnapshotId | undefined,
  refs: LakeRefs,
): Readonly<Record<string, SnapshotRef>> => {
  const tags = Object.entries(refs.tags).flatMap(([name, commit]) => {
    const id = snapshotOf(snapshots, refs, commit)?.['snapshot-id'];
    return id === undefined || name === 'main' ? [] : [[name, { 'snapshot-id': id, type: 'tag' as const }] as const];
  });
  return {
    ...(current === undefined ? {} : { main: { 'snapshot-id': current, type: 'branch' as const } }),
    ...Object.fromEntries(tags),
  };
};

export const keptSnapshots = (
  snapshots: readonly Snapshot[],
  current: SnapshotId | undefined,
  refs: LakeRefs,
  { ms, most }: Keep,
  now: number,
): readonly Snapshot[] => {
  const held = new Set(refs.held.map((commit) => snapshotOf(snapshots, refs, commit)?.['snapshot-id']));
  const newestFirst = [...snapshots].sort((a, b) => b['sequence-number'] - a['sequence-number']);
  const kept = newestFirst.filter((snapshot, i) => {
    if (snapshot['snapshot-id'] === current || held.has(snapshot['snapshot-id'])) return true;
    const replacedAt = newestFirst[i - 1]?.['timestamp-ms'] ?? now;
    return i < most && replacedAt > now - ms;
  });
  return kept.reverse();
};

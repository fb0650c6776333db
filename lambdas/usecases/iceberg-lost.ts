/** Earlier snapshots of an Iceberg table that nobody can read any more, since somebody removed what they name. */
import type { IcebergReader, IcebergStore } from '../catalog-ports.ts';
import { atOnce } from '../domain/at-once.ts';
import { type ManifestFile, readManifestList, type SnapshotId } from '../domain/iceberg/manifest-file.ts';
import type { TableMetadata } from '../domain/iceberg/metadata.ts';
import type { Snapshot } from '../domain/iceberg/snapshot.ts';

type Reader = IcebergReader & Pick<IcebergStore, 'list'>;

/** Manifest lists that are read at a time. */
const AT_ONCE = 16;

export interface Lost {
  readonly snapshot: Snapshot;
  /** The first of what is gone. */
  readonly what: string;
}

/**
 * What does not lie with the table is not looked for.
 * @param spared one that is opened anyway.
 */
export const lostSnapshots = async (
  iceberg: Reader,
  folder: string,
  { snapshots = [] }: TableMetadata,
  spared: SnapshotId | null | undefined,
): Promise<readonly Lost[]> => {
  const earlier = snapshots.filter((snapshot) => snapshot['snapshot-id'] !== spared);
  if (earlier.length === 0) return [];
  const present = new Set<string>();
  for await (const { key } of iceberg.list(folder)) present.add(key);
  const isGone = (uri: string): boolean => {
    const key = iceberg.keyOf(uri);
    return key?.startsWith(folder) === true && !present.has(key);
  };
  const found: Lost[] = [];
  await atOnce(AT_ONCE, earlier, async (snapshot) => {
    const list = snapshot['manifest-list'];
    const names = isGone(list) ? [] : (await manifestsOf(iceberg, list)).map((manifest) => manifest.manifest_path);
    const what = [list, ...names].find(isGone);
    if (what !== undefined) found.push({ snapshot, what });
  });
  return found;
};

const manifestsOf = async (iceberg: Reader, list: string): Promise<readonly ManifestFile[]> => {
  const key = iceberg.keyOf(list);
  const bytes = key === undefined ? undefined : await iceberg.get(key);
  try {
    return bytes === undefined ? [] : readManifestList(Buffer.from(bytes)).manifests;
  } catch {
    // Another engine may write lists in a way that we do not read.
    return [];
  }
};

/** The metadata without them: whoever asks which files snapshots need would get no answer. */
export const withoutLost = async (
  iceberg: Reader,
  folder: string,
  metadata: TableMetadata | undefined,
  spared: SnapshotId | null | undefined,
): Promise<TableMetadata | undefined> => {
  if (metadata === undefined) return undefined;
  const found = await lostSnapshots(iceberg, folder, metadata, spared);
  const lost = new Set(found.map(({ snapshot }) => snapshot['snapshot-id']));
  if (lost.size === 0) return metadata;
  const snapshots = (metadata.snapshots ?? []).filter((snapshot) => !lost.has(snapshot['snapshot-id']));
  return { ...metadata, snapshots };
};

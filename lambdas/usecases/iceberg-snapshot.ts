/**
 * Writes a snapshot: manifests of what changed, the list of all, and the entry that the metadata file gets. No reader knows of it yet, and
 * all of them have names before they are there: they are put side by side.
 */
import { createHash } from 'node:crypto';
import type { CatalogPorts, TableWork } from '../catalog-ports.ts';
import { METADATA } from '../contract.ts';
import { CompactFile } from '../domain/iceberg/compact-file.ts';
import {
  type DataFile,
  type ManifestFile,
  readManifest,
  writeManifest,
  writeManifestList,
} from '../domain/iceberg/manifest-file.ts';
import { currentSnapshot, schemasOf, summaryOf } from '../domain/iceberg/metadata.ts';
import { byGroup, type NewManifest, NO_DELTA, plus, rewriteGroup, touchedGroups } from '../domain/iceberg/rewrite.ts';
import { type Snapshot, SUMMARY } from '../domain/iceberg/snapshot.ts';
import { widen, widenedTypes } from '../domain/iceberg/widen.ts';
import type { UnderWay } from '../domain/under-way.ts';
import type { Base, Next } from './iceberg-base.ts';
import type { Changes, Groups } from './iceberg-groups.ts';
import { icebergFolder, type OpenIceberg } from './iceberg-table.ts';

/** Manifests that are rewritten at a time. */
const AT_ONCE = 8;

export interface Parts {
  readonly open: OpenIceberg;
  readonly base: Base;
  readonly groups: Groups;
  readonly found: Changes;
  readonly mostFiles: number;
}

/** What manifests say of files. */
export const filesOf = async (
  ports: CatalogPorts,
  manifests: readonly ManifestFile[],
): Promise<ReadonlyMap<string, DataFile>> => {
  const files = new Map<string, DataFile>();
  for (const manifest of manifests) {
    const key = ports.iceberg.keyOf(manifest.manifest_path);
    const bytes = key === undefined ? undefined : await ports.iceberg.get(key);
    if (bytes === undefined) continue;
    for (const { data_file: file } of readManifest(Buffer.from(bytes), manifest).entries)
      files.set(file.file_path, new CompactFile(file));
  }
  return files;
};

/** Where the rows come from, as the summary of a snapshot says it. */
export type Origin = Readonly<Record<string, string>>;

export interface Writing {
  readonly origin: Promise<Origin>;
  /** Of the last manifests and the list: whoever shows the snapshot waits for them. */
  readonly puts: UnderWay;
}

interface Listed {
  readonly start: string;
  readonly manifest: ManifestFile;
}

export const writeSnapshot = async (
  ports: CatalogPorts,
  { table }: TableWork,
  { open: { metadata }, base, groups, found, mostFiles }: Parts,
  next: Next,
  files: readonly DataFile[],
  { origin, puts }: Writing,
): Promise<Snapshot> => {
  const folder = `${icebergFolder(table)}metadata/`;
  const name = ports.ids.owner();
  const id = snapshotId(name);
  const sequence = (metadata?.['last-sequence-number'] ?? 0) + 1;
  const widened = widenedTypes(schemasOf(metadata), next.schemas);
  const isForced = widened.size > 0;
  const { partitions } = next.form;
  const wanted = new Map([...found.changes].map(([key, change]) => [key, change]));
  const added = byGroup(partitions, groups.starts, files);
  const touched = isForced
    ? groups.starts.map((_, index) => index)
    : [...new Set([...touchedGroups(groups.starts, wanted.values()), ...groups.lost])];
  const rewritten = new Map<number, readonly Listed[]>();
  let delta = NO_DELTA;
  let serial = 0;
  const put = (manifest: NewManifest): Listed => {
    const key = `${folder}${name}-m${String(serial++)}.avro`;
    const { bytes, listed } = writeManifest(next.form, { id, sequence }, manifest.entries, manifest.prefixes);
    puts.begin(ports.iceberg.put(key, bytes));
    return { start: manifest.start, manifest: { manifest_path: ports.iceberg.uri(key), ...listed } };
  };
  const rewrite = async (index: number): Promise<void> => {
    const { open } = await groups.open(index);
    const plan = { partitions, starts: groups.starts, wanted, added, snapshotId: id, mostFiles };
    const answer = rewriteGroup(
      { ...plan, force: isForced || groups.lost.has(index) },
      isForced ? widen(open, widened, partitions) : open,
    );
    if (answer === undefined) return;
    delta = plus(delta, answer.delta);
    rewritten.set(index, answer.manifests.map(put));
  };
  for (let at = 0; at < touched.length; at += AT_ONCE) {
    await puts.done();
    await Promise.all(touched.slice(at, at + AT_ONCE).map(rewrite));
  }
  // Where the layout changes, all that was there leaves with its manifests.
  if (!next.isSameSpec) delta = plus(delta, await wholeOf(ports, base.manifests));
  const listed = groups.starts.flatMap((start, index): readonly Listed[] => {
    const manifest = groups.manifests[index];
    return rewritten.get(index) ?? (manifest === undefined ? [] : [{ start, manifest }]);
  });
  const current = currentSnapshot(metadata)?.['snapshot-id'];
  const key = `${folder}snap-${String(id)}-${name}.avro`;
  const list = { manifests: listed.map(({ manifest }) => manifest), groups: listed.map(({ start }) => start) };
  puts.begin(ports.iceberg.put(key, writeManifestList({ id, parent: current, sequence }, list)));
  const now = Math.max(ports.clock.now(), metadata?.['last-updated-ms'] ?? 0);
  return {
    ...{ 'snapshot-id': id, ...(current === undefined ? {} : { 'parent-snapshot-id': current }) },
    ...{ 'sequence-number': sequence, 'timestamp-ms': now, 'manifest-list': ports.iceberg.uri(key) },
    'schema-id': next.schemas.current,
    summary: summaryOf(base.snapshot, delta, totalOf(list.manifests), await origin),
  };
};

const totalOf = (manifests: readonly ManifestFile[]): { readonly files: number; readonly rows: number } => {
  let [files, rows] = [0, 0];
  for (const manifest of manifests) {
    files += manifest.added_files_count + manifest.existing_files_count;
    rows += manifest.added_rows_count + manifest.existing_rows_count;
  }
  return { files, rows };
};

/** 52 bits of the name: every reader's numbers hold them. */
const snapshotId = (name: string): number =>
  Number.parseInt(createHash('sha256').update(name).digest('hex').slice(0, 13), 16) + 1;

const wholeOf = async (ports: CatalogPorts, manifests: readonly ManifestFile[]) => {
  let [deletedFiles, deletedRows, deletedBytes] = [0, 0, 0];
  for (const { record_count: rows, file_size_in_bytes: bytes } of (await filesOf(ports, manifests)).values()) {
    deletedFiles += 1;
    deletedRows += rows;
    deletedBytes += bytes;
  }
  return { ...NO_DELTA, deletedFiles, deletedRows, deletedBytes };
};

/** Where the rows come from: the commit, and the run and person behind it. */
export const originOf = async (ports: CatalogPorts, repository: string, commit: string): Promise<Origin> => {
  const found = await ports.lakefs.getCommit(repository, commit);
  const run = found?.metadata[METADATA.runId];
  return {
    [SUMMARY.commit]: commit,
    ...(run === undefined ? {} : { [SUMMARY.run]: run }),
    ...(found === undefined || found.committer === '' ? {} : { [SUMMARY.promoter]: found.committer }),
  };
};

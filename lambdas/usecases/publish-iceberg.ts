/**
 * The publisher for Iceberg tables: every refresh that changes something is one snapshot, and one call to Glue shows it.
 *
 * The cost follows the change: manifests of partitions that stay are taken over by name, footers are read of new files alone. Nothing
 * before the switch is seen by readers, so every step may be interrupted and is simply done again.
 */
import { createHash } from 'node:crypto';
import type { CatalogPorts, IcebergReader, Publisher, PublishOutcome, TableWork } from '../catalog-ports.ts';
import { METADATA } from '../contract.ts';
import { MOST_FILES } from '../domain/iceberg/groups.ts';
import {
  type DataFile,
  type ManifestFile,
  type ManifestForm,
  readManifest,
  readManifestList,
  writeManifest,
  writeManifestList,
} from '../domain/iceberg/manifest-file.ts';
import {
  currentSnapshot,
  lastOwnSnapshot,
  mappingIn,
  nextMetadata,
  type Snapshot,
  SUMMARY,
  schemasOf,
  specsOf,
  summaryOf,
  type TableMetadata,
} from '../domain/iceberg/metadata.ts';
import { currentSpec, type Specs, typed, withPartitions } from '../domain/iceberg/partition-spec.ts';
import { byGroup, type NewManifest, NO_DELTA, plus, rewriteGroup, touchedGroups } from '../domain/iceberg/rewrite.ts';
import { currentSchema, nameMapping, type Schemas, spellingsOf, withColumns } from '../domain/iceberg/schema.ts';
import { widen, widenedTypes } from '../domain/iceberg/widen.ts';
import { type NewFile, type ReadFiles, readNewFiles, zonesOf } from './iceberg-files.ts';
import { type Changes, findChanges, type Groups, openGroups } from './iceberg-groups.ts';
import { removeOrphans } from './iceberg-orphans.ts';
import { flipTable, icebergFolder, isInForm, type OpenIceberg, openIceberg } from './iceberg-table.ts';

/** Manifests that are rewritten at a time. */
const AT_ONCE = 8;
/** More would make a metadata file that every query reads too large. */
const MOST_SNAPSHOTS = 500;

export interface IcebergOptions {
  readonly mostFiles?: number;
}

export const icebergPublisher =
  ({ mostFiles = MOST_FILES }: IcebergOptions = {}): Publisher =>
  async (ports, work) => {
    const open = await openIceberg(ports, work.table, work.found);
    const base = await readBase(ports, open);
    if (!work.isWhole && base.drift !== undefined) return { outcome: 'drifted', what: base.drift };
    // Only the partitions of it are needed now; new columns are known better when files are.
    const { form, isOther, isSameSpec } = planForm(work, open.metadata, base);
    if (isOther && !work.isWhole) return { outcome: 'drifted', what: 'its columns are others' };
    const [manifests, starts] = isSameSpec ? [base.manifests, base.starts] : [[], ['']];
    const groups = openGroups(ports, form.partitions, manifests, starts);
    const found = await findChanges(ports, work, groups, form.partitions);
    if (found.drift !== undefined) return { outcome: 'drifted', what: found.drift };
    return publish(ports, work, { open, base, groups, found, mostFiles });
  };

/** The state that the next snapshot follows: our last one. What somebody else made behind it is undone by ours. */
export interface Base {
  readonly snapshot: Snapshot | undefined;
  readonly manifests: readonly ManifestFile[];
  readonly starts: readonly string[];
  readonly isForeign: boolean;
  readonly drift?: string;
}

export const readBase = async (
  ports: { readonly iceberg: IcebergReader },
  { metadata }: OpenIceberg,
): Promise<Base> => {
  const nothing = { snapshot: undefined, manifests: [], starts: [''], isForeign: false };
  if (metadata === undefined) return { ...nothing, drift: 'there is no table yet' };
  const current = currentSnapshot(metadata);
  const snapshot = lastOwnSnapshot(metadata);
  // Also where somebody put it back to an earlier one of ours.
  const foreign = current !== undefined && current['snapshot-id'] !== snapshot?.['snapshot-id'];
  if (snapshot === undefined) return { ...nothing, isForeign: foreign, drift: 'it has no snapshot of ours' };
  const key = ports.iceberg.keyOf(snapshot['manifest-list']);
  const bytes = key === undefined ? undefined : await ports.iceberg.get(key);
  const list = bytes === undefined ? undefined : readManifestList(Buffer.from(bytes));
  if (list?.groups === undefined) return { ...nothing, isForeign: foreign, drift: 'its manifest list is gone' };
  const live = list.manifests.flatMap((manifest, i) =>
    manifest.added_files_count + manifest.existing_files_count > 0 ? [{ manifest, start: list.groups?.[i] ?? '' }] : [],
  );
  return {
    ...{ snapshot, isForeign: foreign, manifests: live.map(({ manifest }) => manifest) },
    starts: live.length === 0 ? [''] : live.map(({ start }) => start),
    ...(foreign ? { drift: 'somebody else wrote to it' } : {}),
  };
};

/** What the table is described by from now on. */
interface Next {
  readonly schemas: Schemas;
  readonly specs: Specs;
  readonly form: ManifestForm;
  /** Schema or spec are not those of the table. */
  readonly isOther: boolean;
  readonly isSameSpec: boolean;
}

/** @param zones paths of new columns that the files hold in UTC; ids do not depend on them. */
export const planForm = (
  { table }: Pick<TableWork, 'table'>,
  metadata: TableMetadata | undefined,
  base: Base,
  zones: ReadonlySet<string> = new Set(),
): Next => {
  const schemas = withColumns(schemasOf(metadata), [...table.columns, ...table.partitionColumns], zones);
  const schema = currentSchema(schemas);
  const sources = table.partitionColumns.flatMap(({ name }) => schema.fields.filter((field) => field.name === name));
  const specs = withPartitions(specsOf(metadata), sources);
  const spec = currentSpec(specs);
  const isSameSpec = specs.current === metadata?.['default-spec-id'];
  return {
    ...{ schemas, specs, isOther: schemas.current !== metadata?.['current-schema-id'] || !isSameSpec },
    isSameSpec: isSameSpec && base.manifests.every((manifest) => manifest.partition_spec_id === specs.current),
    form: { schema, spec, partitions: typed(spec, schema.fields) },
  };
};

interface Parts {
  readonly open: OpenIceberg;
  readonly base: Base;
  readonly groups: Groups;
  readonly found: Changes;
  readonly mostFiles: number;
}

const publish = async (ports: CatalogPorts, work: TableWork, parts: Parts): Promise<PublishOutcome> => {
  const { open, base, groups, found } = parts;
  const { table, commit, isWhole, until } = work;
  const { metadata } = open;
  const zones = hasNewTimes(metadata, work, base) ? await zonesOf(ports, table, commit, found.someFile) : undefined;
  const next = planForm(work, metadata, base, zones);
  const folder = icebergFolder(table);
  const aside = `${folder}aside/${String(next.form.schema['schema-id'])}-${String(next.form.spec['spec-id'])}/`;
  const known = next.isSameSpec ? new Map<string, DataFile>() : await filesOf(ports, base.manifests);
  const files = [...found.changes.values()].flatMap(({ files: of, partition }): NewFile[] =>
    [...of.values()].map((file) => ({ ...file, partition })),
  );
  const read = await readNewFiles(ports, { table, commit, form: next.form, folder: aside, known, until }, files);
  if (read === undefined || ports.clock.now() >= until) return { outcome: 'unfinished', ...NO_COUNTS };

  const shown = base.snapshot?.summary[SUMMARY.commit];
  const mapping = nameMapping(next.schemas, spellingsWith(metadata, read));
  const isDescribed =
    !next.isOther && isInForm(ports, table, open) && JSON.stringify(mapping) === JSON.stringify(mappingIn(metadata));
  const isAsIs =
    found.changes.size + groups.lost.size === 0 && !base.isForeign && isDescribed && (!isWhole || shown === commit);
  if (!isAsIs) {
    const written = await writeSnapshot(ports, work, parts, next, read.files);
    const name = `${String(written.snapshot['sequence-number']).padStart(5, '0')}-${ports.ids.owner()}.metadata.json`;
    const flip = {
      ...{ descriptor: table, open, commit, fileName: name },
      metadata: nextMetadata({
        ...{ before: metadata, beforeAt: open.metadataAt, uuid: metadata?.['table-uuid'] ?? ports.ids.owner() },
        location: ports.iceberg.uri(folder).replace(/\/$/, ''),
        ...{ schemas: next.schemas, specs: next.specs, mapping, now: written.snapshot['timestamp-ms'] },
        snapshot: written.snapshot,
        keep: { ms: (table.iceberg?.keepSeconds ?? 0) * 1000, most: MOST_SNAPSHOTS },
        tags: await tagsOf(ports, table.repository),
      }),
    };
    if ((await flipTable(ports, flip)) === 'lost') {
      return isWhole
        ? { outcome: 'unfinished', ...NO_COUNTS }
        : { outcome: 'drifted', what: 'somebody else wrote to it' };
    }
  }
  if (isWhole) await removeOrphans(ports, table, until);
  return { outcome: 'published', restored: groups.lost.size, ...countsOf(found, groups) };
};

/** Nothing is shown before everything is. */
const NO_COUNTS = { added: 0, changed: 0, removed: 0 };

const countsOf = ({ changes }: Changes, { manifests }: Groups) => {
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const { was, addresses } of changes.values()) {
    if (addresses.size === 0) counts.removed += 1;
    else if (was && manifests.length > 0) counts.changed += 1;
    else counts.added += 1;
  }
  return counts;
};

/** Whether a column of points in time comes that the table did not have. */
const hasNewTimes = (metadata: TableMetadata | undefined, work: TableWork, base: Base): boolean => {
  const known = new Set(schemasOf(metadata).schemas.map((schema) => schema['schema-id']));
  const { schema } = planForm(work, metadata, base).form;
  return !known.has(schema['schema-id']) && JSON.stringify(schema).includes('"timestamp"');
};

const spellingsWith = (metadata: TableMetadata | undefined, { spellings }: ReadFiles) => {
  const all = new Map<string, readonly string[]>(spellingsOf(mappingIn(metadata)));
  for (const [path, names] of spellings) all.set(path, [...new Set([...(all.get(path) ?? []), ...names])].sort());
  return all;
};

/** What manifests of another partitioning say of files: it stays true of them. */
const filesOf = async (
  ports: CatalogPorts,
  manifests: readonly ManifestFile[],
): Promise<ReadonlyMap<string, DataFile>> => {
  const files = new Map<string, DataFile>();
  for (const manifest of manifests) {
    const key = ports.iceberg.keyOf(manifest.manifest_path);
    const bytes = key === undefined ? undefined : await ports.iceberg.get(key);
    if (bytes === undefined) continue;
    for (const { data_file: file } of readManifest(Buffer.from(bytes), manifest).entries)
      files.set(file.file_path, file);
  }
  return files;
};

const tagsOf = async (ports: CatalogPorts, repository: string): Promise<Readonly<Record<string, string>>> => {
  const tags: Record<string, string> = {};
  for await (const { id, commitId } of ports.lakefs.listTags(repository, '')) tags[id] = commitId;
  return tags;
};

interface Listed {
  readonly start: string;
  readonly manifest: ManifestFile;
}

const writeSnapshot = async (
  ports: CatalogPorts,
  { table, commit }: TableWork,
  { open: { metadata }, base, groups, found, mostFiles }: Parts,
  next: Next,
  files: readonly DataFile[],
): Promise<{ readonly snapshot: Snapshot }> => {
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
  const put = async (manifest: NewManifest): Promise<Listed> => {
    const key = `${folder}${name}-m${String(serial++)}.avro`;
    const { bytes, listed } = writeManifest(next.form, { id, sequence }, manifest.entries, manifest.prefixes);
    await ports.iceberg.put(key, bytes);
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
    rewritten.set(index, await Promise.all(answer.manifests.map(put)));
  };
  for (let at = 0; at < touched.length; at += AT_ONCE) {
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
  await ports.iceberg.put(key, writeManifestList({ id, parent: current, sequence }, list));
  const now = Math.max(ports.clock.now(), metadata?.['last-updated-ms'] ?? 0);
  return {
    snapshot: {
      ...{ 'snapshot-id': id, ...(current === undefined ? {} : { 'parent-snapshot-id': current }) },
      ...{ 'sequence-number': sequence, 'timestamp-ms': now, 'manifest-list': ports.iceberg.uri(key) },
      'schema-id': next.schemas.current,
      summary: summaryOf(
        base.snapshot,
        delta,
        totalOf(list.manifests),
        await originOf(ports, table.repository, commit),
      ),
    },
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
const originOf = async (
  ports: CatalogPorts,
  repository: string,
  commit: string,
): Promise<Readonly<Record<string, string>>> => {
  const found = await ports.lakefs.getCommit(repository, commit);
  const run = found?.metadata[METADATA.runId];
  return {
    [SUMMARY.commit]: commit,
    ...(run === undefined ? {} : { [SUMMARY.run]: run }),
    ...(found === undefined || found.committer === '' ? {} : { [SUMMARY.promoter]: found.committer }),
  };
};

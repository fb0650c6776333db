/**
 * The publisher for Iceberg tables: every refresh that changes something is one snapshot, and one call to Glue shows it.
 *
 * The cost follows the change: manifests of partitions that stay are taken over by name, footers are read of new files alone. Nothing
 * before the switch is seen by readers, so every step may be interrupted and is simply done again.
 */
import { createHash } from 'node:crypto';
import type {
  CatalogPorts,
  IcebergReader,
  IcebergStore,
  Prepared,
  Publisher,
  PublishOutcome,
  TableWork,
} from '../catalog-ports.ts';
import { CompactFile } from '../domain/iceberg/compact-file.ts';
import { MOST_FILES } from '../domain/iceberg/groups.ts';
import { type DataFile, unpackFile } from '../domain/iceberg/manifest-file.ts';
import { mappingIn, nextMetadata, schemasOf, type TableMetadata } from '../domain/iceberg/metadata.ts';
import { type Names, nameMapping, outsideOf, spellingsOf } from '../domain/iceberg/name-mapping.ts';
import { alwaysPartitions } from '../domain/iceberg/partition-spec.ts';
import { keptSnapshots, refsIn, refsOf } from '../domain/iceberg/retention.ts';
import { everKnown } from '../domain/iceberg/schema.ts';
import { type Snapshot, SUMMARY } from '../domain/iceberg/snapshot.ts';
import { wideFile, widenedTypes } from '../domain/iceberg/widen.ts';
import { underWay } from '../domain/under-way.ts';
import { type Base, type Next, planForm, readBase } from './iceberg-base.ts';
import { type NewFile, type ReadFiles, readNewFiles, zonesOf } from './iceberg-files.ts';
import { type Changes, findChanges, type Groups, openGroups } from './iceberg-groups.ts';
import { withoutLost } from './iceberg-lost.ts';
import { removeOrphans } from './iceberg-orphans.ts';
import { lookAtRefs } from './iceberg-refs.ts';
import { filesOf, type Origin, originOf, type Parts, writeSnapshot } from './iceberg-snapshot.ts';
import { icebergFolder, isInForm, openIceberg, prepareFlip } from './iceberg-table.ts';

/** More would make a metadata file that every query reads too large. */
const MOST_SNAPSHOTS = 500;
/** Queries that run, and who has just been told a snapshot by the view, still read it. */
const LEAST_KEPT_MS = 3_600_000;

/**
 * The state that the last refresh of this process left is not read again: what Glue names is what was put. Whether it still lies there
 * is looked at where the whole table is compared.
 */
const recalling = (iceberg: IcebergStore): IcebergReader => ({
  uri: (key) => iceberg.uri(key),
  keyOf: (uri) => iceberg.keyOf(uri),
  get: async (key) => iceberg.recall(key) ?? (await iceberg.get(key)),
});

export interface IcebergOptions {
  readonly mostFiles?: number;
}

export const icebergPublisher =
  ({ mostFiles = MOST_FILES }: IcebergOptions = {}): Publisher =>
  async (ports, work) => {
    const iceberg = work.isWhole ? ports.iceberg : recalling(ports.iceberg);
    const open = await openIceberg({ catalog: ports.catalog, iceberg }, work.table, work.found);
    const base = await readBase({ iceberg }, open, work.follows);
    if (!work.isWhole && base.drift !== undefined) return { outcome: 'drifted', what: base.drift };
    // Only the partitions of it are needed now; new columns are known better when files are.
    const { form, isOther, isSameSpec } = planForm(work, open.metadata, base);
    if (isOther && !work.isWhole) return { outcome: 'drifted', what: 'its columns are others' };
    const [manifests, starts] = isSameSpec ? [base.manifests, base.starts] : [[], ['']];
    const groups = openGroups(ports, form.partitions, manifests, starts);
    const found = await findChanges(ports, work, groups, form.partitions);
    if (found.drift !== undefined) return { outcome: 'drifted', what: found.drift };
    const outcome = await prepare(ports, work, { open, base, groups, found, mostFiles });
    if (outcome.outcome !== 'prepared' || work.holdsBack === true) return outcome;
    const shown = await outcome.show();
    if (shown.outcome === 'published') await outcome.tidy();
    return shown;
  };

const prepare = async (ports: CatalogPorts, work: TableWork, parts: Parts): Promise<PublishOutcome | Prepared> => {
  const { open, base, groups, found } = parts;
  const { table, commit, isWhole, until } = work;
  const { metadata } = open;
  const zones = hasNewTimes(metadata, work, base) ? await zonesOf(ports, table, commit, found.someFile) : undefined;
  const next = planForm(work, metadata, base, zones);
  const folder = icebergFolder(table);
  const aside = `${folder}aside/${nameOfForm(next)}/`;
  const known = next.isSameSpec ? new Map<string, DataFile>() : await knownFiles(ports, parts, next);
  const files = [...found.changes.values()].flatMap(({ files: of, partition }): NewFile[] =>
    [...of.values()].map((file) => ({ ...file, partition })),
  );
  const puts = underWay();
  const ask = (): Promise<Origin> => originOf(ports, table.repository, commit);
  // While files are read.
  const early = found.changes.size > 0 ? ask() : undefined;
  if (early !== undefined) puts.begin(early);
  const read = await readNewFiles(ports, { table, commit, form: next.form, folder: aside, known, until }, files);
  if (read === undefined || ports.clock.now() >= until) return { outcome: 'unfinished', ...NO_COUNTS };

  const shown = base.snapshot?.summary[SUMMARY.commit];
  const mapping = nameMapping(next.schemas, namesWith(metadata, next, read));
  const isDescribed =
    !next.isOther && isInForm(ports, table, open) && JSON.stringify(mapping) === JSON.stringify(mappingIn(metadata));
  const isAsIs =
    found.changes.size + groups.lost.size === 0 && !base.isForeign && isDescribed && (!isWhole || shown === commit);
  const snapshot = isAsIs
    ? undefined
    : await writeSnapshot(ports, work, parts, next, read.files, { origin: early ?? ask(), puts });
  const outcome = (id: Snapshot['snapshot-id'] | undefined): PublishOutcome => ({
    ...{ outcome: 'published', restored: groups.lost.size, ...countsOf(found, groups) },
    ...(id === undefined ? {} : { snapshot: String(id) }),
    ...(base.foreign === undefined ? {} : { foreign: base.foreign }),
  });
  const describe = await nextState(ports, work, parts, {
    next,
    mapping,
    snapshot,
    hasMillis: read.units.has('MILLIS'),
  });
  const tidy = async (): Promise<void> => {
    if (isWhole) await removeOrphans(ports, table, until);
  };
  if (describe === undefined) {
    return { outcome: 'prepared', show: async () => outcome(base.snapshot?.['snapshot-id']), tidy };
  }
  const serial = String(describe['last-sequence-number']).padStart(5, '0');
  const flip = await prepareFlip(
    ports,
    {
      ...{ descriptor: table, open, metadata: describe, fileName: `${serial}-${ports.ids.owner()}.metadata.json` },
      commit: snapshot === undefined ? (shown ?? commit) : commit,
    },
    puts,
  );
  const show = async (): Promise<PublishOutcome> => {
    if ((await flip()) === 'flipped') {
      await read.forget();
      return outcome(describe['current-snapshot-id'] ?? undefined);
    }
    return isWhole
      ? { outcome: 'unfinished', ...NO_COUNTS }
      : { outcome: 'drifted', what: 'somebody else wrote to it' };
  };
  return { outcome: 'prepared', show, tidy };
};

/** What is put aside names columns by ids, which begin anew with a table that is not there yet. */
const nameOfForm = ({ form: { schema, spec } }: Next): string =>
  createHash('sha256')
    .update(JSON.stringify([schema.fields, spec.fields]))
    .digest('hex')
    .slice(0, 16);

/** What manifests of another partitioning say of files stays true of them, in the types that their columns have now. */
const knownFiles = async (
  ports: CatalogPorts,
  { open, base }: Parts,
  next: Next,
): Promise<ReadonlyMap<string, DataFile>> => {
  const widened = widenedTypes(schemasOf(open.metadata), next.schemas);
  const files = await filesOf(ports, base.manifests);
  return new Map(
    [...files].map(([address, file]) => [address, new CompactFile(wideFile(unpackFile(file), widened, []))]),
  );
};

/** The metadata file that shows it; `undefined` where the one that is there says all of it. */
const nextState = async (
  ports: CatalogPorts,
  { table, isWhole }: TableWork,
  { open }: Parts,
  { next, mapping, snapshot, hasMillis }: Described,
): Promise<TableMetadata | undefined> => {
  // Only a comparison looks whether what earlier snapshots name is there.
  const spared = snapshot === undefined ? open.metadata?.['current-snapshot-id'] : undefined;
  const looked = () => withoutLost(ports.iceberg, icebergFolder(table), open.metadata, spared);
  const metadata = isWhole ? await looked() : open.metadata;
  // Only the daily comparison lets snapshots expire where nothing else changes.
  if (snapshot === undefined && !isWhole) return undefined;
  const now = snapshot?.['timestamp-ms'] ?? Math.max(ports.clock.now(), metadata?.['last-updated-ms'] ?? 0);
  const keep = { ms: Math.max(LEAST_KEPT_MS, (table.iceberg?.keepSeconds ?? 0) * 1000), most: MOST_SNAPSHOTS };
  const all = [...(metadata?.snapshots ?? []), ...(snapshot === undefined ? [] : [snapshot])];
  const before = refsIn(metadata?.properties);
  const refs = await lookAtRefs(ports, table, { before, snapshots: all, now, isForced: isWhole });
  if (snapshot === undefined) {
    const current = metadata?.['current-snapshot-id'] ?? undefined;
    const kept = keptSnapshots(all, current, refs, keep, now);
    const isSame = sameRefs(metadata?.refs, refsOf(kept, current, refs));
    if (metadata === undefined || (metadata === open.metadata && kept.length === all.length && isSame))
      return undefined;
  }
  return nextMetadata({
    ...{ before: metadata, beforeAt: open.metadataAt, uuid: metadata?.['table-uuid'] ?? ports.ids.owner() },
    location: ports.iceberg.uri(icebergFolder(table)).replace(/\/$/, ''),
    ...{ schemas: next.schemas, specs: next.specs, mapping, hasMillis, now, keep, refs },
    ...(snapshot === undefined ? {} : { snapshot }),
  });
};

interface Described {
  readonly next: Next;
  readonly mapping: ReturnType<typeof nameMapping>;
  readonly snapshot: Snapshot | undefined;
  readonly hasMillis: boolean;
}

const sameRefs = (a: TableMetadata['refs'] = {}, b: TableMetadata['refs'] = {}): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(b).every(([name, ref]) => a[name]?.['snapshot-id'] === ref['snapshot-id']);

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

const namesWith = (metadata: TableMetadata | undefined, next: Next, { spellings, outside }: ReadFiles): Names => {
  const before = mappingIn(metadata);
  const all = new Map<string, readonly string[]>(spellingsOf(before));
  for (const [path, names] of spellings) all.set(path, [...new Set([...(all.get(path) ?? []), ...names])].sort());
  const hidden = alwaysPartitions(next.specs, everKnown(next.schemas));
  return { spellings: all, outside: new Set([...outsideOf(before), ...outside]), hidden };
};

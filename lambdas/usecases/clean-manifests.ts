/**
 * Removes manifests that nobody has named for a day or more. Under the right to publish, so that nobody names one meanwhile, and
 * after asking Glue again: first what is there, then who names what, then the removal. Interrupted anywhere, the next call goes on.
 */
import type { CatalogPorts, StoredTable } from '../catalog-ports.ts';
import { digestOfKey, manifestFolder, manifestKey } from '../domain/catalog/manifest.ts';
import { inBatches } from '../domain/catalog/plan.ts';
import { PUBLICATION_LEASE_MS, type Publication, type PublishedTable } from '../domain/catalog/publication.ts';
import { isOwnTable, isSymlinkTable } from '../domain/catalog/storage.ts';
import { publishedTables, type TableDescriptor } from '../domain/catalog/table.ts';
import { isLookDue, removable, unnamedOf } from '../domain/catalog/unnamed.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { knownConfig } from './known-tables.ts';
import { type PublicationWriter, takePublication } from './publication-writer.ts';
import { putTable } from './refresh-table.ts';

/** Deletions at a time. */
const AT_ONCE = 32;
/** The right is given back, or lost, well before it expires: no deletion may come after that. */
const WORK_MS = PUBLICATION_LEASE_MS - 180_000;

export interface CleanReport {
  readonly manifestsRemoved: number;
  readonly manifestBytesRemoved: number;
  /** Tables that could not be looked at; their manifests stay. */
  readonly failures: number;
}

export const cleanManifests = async (
  ports: CatalogPorts,
  request: { readonly until: EpochMs },
): Promise<CleanReport> => {
  const report = { manifestsRemoved: 0, manifestBytesRemoved: 0, failures: 0 };
  const config = await knownConfig(ports);
  for (const { name: repository, targets } of config.repositories) {
    for (const branch of targets) {
      const before = await ports.publications.get(repository, branch);
      const now = ports.clock.now();
      const tables = publishedTables(config, repository, branch).filter(({ name, spark }) => {
        if (spark !== undefined) return false;
        const record = before?.tables[name];
        return record?.commit !== undefined && isLookDue(record.unnamed, now);
      });
      if (now >= request.until) return report;
      if (tables.length === 0) continue;
      const writer = await takePublication(ports, repository, branch, { onlyFree: true });
      if (writer === undefined) continue;
      const until = Math.min(request.until, ports.clock.now() + WORK_MS);
      for (const table of tables) await clean(ports, writer, table, until, report);
      await writer.release();
      await wakeWhoCame(ports, writer.entry);
    }
  }
  return report;
};

/** A refresh that was woken while we looked found us at it, and went; nobody else would wake it for a minute or two. */
const wakeWhoCame = async (ports: CatalogPorts, { repository, branch, commit }: Publication): Promise<void> => {
  const target = await ports.ledger.getTarget(repository, branch);
  if (target === undefined || target.verifiedCommit === commit) return;
  await ports.refreshes.wake(target, ports.ids.owner());
};

interface Tally {
  manifestsRemoved: number;
  manifestBytesRemoved: number;
  failures: number;
}

interface Seen {
  readonly there: Map<string, EpochMs>;
  readonly sizes: ReadonlyMap<string, number>;
  readonly named: ReadonlySet<string>;
}

/** First what is there, then what is named. `undefined` where a table is not to be looked at: nobody knows what it names. */
const look = async (
  ports: CatalogPorts,
  table: TableDescriptor,
  record: PublishedTable | undefined,
): Promise<Seen | undefined> => {
  const there = new Map<string, EpochMs>();
  const sizes = new Map<string, number>();
  try {
    for await (const { key, sizeBytes, writtenAt } of ports.manifests.list(manifestFolder(table))) {
      const digest = digestOfKey(table, key);
      if (digest === undefined) continue;
      there.set(digest, writtenAt);
      sizes.set(digest, sizeBytes);
    }
    return { there, sizes, named: await namedManifests(ports, table, record) };
  } catch (error) {
    if (!isBranchlineError(error, 'BL4001', 'BL4002')) throw error;
    ports.log.warn('manifests could not be cleaned up', { table: table.name, reason: error.message });
    return undefined;
  }
};

/** A removal that fails is thrown: without an answer it may still take effect, so that the right must not be given back. */
const clean = async (
  ports: CatalogPorts,
  writer: PublicationWriter,
  table: TableDescriptor,
  until: EpochMs,
  report: Tally,
): Promise<void> => {
  if (ports.clock.now() >= until) return;
  const record = writer.entry.tables[table.name];
  const noted = record?.unnamed === undefined ? undefined : await ports.publications.getUnnamed(table, record.unnamed);
  const seen = await look(ports, table, record);
  if (seen === undefined) {
    report.failures += 1;
    return;
  }
  const { there, sizes, named } = seen;
  for (const batch of inBatches(removable(noted, there, named, ports.clock.now()), AT_ONCE)) {
    // What is left is still noted, and goes the next time.
    if (ports.clock.now() >= until) return;
    await Promise.all(batch.map((digest) => ports.manifests.remove(manifestKey(table, digest))));
    for (const digest of batch) {
      there.delete(digest);
      report.manifestsRemoved += 1;
      report.manifestBytesRemoved += sizes.get(digest) ?? 0;
    }
  }
  const since = ports.clock.now();
  const digests = unnamedOf(there.keys(), named);
  await ports.publications.putUnnamed(table, { since, digests });
  await writer.save((entry) => {
    const old = entry.tables[table.name];
    return old === undefined
      ? entry
      : putTable(entry, table.name, { ...old, unnamed: { since, count: digests.length } });
  });
};

/**
 * Digests of the manifests that any table of Glue names: this one, those that showed it before it was renamed, and every other table
 * of symlinks in its databases, whoever made it.
 */
const namedManifests = async (
  ports: CatalogPorts,
  table: TableDescriptor,
  record: PublishedTable | undefined,
): Promise<ReadonlySet<string>> => {
  const folder = ports.manifests.uri(manifestFolder(table));
  const named = new Set<string>();
  const note = (location: string): void => {
    if (location.startsWith(folder)) named.add(location.slice(folder.length).split('/')[0] ?? '');
  };
  const noteAll = async (found: StoredTable): Promise<void> => {
    note(found.storage.location);
    if (found.partitionKeys.length === 0) return;
    for await (const { location } of ports.catalog.listPartitions(found.database, found.name)) note(location);
  };
  const seen = new Set<string>();
  for await (const found of ports.catalog.listTables(table.database)) {
    seen.add(`${found.database}.${found.name}`);
    // One that became an Iceberg table keeps its partitions for a while: who began before the switch reads them.
    const isOwn = isOwnTable(table, found.parameters);
    if (isOwn || isSymlinkTable(found.storage) || found.storage.location.startsWith(folder)) await noteAll(found);
  }
  for (const name of record?.shownAs ?? []) {
    const at = name.indexOf('.');
    const [database, tableName] = [name.slice(0, at), name.slice(at + 1)];
    if (seen.has(name) || database === table.database) continue;
    const found = await ports.catalog.getTable(database, tableName);
    if (found !== undefined) await noteAll(found);
  }
  return named;
};

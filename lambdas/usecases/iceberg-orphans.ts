/**
 * Removes what no snapshot names any more: of flips that died, of snapshots that have been forgotten. Whoever calls holds the right to
 * publish, so nobody writes meanwhile; what is younger than a day may still be read by a query that began before.
 */
import type { CatalogPorts } from '../catalog-ports.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { readManifestList } from '../domain/iceberg/manifest-file.ts';
import type { EpochMs } from '../domain/run.ts';
import { icebergFolder, openIceberg } from './iceberg-table.ts';

/** Longer than any query: Athena ends them after 30 minutes, or at most hours on request. */
const ORPHAN_AFTER_MS = 24 * 3_600_000;
const AT_ONCE = 16;

const inParts = async <T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> => {
  for (let at = 0; at < items.length; at += AT_ONCE) await Promise.all(items.slice(at, at + AT_ONCE).map(each));
};

/** Keys that the table needs, from its metadata file on. `undefined` where that cannot be told for certain. */
const neededKeys = async (ports: CatalogPorts, table: TableDescriptor): Promise<ReadonlySet<string> | undefined> => {
  const { metadata, metadataAt } = await openIceberg(ports, table);
  if (metadata === undefined || metadataAt === undefined) return undefined;
  const uris = [metadataAt, ...(metadata['metadata-log'] ?? []).map((entry) => String(entry['metadata-file']))];
  const lists = (metadata.snapshots ?? []).map((snapshot) => snapshot['manifest-list']);
  const needed = new Set([...uris, ...lists].flatMap((uri) => ports.iceberg.keyOf(uri) ?? []));
  let isCertain = true;
  await inParts(lists, async (uri) => {
    const key = ports.iceberg.keyOf(uri);
    const bytes = key === undefined ? undefined : await ports.iceberg.get(key);
    if (bytes === undefined) return;
    try {
      for (const { manifest_path: path } of readManifestList(Buffer.from(bytes)).manifests) {
        const of = ports.iceberg.keyOf(path);
        if (of !== undefined) needed.add(of);
      }
    } catch (error) {
      // Another engine may write them in a way that we do not read.
      isCertain = false;
      ports.log.warn('manifest list cannot be read; nothing is removed', {
        table: table.name,
        key,
        reason: String(error),
      });
    }
  });
  return isCertain ? needed : undefined;
};

export const removeOrphans = async (ports: CatalogPorts, table: TableDescriptor, until: EpochMs): Promise<number> => {
  const old: string[] = [];
  const before = ports.clock.now() - ORPHAN_AFTER_MS;
  for await (const { key, writtenAt } of ports.iceberg.list(icebergFolder(table)))
    if (writtenAt < before) old.push(key);
  // Nothing old, nothing to look for: the usual case costs one call.
  if (old.length === 0) return 0;
  const needed = await neededKeys(ports, table);
  if (needed === undefined) return 0;
  const orphans = old.filter((key) => !needed.has(key));
  let removed = 0;
  await inParts(orphans, async (key) => {
    if (ports.clock.now() >= until) return;
    await ports.iceberg.remove(key);
    removed += 1;
  });
  return removed;
};

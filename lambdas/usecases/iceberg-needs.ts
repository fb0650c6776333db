/**
 * For garbage collection: what the snapshots of Iceberg tables still name. Whoever is about to remove objects of a storage namespace
 * holds them against `filesOfSnapshots`, and leaves those that are among them alone. The other side of the promise is kept where snapshots
 * expire (domain/iceberg/retention.ts): a snapshot is kept only while lakeFS is bound to keep its objects: it is the current one, was replaced
 * within `history` (shorter than any retention of the target by a day at least), or is the head of a branch `keep-…`.
 *
 * Needs `glue:GetTable` on the tables and `s3:GetObject` below the root of Iceberg metadata; lakeFS is not asked.
 */
import type { Catalog, IcebergReader } from '../catalog-ports.ts';
import { BranchlineError } from '../domain/errors.ts';
import { readManifest, readManifestList } from '../domain/iceberg/manifest-file.ts';
import type { Snapshot } from '../domain/iceberg/snapshot.ts';
import { type GlueTable, ICEBERG_PARAMETER, isIcebergTable, openIceberg } from './iceberg-table.ts';

export interface NeedsPorts {
  readonly catalog: Pick<Catalog, 'getTable'>;
  readonly iceberg: IcebergReader;
}

/** What cannot be read may name anything: nothing must be removed on the strength of it. */
const isGone = ({ database, tableName }: GlueTable, what: string): BranchlineError =>
  new BranchlineError('BL7020', `${what} of ${database}.${tableName} is gone`);

const openCertain = async (ports: NeedsPorts, table: GlueTable) => {
  const open = await openIceberg(ports, table);
  if (open.stored !== undefined && isIcebergTable(open.stored.parameters) && open.metadata === undefined) {
    throw isGone(table, open.stored.parameters[ICEBERG_PARAMETER.metadata] ?? 'the metadata file');
  }
  return open;
};

/**
 * Addresses of all files that any snapshot of the table names, manifest by manifest; one that several have may come again.
 * @throws BL7020 where that cannot be told for certain: then nothing may be removed.
 */
export async function* filesOfSnapshots(ports: NeedsPorts, table: GlueTable): AsyncIterable<readonly string[]> {
  const { metadata } = await openCertain(ports, table);
  const read = async (uri: string): Promise<Buffer> => {
    const key = ports.iceberg.keyOf(uri);
    const bytes = key === undefined ? undefined : await ports.iceberg.get(key);
    if (bytes === undefined) throw isGone(table, uri);
    return Buffer.from(bytes);
  };
  const seen = new Set<string>();
  const open = async (snapshot: Snapshot) => readManifestList(await read(snapshot['manifest-list'])).manifests;
  for (const snapshot of metadata?.snapshots ?? []) {
    for (const manifest of await open(snapshot)) {
      if (seen.has(manifest.manifest_path)) continue;
      seen.add(manifest.manifest_path);
      const { entries } = readManifest(await read(manifest.manifest_path), manifest);
      yield entries.map(({ data_file: file }) => file.file_path);
    }
  }
}

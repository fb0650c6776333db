/** What an Iceberg table is made of, by its own metadata: its newest snapshot's files, with the values of their partitions. */
import { readManifest, readManifestList } from '../lambdas/domain/iceberg/manifest-file.ts';
import { currentSnapshot, parseMetadata, type TableMetadata } from '../lambdas/domain/iceberg/metadata.ts';
import type { Value } from '../lambdas/domain/iceberg/values.ts';

export interface Part {
  readonly partition: Readonly<Record<string, string | null>>;
  readonly addresses: readonly string[];
}

const DAY_MS = 86_400_000;

const textOf = (value: Value, type: unknown): string | null => {
  if (value === null) return null;
  if (type === 'date') return new Date(Number(value) * DAY_MS).toISOString().slice(0, 10);
  if (value instanceof Uint8Array || String(type).startsWith('timestamp'))
    throw new Error(`a partition of type ${String(type)} cannot be read here`);
  return String(value);
};

/** Column of the partition → its type. */
const typesOf = (metadata: TableMetadata): ReadonlyMap<string, unknown> => {
  const schema = metadata.schemas.find((each) => each['schema-id'] === metadata['current-schema-id']);
  return new Map((schema?.fields ?? []).map(({ name, type }) => [name, type]));
};

/** @param read what lies at an address in S3. */
export const partsOfIceberg = async (
  read: (uri: string) => Promise<Uint8Array>,
  metadataAt: string,
): Promise<readonly Part[]> => {
  const metadata = parseMetadata(new TextDecoder().decode(await read(metadataAt)));
  const snapshot = currentSnapshot(metadata);
  if (snapshot === undefined) return [];
  const types = typesOf(metadata);
  const parts: Part[] = [];
  for (const manifest of readManifestList(Buffer.from(await read(snapshot['manifest-list']))).manifests) {
    const { entries } = readManifest(Buffer.from(await read(manifest.manifest_path)), manifest);
    for (const { data_file: file } of entries) {
      const partition = Object.entries(file.partition).map(([name, value]) => [name, textOf(value, types.get(name))]);
      parts.push({ partition: Object.fromEntries(partition) as Part['partition'], addresses: [file.file_path] });
    }
  }
  return parts;
};

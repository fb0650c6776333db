/** Objects of the fake world in a folder, where readers that are not ours find them: `s3://bucket/key` lies at `bucket/key`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CatalogWorld } from '../../fakes/catalog.ts';

/** A row as readers of states tell it: JSON of the text of its values, nulls left out. */
export const asText = (row: Readonly<Record<string, unknown>>): string => {
  const found = Object.entries(row).filter(([, value]) => value !== null && value !== undefined);
  const text = found.map(([name, value]) => [name, String(value)] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${text.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(', ')}}`;
};

export interface ObjectFolder {
  keep(uri: string, bytes: Uint8Array): Promise<void>;
  /** Metadata of all tables. */
  keepMetadata(world: Pick<CatalogWorld, 'iceberg'>): Promise<void>;
  /** Every object of a commit. */
  keepData(world: Pick<CatalogWorld, 'lakefs'>, commit: string): Promise<void>;
}

export const objectFolder = (folder: string): ObjectFolder => {
  const written = new Set<string>();
  const keep = async (uri: string, bytes: Uint8Array): Promise<void> => {
    if (written.has(uri)) return;
    written.add(uri);
    const file = join(folder, uri.replace('s3://', ''));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };
  return {
    keep,
    async keepMetadata({ iceberg }) {
      for (const [key, { content }] of iceberg.objects) await keep(iceberg.uri(key), content);
    },
    async keepData({ lakefs }, commit) {
      for await (const { path, physicalAddress } of lakefs.listObjects('lake', commit, {}))
        await keep(physicalAddress, (await lakefs.getObject('lake', commit, path)) ?? new Uint8Array());
    },
  };
};

/** Histories of published tables in the fake world, as data for readers that are not ours: every state that Glue ever named, with the rows of its commits. */
import { parquetReadObjects } from 'hyparquet';
import { expect } from 'vitest';
import { createIds } from '../../../lambdas/adapters/ids.ts';
import type { TableConfig } from '../../../lambdas/contract.ts';
import { currentSnapshot, type TableMetadata } from '../../../lambdas/domain/iceberg/metadata.ts';
import { type Snapshot, SUMMARY } from '../../../lambdas/domain/iceberg/snapshot.ts';
import { icebergPublisher } from '../../../lambdas/usecases/publish-iceberg.ts';
import { publisherOfKind } from '../../../lambdas/usecases/publisher.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../fakes/catalog.ts';
import { ICEBERG_TABLES, metadataOf } from '../../fakes/iceberg.ts';
import { type Kit, play, type Step } from '../../property/catalog-story.ts';
import { SHOWN, type Shown } from '../../property/direct.ts';
import { parquetFile } from '../../unit/domain/parquet/files.ts';
import { asText, type ObjectFolder, objectFolder } from './iceberg-folder.ts';
import type { StateRead } from './iceberg-reader.ts';

/** Partition columns that a table may have, with their types where they are no text. */
const LAYOUTS: Readonly<Record<Shown, readonly Readonly<Record<string, string>>[]>> = {
  sales: [{ dt: 'string' }, { dt: 'int' }],
  deep: [{ dt: 'string', hh: 'string' }, { dt: 'string' }, { dt: 'string', hh: 'int' }, {}],
  stock: [{}],
};

/** Early files have few and narrow columns, later ones more and wider: tables follow. */
const content = (serial: number): Uint8Array => {
  const id = [serial * 100, serial * 100 + 1];
  return parquetFile([
    serial < 4 ? { name: 'id', data: id, type: 'INT32' } : { name: 'id', data: id.map(BigInt), type: 'INT64' },
    { name: 'v', data: [`v${String(serial)}`, null], type: 'STRING' },
    ...(serial % 3 === 2 ? [{ name: 'w', data: [serial + 0.25, null], type: 'DOUBLE' as const }] : []),
  ]);
};

const publisher = publisherOfKind({ iceberg: icebergPublisher({ mostFiles: 3 }) });

/** Columns are those of the files. */
const laidOut = (name: Shown, layout: Readonly<Record<string, string>>): TableConfig[] =>
  ICEBERG_TABLES.filter((table) => table.name === name).map((table) => ({
    ...{ ...table, partitionColumns: Object.keys(layout) },
    ...(table.publish === undefined ? {} : { publish: { ...table.publish, columns: [], partitionTypes: layout } }),
  }));

export interface State {
  readonly story: string;
  readonly table: Shown;
  readonly metadata: string;
  readonly rows: readonly string[];
  /** Id of each snapshot → its rows. */
  readonly history: Readonly<Record<string, readonly string[]>>;
}

/**
 * What Glue named after each step of one story, with the objects of that moment written to the folder.
 * @param ended told how each step ended.
 */
export const tell = async (
  bucket: string,
  story: readonly Step[],
  ended: (outcome: string | undefined) => void = () => undefined,
): Promise<readonly State[]> => {
  const fake = await makeCatalogWorld();
  const config = await fake.config.load();
  const layouts = new Map(SHOWN.map((table) => [table, LAYOUTS[table][0] ?? {}]));
  const load = async () => {
    const tables = [...layouts].flatMap(([name, layout]) => laidOut(name, layout));
    return { ...config, repositories: config.repositories.map((each) => ({ ...each, tables })) };
  };
  // Readers want ids in the form of UUIDs.
  const world = { ...fake, ids: createIds(fake.clock), config: { load } };
  const kit: Kit = {
    ...{ publisher, content },
    edit: (_, what, which) => {
      const table = SHOWN[which % SHOWN.length] ?? 'sales';
      layouts.set(table, LAYOUTS[table][what % LAYOUTS[table].length] ?? {});
    },
  };
  const seen = new Map<string, State>();
  const { keep, keepMetadata } = objectFolder(bucket);
  const direct = new Map<string, readonly string[]>();
  const rowsOf = async (table: Shown, metadata: TableMetadata, snapshot: Snapshot): Promise<readonly string[]> => {
    const fields = metadata.schemas.find((schema) => schema['schema-id'] === snapshot['schema-id'])?.fields ?? [];
    const layout = ['dt', 'hh'].flatMap((name) => fields.filter((field) => field.name === name));
    const commit = snapshot.summary[SUMMARY.commit] ?? '';
    const key = JSON.stringify([table, commit, layout.map(({ name, type }) => [name, type])]);
    const rows = direct.get(key) ?? (await rowsAt(world, table, commit, layout, keep));
    direct.set(key, rows);
    return rows;
  };
  const look = async (outcome: string | undefined): Promise<void> => {
    ended(outcome);
    await keepMetadata(world);
    for (const table of SHOWN) {
      const at = world.catalog.tables.get(`db.${table}`)?.parameters['metadata_location'];
      const metadata = metadataOf(world, 'db', table);
      const current = currentSnapshot(metadata);
      if (at === undefined || metadata === undefined || current === undefined || seen.has(at)) continue;
      const history: [string, readonly string[]][] = [];
      for (const each of metadata.snapshots ?? [])
        history.push([String(each['snapshot-id']), await rowsOf(table, metadata, each)]);
      const rows = await rowsOf(table, metadata, current);
      seen.set(at, { story: JSON.stringify(story), table, metadata: at, rows, history: Object.fromEntries(history) });
    }
  };
  await play(world, story, look, kit);
  return [...seen.values()];
};

/** A partition's value as readers show it; `undefined` where it is none of the type. */
const shownValue = (text: string, type: unknown): string | undefined => {
  const plain = text.replaceAll('%20', ' ');
  if (type !== 'int') return plain;
  return /^\d{1,9}$/.test(plain) ? String(Number(plain)) : undefined;
};

/** By lakeFS alone: what lies below the partitions of the layout. */
const rowsAt = async (
  world: CatalogWorld,
  table: Shown,
  commit: string,
  layout: readonly { readonly name: string; readonly type: unknown }[],
  keep: ObjectFolder['keep'],
): Promise<readonly string[]> => {
  const folders = layout.map(({ name }) => `${name}=([^/]+)/`).join('');
  const place = new RegExp(`^${table}/${folders}(?:[^_.][^/]*/)*[^_.][^/]*$`);
  const rows: string[] = [];
  for await (const { path, physicalAddress } of world.lakefs.listObjects('lake', commit, { prefix: `${table}/` })) {
    const found = place.exec(path);
    const bytes = Uint8Array.from((await world.lakefs.getObject('lake', commit, path)) ?? []);
    if (found === null || bytes.length === 0) continue;
    const values = layout.map(({ name, type }, i) => [name, shownValue(found[i + 1] ?? '', type)] as const);
    if (values.some(([, value]) => value === undefined)) continue;
    await keep(physicalAddress, bytes);
    for (const row of await parquetReadObjects({ file: bytes.buffer }))
      rows.push(asText({ ...row, ...Object.fromEntries(values) }));
  }
  return rows.sort();
};

/** What a reader found, held against the rows of the commits. @returns how many snapshots were looked at. */
export const expectTold = (told: readonly State[], read: readonly StateRead[]): number => {
  let snapshots = 0;
  for (const [i, { story, table, metadata, rows, history }] of told.entries()) {
    const what = `${table}: ${metadata} of ${story}`;
    expect(read[i]?.rows, what).toEqual(rows);
    expect(read[i]?.few, what).toEqual(rows.filter((row) => Number(JSON.parse(row).id) >= 2000));
    expect(read[i]?.history, what).toEqual(history);
    snapshots += Object.keys(history).length;
  }
  return snapshots;
};

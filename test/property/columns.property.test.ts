/**
 * Columns that nobody gave: whatever dies or crosses, a refresh that ends shows every column of every file by a type that all can
 * be read by, in the table and in each partition alike; and the rows stay those of the commit.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { fitsColumn } from '../../lambdas/domain/catalog/column-types.ts';
import { columnsOf } from '../../lambdas/domain/parquet/file-columns.ts';
import { parseFooter } from '../../lambdas/domain/parquet/footer.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED } from '../fakes/catalog.ts';
import { parquetFile } from '../unit/domain/parquet/files.ts';
import { play, SYMLINKS, steps } from './catalog-story.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 10;

const TABLES = PUBLISHED.map((table) => ({
  ...table,
  ...(table.publish === undefined ? {} : { publish: { ...table.publish, columns: [] } }),
}));

/** Of one table over the years: columns come, numbers grow. */
const SHAPES = [
  [{ name: 'id', type: 'INT32' }],
  [
    { name: 'id', type: 'INT32' },
    { name: 'amount', type: 'FLOAT' },
  ],
  [
    { name: 'id', type: 'INT64' },
    { name: 'note', type: 'STRING' },
  ],
  [
    { name: 'Amount', type: 'DOUBLE' },
    { name: 'dt', type: 'STRING' },
  ],
] as const;

const VALUE = { INT32: 1, INT64: 1n, FLOAT: 0.5, DOUBLE: 0.5, STRING: 'x' } as const;

/** Contents are all different, by the number of their rows. */
const contentOf = (serial: number): Uint8Array =>
  parquetFile(
    (SHAPES[serial % SHAPES.length] ?? SHAPES[0]).map(({ name, type }) => ({
      ...{ name, type },
      data: Array.from({ length: serial }, () => VALUE[type]),
    })),
  );

const checkColumns = async (world: CatalogWorld): Promise<void> => {
  const verified = (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit ?? '';
  for (const { name, path, partitionColumns } of TABLES) {
    const shown = world.catalog.tables.get(`db.${name}`);
    if (shown === undefined) continue;
    const types = new Map(shown.storage.columns.map((column) => [column.name, column.type]));
    for (const { storage } of world.catalog.of('db', name).values()) {
      expect(storage.columns).toEqual(shown.storage.columns);
    }
    for (const key of partitionColumns) expect(types.has(key)).toBe(false);
    const depth = path + partitionColumns.map((key) => `${key}=`).join('[^/]+/');
    const visible = new RegExp(`^${depth}[^_.]`);
    for (const [file, { content }] of world.lakefs.tree('lake', verified)) {
      if (!visible.test(file) || /\/[_.]/.test(file) || content === '') continue;
      for (const column of columnsOf(parseFooter(Buffer.from(content, 'latin1'), file), file).columns) {
        if (partitionColumns.includes(column.name)) continue;
        expect(fitsColumn(types.get(column.name) ?? '', column.type), `${file} ${column.name}`).toBe(true);
      }
    }
  }
};

it('are those of the files, in the table and in its partitions', async () => {
  await fc.assert(
    fc.asyncProperty(steps(false), async (story) => {
      const world = await makeCatalogWorld(TABLES);
      await play(
        world,
        story,
        async (outcome) => {
          if (outcome === 'published' || outcome === 'up-to-date') await checkColumns(world);
        },
        { ...SYMLINKS, content: contentOf },
      );
    }),
    { numRuns: RUNS },
  );
});

import { beforeEach, describe, expect, it } from 'vitest';
import type { TableConfig } from '../../../../lambdas/contract.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, publish } from '../../../fakes/catalog.ts';
import { parquetFile } from '../../domain/parquet/files.ts';

let world: CatalogWorld;
let footers: string[];
const SALES: TableConfig = {
  ...{ name: 'sales', path: 'sales/', partitionColumns: ['dt'], overwrite: 'partition', appendOnly: false },
  publish: { ...publish('db', 'sales'), columns: [] },
};

type Kind = 'INT32' | 'INT64' | 'STRING';
const VALUE = { INT32: 1, INT64: 1n, STRING: 'x' } as const;
const file = (columns: Readonly<Record<string, Kind>>, rows = 1): Uint8Array =>
  parquetFile(
    Object.entries(columns).map(([name, type]) => ({
      name,
      type,
      data: Array.from({ length: rows }, () => VALUE[type]),
    })),
  );

const refresh = () => refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY });
const columns = (): string[] =>
  (world.catalog.tables.get('db.sales')?.storage.columns ?? []).map(({ name, type }) => `${name} ${type}`);
const record = () => world.publications.entries.get('lake/main')?.tables['sales'];
const noted = () => world.publications.columns.get(`sales ${record()?.columns ?? ''}`);

beforeEach(async () => {
  world = await makeCatalogWorld([SALES]);
  footers = [];
  const read = world.lakefs.getObjectRange.bind(world.lakefs);
  world.lakefs.getObjectRange = async (repository, ref, path, range) => {
    footers.push(path);
    return read(repository, ref, path, range);
  };
});

describe('columns that nobody gave', () => {
  it('are read off the files once, and again of files that changed', async () => {
    await world.change({ 'sales/dt=1/a': file({ Id: 'INT32' }), 'sales/dt=2/a': file({ Id: 'INT32' }, 2) });
    await refresh();
    expect(columns()).toEqual(['id int']);
    expect(footers.splice(0)).toEqual(['sales/dt=1/a', 'sales/dt=2/a']);
    await world.change({ 'sales/dt=3/a': file({ Id: 'INT32' }, 3) });
    expect((await refresh()).outcome).toBe('published');
    expect(footers.splice(0)).toEqual(['sales/dt=3/a']);
    expect((await refresh()).outcome).toBe('up-to-date');
    await world.change({ 'notes/x': 'y', 'sales/dt=1/a': null });
    await refresh();
    expect(footers).toEqual([]);
  });

  it('wait for the first file: a table without columns is none to readers', async () => {
    await world.change({ 'notes/x': 'y' });
    expect((await refresh()).outcome).toBe('published');
    expect(world.catalog.tables.size).toBe(0);
    await world.change({ 'sales/dt=1/a': file({ id: 'INT64' }) });
    expect((await refresh()).outcome).toBe('published');
    expect(columns()).toEqual(['id bigint']);
    expect(world.catalog.of('db', 'sales').size).toBe(1);
  });

  it('that come later appear in the table and in every partition', async () => {
    await world.change({ 'sales/dt=1/a': file({ id: 'INT32' }), 'sales/dt=2/a': file({ id: 'INT32' }, 2) });
    await refresh();
    await world.change({ 'sales/dt=3/a': file({ note: 'STRING', id: 'INT64' }) });
    await refresh();
    expect(columns()).toEqual(['id bigint', 'note string']);
    for (const { storage } of world.catalog.of('db', 'sales').values()) expect(storage.columns).toHaveLength(2);
    expect(record()?.refresh).toMatchObject({ added: 1, changed: 2, compared: true });
  });

  it('stay where a file came in that does not fit, and the table says which', async () => {
    await world.change({ 'sales/dt=1/a': file({ id: 'INT32' }), 'sales/dt=2/a': file({ id: 'INT32' }, 2) });
    await refresh();
    await world.change({ 'sales/dt=3/a': file({ id: 'STRING' }), 'sales/dt=3/b': 'no Parquet at all' });
    expect((await refresh()).outcome).toBe('published');
    expect(columns()).toEqual(['id int']);
    expect(noted()?.misfits).toMatchObject([
      { kind: 'changed', file: 'sales/dt=3/a', column: 'id', before: 'int', after: 'string' },
      { kind: 'unreadable', file: 'sales/dt=3/b' },
    ]);
    await world.change({ 'sales/dt=4/a': file({ id: 'INT32' }, 4) });
    await refresh();
    expect(noted()?.misfits).toHaveLength(2);
  });

  it('follow a table that was written anew as a whole', async () => {
    await world.change({ 'sales/dt=1/a': file({ id: 'INT32' }), 'sales/dt=2/a': file({ id: 'INT32' }, 2) });
    await refresh();
    await world.change({ 'sales/dt=1/a': file({ id: 'STRING' }), 'sales/dt=2/a': file({ id: 'STRING' }, 2) });
    await refresh();
    expect(columns()).toEqual(['id string']);
    expect(noted()?.misfits).toEqual([]);
  });

  it('cannot be told where no file tells any: the table fails by name, and is mended by a file that does', async () => {
    await world.change({ 'sales/dt=1/a': 'no Parquet' });
    expect((await refresh()).outcome).toBe('failed');
    expect(record()?.failure).toMatchObject({ code: 'BL7004' });
    expect(record()?.failure?.message).toContain('sales/dt=1/a');
    await world.change({ 'sales/dt=1/a': file({ id: 'INT32' }) });
    expect((await refresh()).outcome).toBe('published');
    expect(record()?.failure).toBeUndefined();
  });
});

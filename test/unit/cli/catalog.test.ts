/** `branchline catalog …` against a deployment in memory. */
import { beforeEach, describe, expect, it } from 'vitest';
import { functionFailure } from '../../../cli/failure.ts';
import { FUNCTION, functionName } from '../../../lambdas/contract.ts';
import { isBranchlineError } from '../../../lambdas/domain/errors.ts';
import { catalogRequest } from '../../../lambdas/payloads.ts';
import { catalog } from '../../../lambdas/usecases/catalog.ts';
import { refreshCatalog } from '../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED } from '../../fakes/catalog.ts';
import { ICEBERG_TABLES, rowsOf } from '../../fakes/iceberg.ts';
import { Stage } from './stage.ts';

let world: CatalogWorld;
let stage: Stage;
const refresh = () => refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY });

beforeEach(async () => {
  world = await makeCatalogWorld();
  stage = new Stage(world);
  stage.invoke = async (name, payload) => {
    expect(name).toBe(FUNCTION.catalog);
    try {
      return JSON.parse(JSON.stringify(await catalog(world, catalogRequest.parse(payload)))) as unknown;
    } catch (error) {
      if (!isBranchlineError(error)) throw error;
      throw functionFailure(functionName('branchline', name), error.code, error.message);
    }
  };
  await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b', 'stock/a': 'c' });
});

describe('catalog status', () => {
  it('shows each table, and what is the matter with it', async () => {
    const before = await stage.run(['catalog', 'status']);
    expect(before.out).toMatch(/^sales +lake\/main +db\.sales +unpublished +- /m);
    await refresh();
    world.clock.advance(61_000);
    await world.change({ 'sales/dt=3/a': 'd' });
    world.clock.advance(61_000);
    const { out, code } = await stage.run(['catalog', 'status', 'sales', '--target', 'lake/main']);
    expect(code).toBe(0);
    expect(out).toMatch(/^sales +lake\/main +db\.sales +behind +\S+ +1m01s +2 /m);
    expect(stage.calls.at(-1)?.payload).toEqual({
      ...{ action: 'status', repository: 'lake', target: 'main', table: 'sales' },
    });
    const { tables } = (await stage.run(['catalog', 'status', '--json'])).json<{ tables: unknown[] }>();
    expect(tables).toHaveLength(3);
  });

  it('names a file that readers cannot read', async () => {
    await refresh();
    const entry = world.publications.entries.get('lake/main');
    const sales = entry?.tables['sales'];
    if (entry === undefined || sales === undefined) throw new Error('no entry');
    const first = { table: 'sales', kind: 'changed' as const, file: 'sales/dt=2/bad', column: 'id', before: 'bigint' };
    const found = [
      { ...first, after: 'string' },
      { ...first, file: 'sales/dt=2/other' },
    ];
    const tables = { ...entry.tables, sales: { ...sales, misfits: { at: world.clock.now(), found } } };
    world.publications.entries.set('lake/main', { ...entry, tables });
    const { out } = await stage.run(['catalog', 'status', 'sales']);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(
      '2 files that readers cannot read: sales/dt=2/bad: column id is string, not bigint',
    );
  });

  it('of what is not published is not found', async () => {
    const { code, json } = await stage.run(['catalog', 'status', 'nothing', '--json']);
    expect(code).toBe(3);
    expect(json()).toMatchObject({ code: 'BL7005' });
    expect((await stage.run(['catalog', 'status', '--target', 'sea/main'])).code).toBe(3);
  });
});

describe('catalog refresh', () => {
  it('waits until readers see the verified commit', async () => {
    stage.onPause = async () => void (await refresh());
    const { code, out } = await stage.run(['catalog', 'refresh']);
    expect(code).toBe(0);
    expect(out).toMatch(/^sales .* shown /m);
    expect(world.refreshes.woken).toEqual(['lake/main']);
    expect(await stage.run(['catalog', 'refresh'])).toMatchObject({ code: 0, out: 'up-to-date\n' });
  });

  it('asks only, or tells only', async () => {
    expect((await stage.run(['catalog', 'refresh', '--dry-run'])).out).toBe('would-wake\n');
    expect(world.refreshes.woken).toEqual([]);
    expect((await stage.run(['catalog', 'refresh', 'sales', '--no-wait'])).out).toBe('woken\n');
    expect(world.refreshes.woken).toEqual(['lake/main']);
  });

  it('gives up waiting when the time is up', async () => {
    const { code, json } = await stage.run(['catalog', 'refresh', '--timeout', '20s', '--json']);
    expect(code).toBe(7);
    expect(json()).toMatchObject({ code: 'BL6007', data: { left: 3 } });
  });

  it('ends with the failure of a table that cannot be refreshed, once it was tried again', async () => {
    await refresh();
    const table = world.catalog.tables.get('db.sales');
    if (table === undefined) throw new Error('no table');
    world.catalog.tables.set('db.sales', { ...table, parameters: {} });
    await world.change({ 'sales/dt=3/a': 'd' });
    await refresh();
    stage.onPause = async () => void (await refresh());
    const { code, out } = await stage.run(['catalog', 'refresh']);
    expect(code).toBe(5);
    expect(out).toMatch(/^sales .* failed .*BL7001/m);
    world.catalog.tables.set('db.sales', table);
    expect((await stage.run(['catalog', 'refresh'])).code).toBe(0);
  });

  it('endures a deployment that is away for a moment', async () => {
    const { invoke } = stage;
    let away = 0;
    stage.invoke = (name, payload) => {
      if (JSON.stringify(payload).includes('status') && away++ < 3)
        return Promise.reject(functionFailure('branchline-catalog', 'BL4001', 'BL4001 AWS is away'));
      return invoke(name, payload);
    };
    stage.onPause = async () => void (await refresh());
    expect((await stage.run(['catalog', 'refresh'])).code).toBe(0);
  });
});

describe('catalog verify', () => {
  it('tells what differs, by its exit code too', async () => {
    await refresh();
    expect(await stage.run(['catalog', 'verify'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^right sales/),
    });
    world.catalog.of('db', 'sales').delete('["1"]');
    const { code, out, err } = await stage.run(['catalog', 'verify', 'sales']);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^different sales of lake\/main at \S+, 2 partitions: 1 partition-missing\n {2}partition-missing {2}dt=1\n$/,
    );
    expect(err).toContain('branchline catalog repair');
    const { json } = await stage.run(['catalog', 'verify', '--json']);
    expect(json()).toMatchObject({ outcome: 'different' });
  });

  it('asks for patience while a refresh is under way', async () => {
    await refresh();
    const entry = world.publications.entries.get('lake/main');
    if (entry === undefined) throw new Error('no entry');
    const lease = { owner: 'x', expiresAt: world.clock.now() + 1000 };
    world.publications.entries.set('lake/main', { ...entry, lease });
    expect((await stage.run(['catalog', 'verify'])).code).toBe(7);
  });
});

describe('catalog repair', () => {
  beforeEach(async () => {
    await refresh();
    world.catalog.of('db', 'sales').delete('["1"]');
    world.clock.advance(1000);
  });

  it('waits until every table was compared', async () => {
    stage.onPause = async () => void (await refresh());
    const { code, out } = await stage.run(['catalog', 'repair']);
    expect(code).toBe(0);
    expect(out).toMatch(/^sales .* shown .*drifted/m);
    expect((await stage.run(['catalog', 'verify'])).code).toBe(0);
  });

  it('tells what it would put right', async () => {
    const { code, out } = await stage.run(['catalog', 'repair', 'sales', '--dry-run']);
    expect(code).toBe(0);
    expect(out).toMatch(/^would-repair\ndifferent sales/);
    expect(world.refreshes.woken).toEqual([]);
    expect((await stage.run(['catalog', 'repair', '--no-wait'])).out).toBe('asked\n');
    expect(world.refreshes.woken).toEqual(['lake/main']);
  });
});

describe('catalog at', () => {
  let first: string;
  beforeEach(async () => {
    const [sales, deep, stock] = ICEBERG_TABLES;
    const [, , symlinks] = PUBLISHED;
    if (sales === undefined || deep === undefined || stock === undefined || symlinks === undefined)
      throw new Error('no tables');
    world = await makeCatalogWorld([sales, deep, symlinks]);
    stage.invoke = async (_, payload) =>
      JSON.parse(JSON.stringify(await catalog(world, catalogRequest.parse(payload)))) as unknown;
    first = await world.change({ 'sales/dt=1/a': rowsOf(1), 'deep/dt=1/hh=1/a': rowsOf(2), 'stock/a': rowsOf(3) });
    await refresh();
    await world.change({ 'sales/dt=1/a': rowsOf(4) });
    await refresh();
  });

  it('prints the query of each table, and what to do about the others beside them', async () => {
    const { code, out, err } = await stage.run(['catalog', 'at', '--ref', first]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^SELECT \* FROM "db"\."sales" FOR VERSION AS OF \d+;\nSELECT \* FROM "db"\."deep" FOR VERSION AS OF \d+;\n$/,
    );
    expect(err).toContain(`sales: as of ${first.slice(0, 12)}`);
    expect(err).toContain(`stock: no Iceberg table\n  branchline catalog preview --ref ${first} --table stock`);
  });

  it('answers a script', async () => {
    const { json } = await stage.run(['catalog', 'at', 'sales', '--target', 'lake/main', '--ref', first, '--json']);
    expect(json()).toMatchObject({ at: [{ table: 'sales', state: 'same', commit: first }] });
    expect(stage.calls.at(-1)?.payload).toEqual({
      ...{ action: 'at', ref: first, repository: 'lake', target: 'main', table: 'sales' },
    });
  });
});

describe('catalog switch', () => {
  const asIceberg = async () => {
    const config = await world.config.load();
    const repositories = config.repositories.map((each) => ({ ...each, tables: ICEBERG_TABLES }));
    world = { ...world, config: { load: async () => ({ ...config, repositories }) } };
  };

  beforeEach(async () => {
    world = await makeCatalogWorld();
    stage.invoke = async (_, payload) => {
      try {
        return JSON.parse(JSON.stringify(await catalog(world, catalogRequest.parse(payload)))) as unknown;
      } catch (error) {
        if (!isBranchlineError(error)) throw error;
        throw functionFailure('branchline-catalog', error.code, error.message);
      }
    };
    await world.change({ 'sales/dt=1/a': rowsOf(1), 'deep/dt=1/hh=1/a': rowsOf(2), 'stock/a': rowsOf(3) });
    await refresh();
    await asIceberg();
    await refresh();
  });

  it('is told by status, tells what it would do, and changes nothing unasked', async () => {
    expect((await stage.run(['catalog', 'status', 'sales'])).out).toMatch(/ shown .*wants iceberg: branchline catalog/);
    expect(await stage.run(['catalog', 'switch', 'sales', '--dry-run'])).toMatchObject({
      ...{ code: 0, out: 'would-switch\ndb.sales: symlink -> iceberg\n' },
    });
    expect((await stage.run(['catalog', 'switch', 'sales'])).code).toBe(2);
    expect(await stage.run(['catalog', 'switch', 'sales', '--to', 'both', '--yes'])).toMatchObject({ code: 5 });
    expect(world.refreshes.woken).toEqual([]);
  });

  it('waits until the tables are of the other kind', async () => {
    stage.onPause = async () => void (await refresh());
    const { code, out } = await stage.run(['catalog', 'switch', '--yes']);
    expect(code).toBe(0);
    expect(out).toMatch(/^sales .* shown /m);
    expect(world.catalog.tables.get('db.sales')?.parameters['table_type']).toBe('ICEBERG');
    expect(await stage.run(['catalog', 'switch', '--yes'])).toMatchObject({ code: 0, out: 'nothing-to-switch\n' });
  });

  it('may only be asked for, and answers a script', async () => {
    const { json } = await stage.run(['catalog', 'switch', 'sales', '--yes', '--no-wait', '--json']);
    expect(json()).toMatchObject({ outcome: 'asked', switches: [{ table: 'sales', from: 'symlink', to: 'iceberg' }] });
    expect((await stage.run(['catalog', 'status', 'sales'])).out).toMatch(/ to-compare .*becomes iceberg/);
    expect(world.refreshes.woken).toEqual(['lake/main']);
  });
});

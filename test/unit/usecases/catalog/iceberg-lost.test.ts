/** Metadata of Iceberg tables that somebody removed by hand: what `verify` says of it, what a repair makes of it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { catalog } from '../../../../lambdas/usecases/catalog.ts';
import type { TableVerification } from '../../../../lambdas/usecases/catalog-verify.ts';
import { filesOfSnapshots } from '../../../../lambdas/usecases/iceberg-needs.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { filesAt, ICEBERG_TABLES, metadataOf, readIceberg, rowsOf } from '../../../fakes/iceberg.ts';
import { readDirectly } from '../../../property/direct.ts';

const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
const TABLE = { repository: 'lake', target: 'main', name: 'sales', database: 'db', tableName: 'sales' };
let world: CatalogWorld;
let commits: string[];

beforeEach(async () => {
  world = await makeCatalogWorld(ICEBERG_TABLES.slice(0, 1));
  commits = [];
  for (let serial = 1; serial <= 3; serial += 1) {
    commits.push(await world.change({ 'sales/dt=1/a': rowsOf(serial) }));
    expect((await refreshCatalog(world, request)).outcome).toBe('published');
    world.clock.advance(61_000);
  }
});

const snapshots = () => metadataOf(world, 'db', 'sales')?.snapshots ?? [];
const shown = () => snapshots().map(({ summary }) => summary['branchline.commit']);
const remove = (uri = ''): void => {
  expect(world.iceberg.objects.delete(world.iceberg.keyOf(uri) ?? '')).toBe(true);
};
const removeAll = (): void => world.iceberg.objects.clear();
const kinds = async (): Promise<readonly (readonly [string, string | undefined])[]> => {
  const answer = (await catalog(world, { action: 'verify' })) as { readonly verified: readonly TableVerification[] };
  return answer.verified.flatMap(({ findings }) =>
    findings.map((each) => [each.kind, 'what' in each ? each.what : undefined] as const),
  );
};
const repaired = async (): Promise<void> => {
  expect((await refreshCatalog(world, { ...request, compare: true })).outcome).toBe('published');
  expect(readIceberg(world, 'db', 'sales')).toEqual(readDirectly(world, 'sales', commits[2] ?? ''));
  for (const snapshot of snapshots()) {
    const { 'branchline.commit': commit = '' } = snapshot.summary;
    expect(filesAt(world, snapshot)).toEqual(readDirectly(world, 'sales', commit));
  }
  expect(await kinds()).toEqual([]);
  await expect(Array.fromAsync(filesOfSnapshots(world, TABLE))).resolves.not.toHaveLength(0);
};

it('a table of which nothing is gone has no findings, and looking costs no write', async () => {
  expect(await kinds()).toEqual([]);
  const before = metadataOf(world, 'db', 'sales')?.snapshots;
  await repaired();
  expect(snapshots().slice(0, 3)).toEqual(before);
});

describe('an earlier snapshot', () => {
  it('whose list is gone is told of, and leaves by a comparison: garbage collection waits no more', async () => {
    const [, second] = snapshots();
    remove(second?.['manifest-list']);
    expect(await kinds()).toEqual([
      ['snapshot-lost', expect.stringContaining(`${String(second?.['snapshot-id'])} of ${commits[1] ?? ''}`)],
    ]);
    await expect(Array.fromAsync(filesOfSnapshots(world, TABLE))).rejects.toMatchObject({ code: 'BL7020' });
    await repaired();
    expect(shown()).toEqual([commits[0], commits[2]]);
  });

  it('of which a manifest is gone leaves with it', async () => {
    const [first] = snapshots();
    const known = new Set(world.iceberg.objects.keys());
    const list = world.iceberg.keyOf(first?.['manifest-list'] ?? '') ?? '';
    const name = /snap-\d+-(.*)\.avro$/.exec(list)?.[1] ?? '';
    const manifest = [...known].find((key) => key.endsWith(`${name}-m0.avro`)) ?? '';
    remove(world.iceberg.uri(manifest));
    expect(await kinds()).toEqual([['snapshot-lost', expect.stringContaining(manifest)]]);
    await repaired();
    expect(shown()).toEqual([commits[1], commits[2]]);
  });
});

it('the current snapshot without its manifest is written anew, and the one that cannot be read leaves', async () => {
  const last = snapshots().at(-1);
  const name = /snap-\d+-(.*)\.avro$/.exec(last?.['manifest-list'] ?? '')?.[1] ?? '';
  const key = [...world.iceberg.objects.keys()].find((each) => each.endsWith(`${name}-m0.avro`)) ?? '';
  remove(world.iceberg.uri(key));
  expect((await kinds()).map(([kind]) => kind)).toContain('manifest-missing');
  await repaired();
  expect(snapshots().map((each) => each['snapshot-id'])).not.toContain(last?.['snapshot-id']);
  expect(shown()).toEqual(commits);
});

describe('a table', () => {
  const glue = () => {
    const found = world.catalog.tables.get('db.sales');
    if (found === undefined) throw new Error('no table');
    return found;
  };

  it.each([
    ['whose metadata file is gone', () => remove(glue().parameters['metadata_location'])],
    ['of which everything is gone', () => removeAll()],
    [
      'that names metadata elsewhere',
      () => {
        const parameters = { ...glue().parameters, metadata_location: 's3://elsewhere/metadata/1.metadata.json' };
        world.catalog.tables.set('db.sales', { ...glue(), parameters, versionId: '4711' });
      },
    ],
  ])('%s is said to be so, and rebuilt from the commit alone', async (_, happens) => {
    happens();
    const found = await kinds();
    expect(found.find(([kind]) => kind === 'snapshot-foreign')?.[1]).toMatch(/metadata\.json, which is gone or/);
    await repaired();
    expect(shown()).toEqual([commits[2]]);
  });

  it.each([
    ['dropped from Glue', () => undefined],
    ['dropped from Glue with all of its metadata', () => removeAll()],
  ])('%s is missing, and rebuilt', async (_, happens) => {
    world.catalog.tables.delete('db.sales');
    happens();
    expect(await kinds()).toEqual([['table-missing', undefined]]);
    await repaired();
  });
});

/** What the refresh asks of lakeFS about files in `_lakefs_tables/`. */
import { expect, it } from 'vitest';
import type { ObjectStats } from '../../lambdas/domain/lakefs.ts';
import { isDescribedAnew, readDescriptions } from '../../lambdas/usecases/read-descriptions.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import { makeCatalogWorld, readSymlinks } from '../fakes/catalog.ts';
import { againstEveryServer } from './workbench.ts';

const ANIMALS = 'name: animals\ntype: hive\npath: animals/\npartition_columns: [year]\n';
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

againstEveryServer((lake) => {
  const read = (commit: string, known: Parameters<typeof readDescriptions>[3] = []) => {
    const { lakefs, repository } = lake;
    const reads: string[] = [];
    const getObject: typeof lakefs.getObject = (...of) => {
      reads.push(of[2]);
      return lakefs.getObject(...of);
    };
    // Methods of the client are bound.
    const ports = { lakefs: { ...lakefs, getObject }, log };
    return readDescriptions(ports, { repository, commit }, true, known).then((found) => ({ found, reads }));
  };

  it('are those of the directory itself, and only what changed is read', async () => {
    const first = await lake.commit('main', {
      ...{ '_lakefs_tables/animals.yaml': ANIMALS, '_lakefs_tables/notes.txt': 'x', 'animals/year=1/a': '1' },
      '_lakefs_tables/iceberg/namespaces/n/tables/t.yaml': 'x',
    });
    const before = await read(first.id);
    expect(before.found.map(({ file, table }) => [file, table?.path])).toEqual([
      ['_lakefs_tables/animals.yaml', 'animals/'],
    ]);
    const data = await lake.commit('main', { 'animals/year=1/b': '2' });
    const { lakefs, repository } = lake;
    expect(await isDescribedAnew({ lakefs, log }, repository, first.id, data.id)).toBe(false);
    const second = await lake.commit('main', { '_lakefs_tables/plants.yml': 'name: [' });
    expect(await isDescribedAnew({ lakefs, log }, repository, first.id, second.id)).toBe(true);
    const after = await read(second.id, before.found);
    expect(after.reads).toEqual(['_lakefs_tables/plants.yml']);
    expect(after.found[0]).toEqual(before.found[0]);
    expect(after.found[1]?.broken).toMatch(/^it is no YAML/);
    const gone = await lake.commit('main', { '_lakefs_tables/animals.yaml': null, '_lakefs_tables/plants.yml': null });
    expect((await read(gone.id, after.found)).found).toEqual([]);
  });

  it('bring, change and leave a table, as commits of this server do', async () => {
    const { lakefs, repository } = lake;
    const world = await makeCatalogWorld([]);
    const config = await world.config.load();
    const settings = { database: 'db', target: 'main', format: 'json' as const };
    const repositories = config.repositories.map((each) => ({ ...each, name: repository, lakefsTables: settings }));
    // Wherever the server keeps them: readers of symlinks know S3 alone.
    async function* listObjects(...of: Parameters<typeof lakefs.listObjects>): AsyncIterable<ObjectStats> {
      for await (const each of lakefs.listObjects(...of)) {
        yield { ...each, physicalAddress: each.physicalAddress.replace(/^[a-z0-9]+:\/\//, 's3://lake/') };
      }
    }
    const ports = {
      ...world,
      lakefs: { ...lakefs, listObjects },
      config: { load: async () => ({ ...config, repositories }) },
    };
    const schema = (...types: string[]): string =>
      `schema: {type: struct, fields: [${types.map((type, i) => `{name: c${String(i)}, type: ${type}}`).join(', ')}]}\n`;
    const shownAfter = async (files: Parameters<typeof lake.commit>[1]) => {
      const { id } = await lake.commit('main', files);
      const found = await world.ledger.getTarget(repository, 'main');
      const now = world.clock.now();
      await world.ledger.putTarget({
        ...{ schemaVersion: 1, version: (found?.version ?? 0) + 1, repository, branch: 'main' },
        ...{ verifiedCommit: id, verifiedAt: now, updatedAt: now },
      });
      const request = { repository, target: 'main', until: Number.POSITIVE_INFINITY };
      const { outcome, publication } = await refreshCatalog(ports, request);
      expect(outcome).toBe('published');
      const columns = world.catalog.tables.get('db.animals')?.storage.columns.map(({ type }) => type);
      const partitions = Object.keys(readSymlinks(world, 'db', 'animals'));
      return { partitions, columns, refused: Object.keys(publication?.described?.refused ?? {}), publication };
    };
    const file = '_lakefs_tables/animals.yaml';
    const first = await shownAfter({ [file]: ANIMALS + schema('long'), 'animals/year=1/a': '1' });
    expect(first).toMatchObject({ partitions: ['["1"]'], columns: ['bigint'], refused: [] });
    const second = await shownAfter({ [file]: ANIMALS + schema('long', 'date'), 'animals/year=2/a': '2' });
    expect(second).toMatchObject({ partitions: ['["1"]', '["2"]'], columns: ['bigint', 'date'] });
    const broken = await shownAfter({ [file]: 'name: [', 'animals/year=3/a': '3' });
    expect(broken).toMatchObject({ partitions: ['["1"]', '["2"]', '["3"]'], refused: [file] });
    const gone = await shownAfter({ [file]: null, 'animals/year=1/a': null });
    expect(gone).toMatchObject({ partitions: ['["1"]', '["2"]', '["3"]'], refused: [] });
    expect(gone.publication?.tables['animals']?.left).toBeDefined();
    const back = await shownAfter({ [file]: ANIMALS + schema('long') });
    expect(back).toMatchObject({ partitions: ['["2"]', '["3"]'], columns: ['bigint'] });
  });
});

/** What the refresh asks of lakeFS about files in `_lakefs_tables/`. */
import { expect, it } from 'vitest';
import { isDescribedAnew, readDescriptions } from '../../lambdas/usecases/read-descriptions.ts';
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
});

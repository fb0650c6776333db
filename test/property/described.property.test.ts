/**
 * I5 where descriptions of tables come, change, break and go with the commits: Glue shows what a commit holds, laid out as that commit, or an
 * earlier one whose file could be read, describes it; and no table is ever taken away.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { arrange, type DescribedTable } from '../../lambdas/domain/catalog/description.ts';
import { type CatalogWorld, makeCatalogWorld, readSymlinks } from '../fakes/catalog.ts';
import { type Kit, play, SYMLINKS, steps } from './catalog-story.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 4;
const SETTINGS = { database: 'db', target: 'main', format: 'json' } as const;
const FILES = ['_lakefs_tables/one.yaml', '_lakefs_tables/two.yaml'];

interface Layout {
  readonly path: string;
  readonly keys: readonly string[];
}
interface Says extends Layout {
  readonly name: string;
}

const LAYOUTS: readonly Layout[] = [
  { path: 'sales/', keys: ['dt'] },
  { path: 'deep/', keys: ['dt', 'hh'] },
  { path: 'deep/', keys: ['dt'] },
  { path: 'stock/', keys: [] },
];

/** By the number of the writing: each layout under the name of the file, one under a name that both may take, and what is no table. */
const contentOf: Kit['content'] = (serial, path) => {
  if (!FILES.includes(path)) return `content ${String(serial)}`;
  const kind = serial % 7;
  if (kind === 5) return `name: [ # ${String(serial)}`;
  if (kind === 6) return `# ${String(serial)}\nname: delta\ntype: delta\npath: delta/\n`;
  const layout = LAYOUTS[kind] ?? LAYOUTS[0] ?? { path: '', keys: [] };
  const name = kind === 4 ? 'Shared' : path.slice('_lakefs_tables/'.length, -'.yaml'.length);
  const says: Says = { name, ...layout };
  return [
    `# ${JSON.stringify(says)} ${String(serial)}`,
    ...[`name: ${name}`, 'type: hive', `path: ${says.path}`, `partition_columns: ${JSON.stringify(says.keys)}`],
    ...['schema:', '  type: struct', '  fields:', '    - {name: id, type: long}'],
  ].join('\n');
};

type Found = Says | 'broken' | 'another kind';
const read = (content: string): Found => {
  const [, says] = /^# (\{.*\}) \d+\n/.exec(content) ?? [];
  if (says !== undefined) return JSON.parse(says) as Says;
  return content.includes('type: delta') ? 'another kind' : 'broken';
};

const asText = (content: string | Uint8Array): string =>
  typeof content === 'string' ? content : new TextDecoder().decode(content);

/** By a rule of its own, as `readDirectly`. */
const readBy = (world: CatalogWorld, { path, keys }: Layout, commit: string): Readonly<Record<string, string>> => {
  const place = new RegExp(`^${path}${keys.map((key) => `${key}=([^/]+)/`).join('')}(?:[^_.][^/]*/)*[^_.][^/]*$`);
  const files = new Map<string, string[]>();
  for (const [at, { content, address }] of world.lakefs.tree('lake', commit)) {
    const found = place.exec(at);
    if (found === null || content.length === 0) continue;
    const key = JSON.stringify(found.slice(1).map((value) => value.replaceAll('%20', ' ')));
    files.set(key, [...(files.get(key) ?? []), address.replace('mem://', 's3://lake/data/')]);
  }
  return Object.fromEntries([...files].map(([key, found]) => [key, found.sort().join('\n')] as const).sort());
};

const glueTables = (world: CatalogWorld): string[] =>
  [...world.catalog.tables.keys()].map((id) => id.slice('db.'.length));

/** At any moment: each partition is that of one of two commits; and where no refresh is on its way, the whole is that of one. */
const checkWhole = (world: Described): void => {
  for (const table of glueTables(world)) {
    const { parameters, partitionKeys } = world.catalog.tables.get(`db.${table}`) ?? {
      parameters: {},
      partitionKeys: [],
    };
    const { 'branchline.commit': shown, 'branchline.refreshing': coming } = parameters as Record<string, string>;
    const seen = readSymlinks(world, 'db', table);
    const states = [shown, coming].flatMap((commit) =>
      commit === undefined ? [] : LAYOUTS.map((layout) => ({ layout, rows: readBy(world, layout, commit) })),
    );
    for (const [key, rows] of Object.entries(seen))
      expect(
        states.map((state) => state.rows[key]),
        `${table} ${key}`,
      ).toContain(rows);
    if (coming !== undefined) continue;
    const names = partitionKeys.map(({ name }) => name).join();
    expect(states.filter(({ layout }) => layout.keys.join() === names).map(({ rows }) => rows)).toContainEqual(seen);
  }
  const told = [...world.manifests.objects.values()].flatMap(({ content }) => content.split('\n'));
  expect(told.filter((address) => world.descriptionAddresses.has(address))).toEqual([]);
};

type Described = CatalogWorld & {
  readonly descriptionAddresses: Set<string>;
  readonly saidBefore: Map<string, Set<string>>;
  /** What each file said whose table was shown when the last refresh ended; nothing where files were read since. */
  shownBefore: ReadonlyMap<string, string>;
  /** The commit whose files were read by then. */
  readAt: string | undefined;
};

const describedAt = (world: Described): string | undefined =>
  world.publications.entries.get('lake/main')?.described?.commit;

const saysOf = ({ name, path, partitionColumns: keys }: DescribedTable): string => JSON.stringify({ name, path, keys });

const checkShown = async (world: Described): Promise<void> => {
  const verified = (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit ?? '';
  const entry = world.publications.entries.get('lake/main');
  expect(entry?.described?.commit).toBe(verified);
  const descriptions = world.publications.descriptions.get(`lake/main ${entry?.described?.digest ?? ''}`) ?? [];
  const { shown, refused } = arrange(await world.config.load(), 'lake', SETTINGS, descriptions);
  const tree = new Map(world.lakefs.tree('lake', verified));
  for (const file of FILES) {
    const stored = tree.get(file);
    const known = descriptions.find((each) => each.file === file);
    expect(known === undefined, file).toBe(stored === undefined);
    if (stored === undefined) continue;
    const says = read(asText(stored.content));
    if (typeof says === 'object') {
      expect(known?.table === undefined ? undefined : saysOf(known.table)).toBe(JSON.stringify(says));
      if (shown.has(file)) continue;
      // What comes later takes nothing away.
      expect(world.shownBefore.get(file), file).not.toBe(JSON.stringify(says));
      expect(refused.get(file)?.code).toBe('BL7011');
      const others = [...shown.values()];
      expect(others.some(({ name, path }) => name === says.name || path === says.path)).toBe(true);
    } else if (says === 'broken') {
      expect(refused.get(file)?.code).toBe('BL7010');
      // Nor does a slip of the pen.
      if (world.shownBefore.has(file)) expect(known?.table, file).toBeDefined();
      if (known?.table !== undefined) expect(world.saidBefore.get(file)).toContain(saysOf(known.table));
    } else expect([known?.table, refused.get(file)]).toEqual([undefined, undefined]);
  }
  expect(Object.keys(entry?.described?.refused ?? {}).toSorted()).toEqual([...refused.keys()].toSorted());
  world.readAt = describedAt(world);
  world.shownBefore = new Map([...shown].map(([file, table]) => [file, saysOf(table)]));
  for (const { name, path, partitionColumns: keys } of shown.values()) {
    const table = name.toLowerCase();
    expect(world.catalog.tables.get(`db.${table}`)?.partitionKeys.map((key) => key.name)).toEqual(keys);
    expect(readSymlinks(world, 'db', table), name).toEqual(readBy(world, { path, keys }, verified));
    expect(entry?.tables[name]).toMatchObject({ commit: verified });
    expect(entry?.tables[name]?.left).toBeUndefined();
  }
};

const makeDescribedWorld = async (): Promise<Described> => {
  const world = await makeCatalogWorld([]);
  const config = await world.config.load();
  const repositories = config.repositories.map((each) => ({ ...each, lakefsTables: SETTINGS }));
  return {
    ...world,
    config: { load: async () => ({ ...config, repositories }) },
    descriptionAddresses: new Set(),
    saidBefore: new Map(FILES.map((file) => [file, new Set<string>()])),
    shownBefore: new Map(),
    readAt: undefined,
  };
};

it('holds at every moment, and after every refresh that ends, whatever the files say', async () => {
  let shownInAll = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(6), steps(false, FILES), async (first, story) => {
      const world = await makeDescribedWorld();
      const [file = ''] = FILES;
      await world.change({ [file]: contentOf(first, file), 'sales/dt=1/a': 'first', 'deep/dt=1/hh=1/a': 'first too' });
      let before: readonly string[] = [];
      await play(
        world,
        story,
        async (outcome) => {
          const head = (await world.lakefs.getBranch('lake', 'main'))?.commitId ?? '';
          for (const [path, { content, address }] of world.lakefs.tree('lake', head)) {
            if (!FILES.includes(path)) continue;
            world.descriptionAddresses.add(address.replace('mem://', 's3://lake/data/'));
            const says = read(asText(content));
            if (typeof says === 'object') world.saidBefore.get(path)?.add(JSON.stringify(says));
          }
          checkWhole(world);
          expect(outcome).not.toBe('failed');
          if (outcome === 'published' || outcome === 'up-to-date') await checkShown(world);
          else if (describedAt(world) !== world.readAt) world.shownBefore = new Map();
          const tables = glueTables(world);
          expect(tables).toEqual(expect.arrayContaining([...before]));
          before = tables;
        },
        { ...SYMLINKS, content: contentOf },
      );
      shownInAll += before.length;
    }),
    { numRuns: RUNS },
  );
  expect(shownInAll).toBeGreaterThan(RUNS / 4);
});

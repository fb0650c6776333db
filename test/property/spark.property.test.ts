/** I5 of tables for Spark: their partitions are those of the commit; where they name commits, so are their rows. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { keyOfValues } from '../../lambdas/domain/catalog/plan.ts';
import { PUBLICATION_LEASE_MS } from '../../lambdas/domain/catalog/publication.ts';
import { placeOfFile } from '../../lambdas/domain/catalog/visible.ts';
import { sparkPublisher, symlinkPublisher } from '../../lambdas/usecases/publish-partitions.ts';
import { publisherOfKind } from '../../lambdas/usecases/publisher.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED } from '../fakes/catalog.ts';
import { type Kit, play, type Step, SYMLINKS, steps } from './catalog-story.ts';
import { readDirectly, SHOWN, type Shown } from './direct.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 4;
const REQUEST = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
/** A partition at a time, so that the time is up, or the end comes, between two of a table. */
const ONE = { partitions: 1, files: 1000 };

const edit: Kit['edit'] = (world, what, which) => {
  SYMLINKS.edit(world, what, which);
  const partitions = world.catalog.of('db', which % 2 === 0 ? 'sales_spark' : 'deep_spark');
  const found = [...partitions][which % Math.max(1, partitions.size)];
  if (found === undefined) return;
  const [key, partition] = found;
  if (what === 0) partitions.delete(key);
  if (what === 1) partitions.set(key, { ...partition, location: partition.location.replace('/main/', '/dev/') });
  const values = partition.values.map(() => 'edited');
  if (what === 2) partitions.set(keyOfValues(values), { ...partition, values });
  const other = [...partitions.values()].at(-1);
  if (what === 3 && other !== undefined) partitions.set(key, { ...partition, location: other.location });
};

const KIT: Kit = {
  ...SYMLINKS,
  publisher: publisherOfKind({ symlink: symlinkPublisher(ONE), spark: sparkPublisher(ONE) }),
  edit,
};

const REFRESHED: Step = { does: 'refresh', after: false };

/**
 * Without one of two directories that spell the same values: a table for Spark cannot show both (BL7009). Twice as many tables take
 * twice as many calls, and some refreshes are to end.
 */
const told = (story: readonly Step[]): readonly Step[] =>
  story.flatMap((step, i): readonly Step[] => {
    if (step.does === 'refresh') {
      const { dies, stopsAfter } = step;
      return [{ ...step, dies: dies && dies * 3, stopsAfter: stopsAfter && stopsAfter * 3 }];
    }
    if (step.does !== 'change') return [step];
    const writes = step.writes.filter((path) => !path.includes('%20'));
    return [{ ...step, writes }, ...(i % 2 === 0 ? [REFRESHED] : [])];
  });

const worldOf = (pin: boolean): Promise<CatalogWorld> =>
  makeCatalogWorld(
    PUBLISHED.map(({ publish, ...table }) => ({
      ...table,
      ...(publish === undefined
        ? {}
        : { publish: { ...publish, spark: { scheme: 'lakefs' as const, ...(pin ? { pin } : {}) } } }),
    })),
  );

const said = (world: CatalogWorld, table: Shown, name: string): string | undefined =>
  world.catalog.tables.get(`db.${table}_spark`)?.parameters[`branchline.${name}`];

/** What Spark finds: by partition values the files that lie in the directory which Glue names. */
const readSpark = async (world: CatalogWorld, table: Shown): Promise<Readonly<Record<string, string>>> => {
  const stored = world.catalog.tables.get(`db.${table}_spark`);
  if (stored === undefined) return {};
  const parts =
    stored.partitionKeys.length === 0
      ? [{ values: [], location: stored.storage.location }]
      : [...world.catalog.of('db', `${table}_spark`).values()];
  const rows: [string, string][] = [];
  for (const { values, location } of parts) {
    const [, ref = '', path = ''] = /^lakefs:\/\/lake\/([^/]+)\/(.*)$/.exec(location) ?? [];
    const files: string[] = [];
    for await (const object of world.lakefs.listObjects('lake', ref, { prefix: path })) {
      if (placeOfFile({ path, partitionColumns: [] }, object) !== undefined) files.push(object.physicalAddress);
    }
    if (files.length > 0) rows.push([keyOfValues(values), files.sort().join('\n')]);
  }
  return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
};

const named = (world: CatalogWorld, table: Shown): string[] =>
  [...world.catalog.of('db', `${table}_spark`).keys()].toSorted();

/** Partitions that Glue names are those of the commit which the table says; while it is on its way to another, of one of the two. */
const checkNamed = (world: CatalogWorld): void => {
  for (const table of SHOWN.filter((each) => each !== 'stock')) {
    const of = (name: string): string[] => {
      const commit = said(world, table, name);
      return commit === undefined ? [] : Object.keys(readDirectly(world, table, commit)).toSorted();
    };
    const [shown, coming] = [of('commit'), of('refreshing')];
    const isMoving = said(world, table, 'refreshing') !== undefined;
    const seen = named(world, table);
    if (!isMoving) expect(seen, table).toEqual(shown);
    for (const key of seen) expect(shown.includes(key) || coming.includes(key), `${table} ${key}`).toBe(true);
    for (const key of shown) if (coming.includes(key)) expect(seen, table).toContain(key);
  }
};

/** Where locations name commits, each partition is wholly that of the commit shown, or of the one that is on its way. */
const checkWhole = async (world: CatalogWorld): Promise<void> => {
  for (const table of SHOWN) {
    const states = [said(world, table, 'commit'), said(world, table, 'refreshing')].map((commit) =>
      commit === undefined ? {} : readDirectly(world, table, commit),
    );
    const seen = await readSpark(world, table);
    for (const key of new Set([seen, ...states].flatMap((state) => Object.keys(state)))) {
      expect(
        states.map((state) => state[key]),
        `${table} ${key}`,
      ).toContain(seen[key]);
    }
  }
};

/** What Spark reads is what the verified commit holds. */
const checkShown = async (world: CatalogWorld): Promise<void> => {
  const verified = (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit;
  for (const table of SHOWN) {
    expect(await readSpark(world, table)).toEqual(readDirectly(world, table, verified ?? ''));
  }
  expect(world.publications.entries.get('lake/main')?.commit).toBe(verified);
};

it.each([false, true])(
  'holds at every moment and after every refresh, whatever dies or crosses; pinned: %s',
  async (pin) => {
    await fc.assert(
      fc.asyncProperty(steps(false).map(told), async (story) => {
        const world = await worldOf(pin);
        await play(
          world,
          story,
          async (outcome) => {
            checkNamed(world);
            if (pin) await checkWhole(world);
            if (outcome === 'published' || outcome === 'up-to-date') await checkShown(world);
          },
          KIT,
        );
      }),
      { numRuns: RUNS },
    );
  },
);

it.each([false, true])('is brought back by a comparison, whatever people did to Glue; pinned: %s', async (pin) => {
  await fc.assert(
    fc.asyncProperty(steps(true).map(told), async (story) => {
      const world = await worldOf(pin);
      await world.change({ 'sales/dt=1/a': 'first', 'stock/a': 'too' });
      await play(world, story, () => undefined, KIT);
      world.clock.advance(PUBLICATION_LEASE_MS + 1_000);
      expect((await refreshCatalog(world, { ...REQUEST, compare: true })).outcome).toBe('published');
      await checkShown(world);
      checkNamed(world);
      expect((await refreshCatalog(world, REQUEST)).outcome).toBe('up-to-date');
    }),
    { numRuns: RUNS },
  );
});

/**
 * Garbage collection and Iceberg snapshots, from both sides: a collection never takes a file that a snapshot names, however late refreshes
 * are; and what snapshots name after a comparison, lakeFS's own rules keep, where refreshes follow promotions.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { KEEPER_BRANCH_PREFIX } from '../../lambdas/contract.ts';
import { publishedTables } from '../../lambdas/domain/catalog/table.ts';
import type { Collection } from '../../lambdas/domain/collection.ts';
import { SUMMARY } from '../../lambdas/domain/iceberg/snapshot.ts';
import { filesOfSnapshots } from '../../lambdas/usecases/iceberg-needs.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import type { CatalogWorld } from '../fakes/catalog.ts';
import { type CollectionWorld, makeCollectionWorld } from '../fakes/collections.ts';
import { ICEBERG_TABLES, metadataOf, rowsOf } from '../fakes/iceberg.ts';
import { approve, settle } from '../unit/usecases/collections/stage.ts';

const RUNS = Math.ceil(Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 20);
const HOUR = 3_600_000;
/** Of snapshots a day (ICEBERG_TABLES), so of objects two at the least. */
const RETENTION_DAYS = 2;
const PLACES = ['sales/dt=1/a', 'sales/dt=1/b', 'sales/dt=2/a', 'deep/dt=1/hh=1/a', 'stock/a'] as const;

type Step =
  | { readonly does: 'change'; readonly path: string; readonly removes: boolean }
  | { readonly does: 'refresh' | 'compare' | 'collect' | 'keep' | 'tag' }
  | { readonly does: 'prune'; readonly which: number }
  | { readonly does: 'wait'; readonly hours: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('change' as const),
      path: fc.constantFrom(...PLACES),
      removes: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({ does: fc.constantFrom('refresh', 'compare', 'collect', 'collect', 'keep', 'tag') }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('prune' as const), which: fc.nat(3) }) },
);

class Lake {
  readonly world: CollectionWorld & CatalogWorld;
  #serial = 0;
  constructor(world: CollectionWorld & CatalogWorld) {
    this.world = world;
  }

  async refresh(compare = false): Promise<void> {
    this.world.clock.advance(61_000);
    const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY, compare };
    expect((await refreshCatalog(this.world, request)).outcome).toMatch(/published|up-to-date/);
  }

  /** @param follows whether readers see it at once. */
  async play(told: Step, follows: boolean): Promise<void> {
    const { world } = this;
    const { lakefs } = world;
    this.#serial += 1;
    const name = String(this.#serial);
    switch (told.does) {
      case 'change':
        await world.change({ [told.path]: told.removes ? null : rowsOf(this.#serial) });
        if (follows) await this.refresh();
        return;
      case 'wait':
        // A day at most passes without the daily comparison.
        for (let left = told.hours; left > 0; left -= 12) {
          world.clock.advance(Math.min(left, 12) * HOUR);
          if (follows) await this.refresh(true);
        }
        return;
      case 'refresh':
      case 'compare':
        await this.refresh(told.does === 'compare');
        return;
      case 'keep':
        await lakefs.createBranch('lake', `${KEEPER_BRANCH_PREFIX}snapshot-${name}`, await this.head());
        await lakefs.createTag('lake', `snapshot-${name}`, await this.head());
        return;
      case 'tag':
        await lakefs.createTag('lake', `v${name}`, await this.head());
        return;
      case 'prune': {
        const kept = lakefs
          .branchNames('lake')
          .filter((branch) => branch.startsWith(`${KEEPER_BRANCH_PREFIX}snapshot-`));
        const chosen = kept[told.which % Math.max(1, kept.length)];
        if (chosen === undefined) return;
        await lakefs.deleteBranch('lake', chosen);
        await lakefs.deleteTag('lake', chosen.slice(KEEPER_BRANCH_PREFIX.length));
        return;
      }
      case 'collect': {
        const { state, cause } = await this.collect();
        if (state !== 'DONE') expect(cause?.message).toMatch(/^collection \S+: .* shows /);
        if (state === 'FAILED') refused += 1;
      }
    }
  }

  async collect(): Promise<Collection> {
    const collection = await settle(this.world);
    return collection.state === 'MARKED' ? approve(this.world, collection) : collection;
  }

  async head(): Promise<string> {
    return (await this.world.lakefs.getBranch('lake', 'main'))?.commitId ?? '';
  }

  async named(): Promise<ReadonlySet<string>> {
    const files = new Set<string>();
    for (const table of publishedTables(await this.world.config.load(), 'lake', 'main'))
      for await (const page of filesOfSnapshots(this.world, table)) for (const file of page) files.add(file);
    return files;
  }

  /** What heads of branches show, and what was replaced on one less than the retention ago. */
  keptByRules(): ReadonlySet<string> {
    const { lakefs, clock } = this.world;
    const kept = new Set<string>();
    for (const branch of lakefs.branchNames('lake')) {
      let replacedAt = clock.now();
      for (const { id, creationDate } of lakefs.firstParentLog('lake', branch)) {
        if (clock.now() - replacedAt > RETENTION_DAYS * 24 * HOUR) break;
        for (const { address } of lakefs.tree('lake', id).values()) kept.add(address);
        replacedAt = creationDate;
      }
    }
    return kept;
  }
}

const makeLake = async (): Promise<Lake> => {
  const world = (await makeCollectionWorld()) as CollectionWorld & CatalogWorld;
  const config = await world.config.load();
  const repositories = config.repositories.map((each) => ({ ...each, tables: ICEBERG_TABLES }));
  const shown = { ...world, config: { load: async () => ({ ...config, repositories }) } };
  await shown.lakefs.setGarbageCollection('lake', { defaultRetentionDays: RETENTION_DAYS, branches: {} });
  await shown.change({ 'sales/dt=1/a': rowsOf(9001), 'deep/dt=1/hh=1/a': rowsOf(9002), 'stock/a': rowsOf(9003) });
  const lake = new Lake(shown);
  await lake.refresh();
  return lake;
};

/** What is replaced, and has long left every snapshot: a collection takes it. */
const AT_LAST: readonly Step[] = [
  ...PLACES.map((path) => ({ does: 'change' as const, path, removes: false })),
  ...[{ does: 'refresh' as const }, { does: 'wait' as const, hours: 120 }, { does: 'compare' as const }],
  { does: 'collect' },
];

let taken = 0;
let refused = 0;

it('a collection takes nothing that a snapshot names, however late refreshes are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (story) => {
      const lake = await makeLake();
      for (const told of [...story, ...AT_LAST]) {
        const before = lake.world.data().length;
        await lake.play(told, false);
        taken += Math.max(0, before - lake.world.data().length);
        if (told.does !== 'collect') continue;
        const left = new Set(lake.world.data());
        for (const file of await lake.named()) expect(left).toContain(file);
      }
    }),
    { numRuns: RUNS },
  );
  // Collections that take nothing, and such as are never refused, prove nothing.
  expect(taken).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
});

it('what snapshots name after a comparison, lakeFS keeps by its rules, and their commits are there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (story) => {
      const lake = await makeLake();
      for (const told of story) await lake.play(told, true);
      await lake.refresh(true);
      const kept = lake.keptByRules();
      for (const file of await lake.named()) expect(kept).toContain(file);
      for (const { name } of ICEBERG_TABLES) {
        for (const { summary } of metadataOf(lake.world, 'db', name)?.snapshots ?? [])
          expect(await lake.world.lakefs.getCommit('lake', summary[SUMMARY.commit] ?? '')).toBeDefined();
      }
    }),
    { numRuns: RUNS },
  );
});

/** What somebody sees is never deleted, whatever is staged, revived or tagged, wherever a collection dies; and it ends in the end. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { COLLECTION_LEASE_MS, hasEnded } from '../../lambdas/domain/collection.ts';
import { isBranchlineError } from '../../lambdas/domain/errors.ts';
import { collectGarbage } from '../../lambdas/usecases/collect-garbage.ts';
import { type CollectionWorld, makeCollectionWorld, work } from '../fakes/collections.ts';
import { Died, dying } from './dying.ts';
import { bytes, changeLake, type LakeStep, shownBy } from './lake-steps.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 4;
const PORTS = ['lakefs', 'ledger', 'storage', 'collections', 'glue', 'snapshots', 'publications', 'previews'] as const;
const HOUR = 3_600_000;
const BRANCHES = ['by-hand', 'other'] as const;
const PATHS = ['sales/dt=1/a', 'sales/dt=1/b', 'stock/s', 'x'] as const;

type Step =
  | LakeStep
  /** On a branch of somebody: fresh, or the same as what is committed. */
  | { readonly does: 'stage'; readonly branch: number; readonly path: number; readonly content: number }
  | { readonly does: 'reset' | 'drop'; readonly branch: number }
  | { readonly does: 'wait'; readonly hours: number }
  | { readonly does: 'collect'; readonly dies?: number | undefined; readonly after: boolean; readonly stops: boolean }
  | { readonly does: 'work'; readonly ends: 'SUCCEEDED' | 'FAILED' }
  /** A whole collection, and what people do meanwhile. */
  | { readonly does: 'round'; readonly meanwhile: readonly (readonly Exclude<Step, { does: 'round' }>[])[] };

const path = fc.nat(PATHS.length - 1);
const branch = fc.nat(BRANCHES.length - 1);
const content = fc.nat(1);
const one: fc.Arbitrary<Exclude<Step, { does: 'round' }>> = fc.oneof<
  fc.MaybeWeightedArbitrary<Exclude<Step, { does: 'round' }>>[]
>(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('change' as const), path, content }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('remove' as const), path }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('stage' as const), branch, path, content }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('reset' as const, 'drop' as const), branch }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constantFrom('revive' as const, 'tag' as const),
      which: fc.nat(1),
      back: fc.nat(4),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('wait' as const), hours: fc.constantFrom(1, 19, 25, 25, 200) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('collect' as const),
      dies: fc.option(fc.nat(40), { nil: undefined, freq: 2 }),
      after: fc.boolean(),
      stops: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('work' as const),
      ends: fc.constantFrom('SUCCEEDED' as const, 'SUCCEEDED' as const, 'FAILED' as const),
    }),
  },
);

const round = fc.record({
  does: fc.constant('round' as const),
  meanwhile: fc.array(fc.array(one, { maxLength: 2 }), { minLength: 4, maxLength: 4 }),
});
const flat = (steps: readonly Step[]): readonly Exclude<Step, { does: 'round' }>[] =>
  steps.flatMap((each) => {
    if (each.does !== 'round') return [each];
    const [a = [], b = [], c = [], d = []] = each.meanwhile;
    const collects = { does: 'collect', after: false, stops: false } as const;
    const works = { does: 'work', ends: 'SUCCEEDED' } as const;
    return [...a, collects, ...b, works, ...c, collects, ...d, works, collects];
  });

/** Everything that any ref shows just now and that is there. */
const seen = async (world: CollectionWorld): Promise<Map<string, string>> =>
  new Map([...(await shownBy(world))].filter(([address]) => world.storage.objects.has(address)));

const play = async (world: CollectionWorld, each: Exclude<Step, { does: 'round' }>): Promise<void> => {
  const { lakefs } = world;
  switch (each.does) {
    case 'change':
    case 'remove':
    case 'revive':
    case 'tag':
      await changeLake(world, PATHS, each);
      return;
    case 'stage': {
      const name = BRANCHES[each.branch] ?? '';
      const head = await lakefs.getBranch('lake', 'main');
      await lakefs.createBranch('lake', name, head?.commitId ?? '');
      await lakefs.putObject('lake', name, PATHS[each.path] ?? '', bytes(each.content));
      return;
    }
    case 'reset':
    case 'drop': {
      const name = BRANCHES[each.branch] ?? '';
      if (!lakefs.branchNames('lake').includes(name)) return;
      await (each.does === 'reset' ? lakefs.resetStaged('lake', name) : lakefs.deleteBranch('lake', name));
      return;
    }
    case 'wait':
      world.clock.advance(each.hours * HOUR);
      return;
    case 'collect':
      await collect(world, each);
      return;
    case 'work':
      await work(world, each.ends);
  }
};

const collect = async (
  world: CollectionWorld,
  { dies, after, stops }: { dies?: number | undefined; after: boolean; stops: boolean },
): Promise<void> => {
  const ports = dying(world, PORTS, undefined, dies === undefined ? undefined : { at: dies, after });
  const until = stops ? world.clock.now() : Number.POSITIVE_INFINITY;
  const request = { action: 'run', repository: 'lake', requestedBy: 'anna' } as const;
  try {
    await collectGarbage(ports, request, until);
  } catch (error) {
    if (!(error instanceof Died) && !isBranchlineError(error, 'BL4003')) throw error;
    // Whoever comes next finds its lease expired.
    world.clock.advance(COLLECTION_LEASE_MS + 1);
  }
};

it('deletes nothing that is seen, and ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 5, arbitrary: one }, { weight: 1, arbitrary: round }), { maxLength: 25 }),
      async (steps) => {
        const world = await makeCollectionWorld({ sweep: 'automatic' });
        await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 1, branches: {} });
        for (const each of flat(steps)) {
          const before = await seen(world);
          await play(world, each);
          const still = await seen(world);
          const shown = new Set(
            (
              await Promise.all(
                world.lakefs
                  .branchNames('lake')
                  .map(async (name) =>
                    (await Array.fromAsync(world.lakefs.listObjects('lake', name, {}))).map((of) => of.physicalAddress),
                  ),
              )
            ).flat(),
          );
          for (const [address, where] of before) if (shown.has(address)) expect(still.has(address), where).toBe(true);
        }
        // Everybody commits or goes; then a collection gets through.
        for (const name of BRANCHES)
          if (world.lakefs.branchNames('lake').includes(name)) await world.lakefs.deleteBranch('lake', name);
        world.clock.advance(COLLECTION_LEASE_MS + 1);
        for (let turn = 0; turn < 12; turn += 1) {
          await collect(world, { after: false, stops: false });
          await work(world);
          const { current, past } = world.collections.entries.get('lake') ?? { past: [] };
          if (current === undefined && past[0] !== undefined && hasEnded(past[0])) return;
        }
        expect(world.collections.entries.get('lake')?.current).toBeUndefined();
      },
    ),
    { numRuns: RUNS },
  );
});

/**
 * Whatever the history is, whatever is copied, tagged or brought back, wherever an erasure dies and however often it is repeated: at its
 * end nothing reaches the objects and S3 has none of them; and nothing that somebody still sees was deleted for it.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ERASURE_LEASE_MS } from '../../lambdas/domain/erasure-record.ts';
import { isBranchlineError } from '../../lambdas/domain/errors.ts';
import { erase } from '../../lambdas/usecases/erase.ts';
import { type ErasureWorld, makeErasureWorld } from '../fakes/erasure.ts';
import { others } from '../unit/usecases/erasure/stage.ts';
import { Died, dying } from './dying.ts';
import { changeLake, type LakeStep, shownBy } from './lake-steps.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 10;
const PORTS = [
  ...(['lakefs', 'ledger', 'storage', 'collections', 'snapshots', 'publications', 'previews'] as const),
  ...(['erasures', 'backups', 'destination', 'exports', 'versions', 'promotions'] as const),
] as const;
const HOUR = 3_600_000;
const PATHS = ['people/1/a', 'people/1/b', 'people/2/a', 'stock/s'] as const;
const SELECTION = { prefixes: ['people/1/'] };

type Step =
  | LakeStep
  /** The same address under another name, on a branch of somebody. */
  | { readonly does: 'link'; readonly branch: number; readonly path: number }
  | { readonly does: 'wait'; readonly hours: number }
  | {
      readonly does: 'erase';
      readonly dies?: number | undefined;
      readonly after: boolean;
      /** So often the clock is looked at before the time is up. */
      readonly looks?: number | undefined;
    }
  | { readonly does: 'others' };

const path = fc.nat(PATHS.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('change' as const), path, content: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('remove' as const), path }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('link' as const), branch: fc.nat(1), path }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ does: fc.constantFrom('revive' as const, 'tag' as const), which: fc.nat(1), back: fc.nat(4) },
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('wait' as const), hours: fc.constantFrom(1, 25, 60) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('erase' as const),
      ...{ dies: fc.option(fc.nat(60), { nil: undefined, freq: 2 }), after: fc.boolean() },
      looks: fc.option(fc.nat(25), { nil: undefined, freq: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('others' as const) }) },
);

const step_ = async (world: ErasureWorld, each: Step): Promise<void> => {
  const { lakefs } = world;
  switch (each.does) {
    case 'change':
    case 'remove':
    case 'revive':
    case 'tag':
      await changeLake(world, PATHS, each);
      return;
    case 'link': {
      const name = `by-hand-${String(each.branch)}`;
      await lakefs.createBranch('lake', name, (await lakefs.getBranch('lake', 'main'))?.commitId ?? '');
      const source = PATHS[each.path] ?? '';
      if ((await lakefs.getObject('lake', name, source)) === undefined) return;
      await lakefs.copyObject('lake', name, `linked-${String(each.path)}`, { ref: name, path: source });
      await lakefs.commit('lake', name, { message: 'link', metadata: {} });
      await lakefs.resetStaged('lake', name);
      return;
    }
    case 'wait':
      world.clock.advance(each.hours * HOUR);
      return;
    case 'erase':
      await eraseOnce(world, each);
      return;
    case 'others':
      await others(world);
  }
};

const eraseOnce = async (
  world: ErasureWorld,
  { dies, after, looks }: { dies?: number | undefined; after: boolean; looks?: number | undefined },
): Promise<void> => {
  const start = world.clock.now();
  let looked = 0;
  const clock = {
    ...world.clock,
    now: () => (looks === undefined || looked++ < looks ? world.clock.now() : start + 1),
  };
  const until = looks === undefined ? Number.POSITIVE_INFINITY : start + 1;
  const dead = dying({ ...world, clock }, PORTS, undefined, dies === undefined ? undefined : { at: dies, after });
  // What a key is called is no call.
  const uri = (key: string): string => world.backups.uri(key);
  const { backups: kept } = dead;
  const backups = {
    ...{ uri, put: (key: string, text: string) => kept.put(key, text), get: (key: string) => kept.get(key) },
    ...{ list: (prefix: string) => kept.list(prefix), remove: (key: string) => kept.remove(key) },
  };
  const ports = { ...dead, backups };
  const order = { action: 'run', repository: 'lake', selection: SELECTION, reason: 'r', confirm: 'lake' } as const;
  try {
    await erase(ports, { ...order, selection: { prefixes: [...SELECTION.prefixes] }, removeTags: true }, until);
  } catch (error) {
    if (!(error instanceof Died) && !isBranchlineError(error, 'BL4003', 'BL8603', 'BL8607')) throw error;
    // Whoever comes next finds its lease expired.
    world.clock.advance(ERASURE_LEASE_MS + 1);
  }
};

it('what is erased is gone, and nothing that is seen goes with it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const world = await makeErasureWorld();
      world.collecting = world.collecting === undefined ? undefined : { ...world.collecting, tags: 'lose' };
      await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 2, branches: {} });
      const survives = async (act: () => Promise<void>): Promise<void> => {
        await act();
        for (const [address, where] of await shownBy(world)) {
          // Of what a tag alone shows `tags: lose` lets go.
          if (!where.startsWith('tag-')) expect(world.storage.objects.has(address), where).toBe(true);
        }
      };
      await world.change({ 'people/1/a': 'first', 'people/2/a': 'another' });
      for (const each of steps) await survives(() => step_(world, each));
      // Everybody who made tags since takes them away; then it gets through.
      for (const name of ['tag-0', 'tag-1']) await world.lakefs.deleteTag('lake', name);
      world.clock.advance(ERASURE_LEASE_MS + 1);
      for (let turn = 0; turn < 40; turn += 1) {
        await survives(() => eraseOnce(world, { after: false }));
        await survives(() => others(world));
        world.clock.advance(24 * HOUR);
        const [newest] = [...world.erasures.entries.values()].toReversed();
        if (newest === undefined || newest.state === 'DONE') break;
      }
      const seen = await shownBy(world);
      for (const erasure of world.erasures.entries.values()) {
        expect(erasure.waits?.for ?? []).toEqual([]);
        expect(erasure.state).toBe('DONE');
        const kept = (await world.backups.get(`lake/${erasure.id}/objects.json`)) ?? '{}';
        for (const { address } of JSON.parse(kept).objects as { address: string }[]) {
          expect(seen.get(address)).toBeUndefined();
          expect(world.storage.objects.has(address)).toBe(false);
        }
        expect(await world.backups.get(`lake/${erasure.id}/report.json`)).toBeDefined();
      }
    }),
    { numRuns: RUNS },
  );
});

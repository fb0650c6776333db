/**
 * Stories of a second region: commits, deletes, snapshots, objects that arrive in any order or not at all, passes that are cut off at any
 * call or find no time. What counts as arrived is all there, at any moment; and when everything has been copied the head has arrived.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { replication } from '../../lambdas/usecases/replication.ts';
import { makeReplicationWorld, type ReplicationWorld } from '../fakes/replication.ts';
import { dying, type Fault } from './dying.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 4;

type Step =
  | { readonly do: 'commit'; readonly files: readonly (readonly [path: string, content: string | null])[] }
  | { readonly do: 'copy'; readonly share: number; readonly from: number }
  | { readonly do: 'snapshot' }
  | { readonly do: 'pass'; readonly fault: Fault | undefined; readonly looks: number | undefined }
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'put-back'; readonly by: number };

const file = fc.tuple(fc.constantFrom('a', 'b', 'c', 'sales/d', 'sales/e'), fc.constantFrom('1', '22', '333', null));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('commit' as const), files: fc.array(file, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('copy' as const), share: fc.nat(100), from: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'snapshot' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      fault: fc.option(fc.record({ at: fc.nat(25), after: fc.boolean() }), { nil: undefined }),
      looks: fc.option(fc.nat(20), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('put-back' as const), by: fc.integer({ min: 1, max: 3 }) }) },
);

/** What of lakeFS's own was in the bucket when a commit was made. */
type Files = ReadonlyMap<string, readonly string[]>;

const expectAllThere = (world: ReplicationWorld, made: Files): void => {
  const record = world.replications.entries.get('lake');
  if (record === undefined) return;
  const pending = new Set(world.pending());
  const check = (commit: string): void => {
    const addresses = [...world.lakefs.tree('lake', commit).values()].map(({ address }) => address);
    expect(
      addresses.filter((address) => pending.has(address)),
      `objects of ${commit}`,
    ).toEqual([]);
    expect(made.get(commit)?.filter((address) => pending.has(address)) ?? [], `files of ${commit}`).toEqual([]);
  };
  for (const { arrived, replicated } of Object.values(record.targets)) {
    for (const { commit } of arrived) check(commit);
    if (replicated !== undefined) check(replicated.commit);
  }
  const { restorable } = record;
  if (restorable === undefined) return;
  for (const commit of Object.values(restorable.commits)) check(commit);
  const backup = [...pending].filter((address) => address.includes(`/backups/lake/${restorable.snapshot}/`));
  expect(backup).toEqual([]);
  expect(made.get(restorable.snapshot)?.filter((address) => pending.has(address))).toEqual([]);
};

const PORTS = ['lakefs', 'source', 'replica', 'replications', 'snapshots'] as const;

/** A pass of the function. Its time is up after so many looks at the clock; at one of its calls it may die. */
const pass = async (world: ReplicationWorld, fault?: Fault, looksAtClock = Number.POSITIVE_INFINITY): Promise<void> => {
  const now = world.clock.now();
  let looks = 0;
  const clock = {
    ...world.clock,
    now: () => {
      looks += 1;
      return looks > looksAtClock ? now + 1 : now;
    },
  };
  const ports = dying(world, PORTS, undefined, fault);
  // A fault of one repository is told and holds up no other; so is a death, as nothing else is done in it.
  await replication({ ...ports, clock }, { action: 'tend' }, now + 1);
};

const play = async (steps: readonly Step[]): Promise<void> => {
  const world = await makeReplicationWorld();
  const made = new Map<string, readonly string[]>();
  const files = (): string[] => [...world.source.objects.keys()].filter((address) => address.includes('/_lakefs/'));
  const commit = async (changes: Record<string, string | null>): Promise<void> => {
    // Nothing to commit is no story.
    const id = await world.commit(changes).catch(() => undefined);
    if (id !== undefined) made.set(id, files());
  };
  for (const each of steps) {
    if (each.do === 'commit') await commit(Object.fromEntries(each.files));
    else if (each.do === 'wait') world.clock.advance(each.minutes * 60_000);
    else if (each.do === 'snapshot') made.set(await world.snapshot(), files());
    else if (each.do === 'put-back') {
      const branch = world.lakefs.repositories.get('lake')?.branches.get('main');
      const before = world.lakefs.firstParentLog('lake', 'main')[each.by];
      if (branch !== undefined && before !== undefined) branch.head = before.id;
    } else if (each.do === 'copy') {
      const pending = world.pending();
      const count = Math.ceil((pending.length * each.share) / 100);
      const at = each.from % Math.max(1, pending.length);
      world.copy(...[...pending.slice(at), ...pending.slice(0, at)].slice(0, count));
    } else await pass(world, each.fault, each.looks);
    expectAllThere(world, made);
    world.clock.advance(1000);
  }
  const last = await world.snapshot();
  made.set(last, files());
  world.copy(...world.pending());
  // An older point or candidate comes first, or is given up.
  for (let turns = 0; turns < 6; turns += 1) {
    await pass(world);
    expectAllThere(world, made);
    world.clock.advance(86_400_000);
  }
  const record = world.replications.entries.get('lake');
  const head = (await world.lakefs.getBranch('lake', 'main'))?.commitId;
  expect(record?.targets['main']).toMatchObject({ lagSeconds: 0, replicated: { commit: head } });
  expect(record?.restorable?.snapshot).toBe(last);
};

test('what counts as arrived is all there, and everything arrives', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 40 }), play), { numRuns: RUNS });
}, 300_000);

test('a path that was removed and came back with the same content is another object', async () => {
  // The diff of the two ends is empty, the address is another one: a diff would not have shown it.
  const world = await makeReplicationWorld();
  await world.commit({ a: '1', b: '1' });
  world.copy(...world.pending());
  await pass(world);
  await world.commit({ a: null });
  await world.commit({ a: '1' });
  world.copy(...world.pending().filter((address) => !address.includes('/data/')));
  await pass(world);
  const record = world.replications.entries.get('lake');
  expect(record?.targets['main']?.lagCommits).toBe(2);
  world.copy(...world.pending());
  await pass(world);
  expect(world.replications.entries.get('lake')?.targets['main']?.lagCommits).toBe(0);
});

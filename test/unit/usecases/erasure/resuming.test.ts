/** Looks that take more than one invocation: each goes on where the last one stopped, and comes to the same end. */
import { describe, expect, it } from 'vitest';
import type { ErasurePlan, Selection } from '../../../../lambdas/domain/erasure.ts';
import { isBranchlineError } from '../../../../lambdas/domain/errors.ts';
import { erase } from '../../../../lambdas/usecases/erase.ts';
import { planErasure } from '../../../../lambdas/usecases/plan-erasure.ts';
import { type ErasureWorld, makeErasureWorld } from '../../../fakes/erasure.ts';
import { EXPORT } from '../../../fakes/exports.ts';
import { bytes, headOf, others, toTheEnd } from './stage.ts';

const PERSON: Selection = { prefixes: ['people/id=1/'] };
const COMMITS = 40;
const FOREVER = Number.MAX_SAFE_INTEGER;

/** A history of many commits, some branches on it, and tags. */
const stage = async (): Promise<ErasureWorld> => {
  const world = await makeErasureWorld({ ...EXPORT, delete: false });
  await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 2, branches: {} });
  for (let day = 0; day < COMMITS; day += 1) {
    await world.change({ 'people/id=1/a': `version ${String(day)}`, [`stock/${String(day)}`]: 'x' });
    if (day % 8 === 0) await world.lakefs.createBranch('lake', `side-${String(day)}`, await headOf(world));
  }
  return world;
};

/** What lies in the backup bucket. */
const kept = async ({ backups }: ErasureWorld): Promise<readonly (readonly [string, string])[]> => {
  const keys = (await Array.fromAsync(backups.list(''))).map(({ key }) => key);
  return Promise.all(keys.map(async (key) => [key, (await backups.get(key)) ?? ''] as const));
};

/** But for the time from which retention counts. */
const told = ({ retention: _, ...plan }: ErasurePlan): Omit<ErasurePlan, 'retention'> => plan;

/** The time is up when the clock has been looked at so often. */
const within = (world: ErasureWorld, looks: number): ErasureWorld => {
  let looked = 0;
  const start = world.clock.now();
  return { ...world, clock: { ...world.clock, now: () => (looked++ < looks ? start : start + 1) } };
};

const planIn = async (world: ErasureWorld, looks: number): Promise<{ plan: ErasurePlan; calls: number }> => {
  for (let calls = 1; ; calls += 1) {
    const until = world.clock.now() + 1;
    try {
      return { plan: await planErasure(within(world, looks), { repository: 'lake', selection: PERSON, until }), calls };
    } catch (error) {
      if (!isBranchlineError(error, 'BL8607') || calls > 60) throw error;
    }
  }
};

/** Calls of lakeFS by their first argument after the repository. */
const counting = (world: ErasureWorld): { readonly world: ErasureWorld; readonly asked: Map<string, number> } => {
  const asked = new Map<string, number>();
  const note = (what: string): void => void asked.set(what, (asked.get(what) ?? 0) + 1);
  const { lakefs } = world;
  const counted = new Proxy(lakefs, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]) => {
        if (name === 'diff') note(`diff ${String(args[2])}`);
        if (name === 'listObjects' && (args[2] as { prefix?: string }).prefix === '') note(`list ${String(args[1])}`);
        return Reflect.apply(method, target, args) as unknown;
      };
    },
  });
  return { world: { ...world, lakefs: counted }, asked };
};

describe('a plan that takes more than one invocation', () => {
  it('is the one that a single invocation would have made, and leaves nothing behind', async () => {
    const world = await stage();
    const whole = await planErasure(world, { repository: 'lake', selection: PERSON, until: FOREVER });
    expect(whole).toMatchObject({ objects: COMMITS });
    const { plan, calls } = await planIn(world, 60);
    expect(calls).toBeGreaterThan(3);
    expect(told(plan)).toEqual(told(whole));
    expect((await kept(world)).map(([, content]) => content)).toEqual(['{}']);
  });

  it('looks at no commit twice', async () => {
    const { world, asked } = counting(await stage());
    const { calls } = await planIn(world, 60);
    expect(calls).toBeGreaterThan(3);
    const again = [...asked].filter(([what, times]) => times > 1 && !what.startsWith('list side-'));
    // What was under way when the time was up is begun anew: sixteen at a time.
    expect(again.length).toBeLessThanOrEqual(16 * calls);
    expect([...asked.values()].reduce((sum, times) => sum + times, 0)).toBeLessThan(3 * COMMITS);
  });

  it('takes what has come meanwhile into account', async () => {
    const world = await stage();
    const late = (looks: number) =>
      planErasure(within(world, looks), { repository: 'lake', selection: PERSON, until: world.clock.now() + 1 });
    await expect(late(60)).rejects.toMatchObject({ code: 'BL8607' });
    await world.change({ 'people/id=1/b': 'new' });
    await world.lakefs.createBranch('lake', 'copied', await headOf(world));
    await world.lakefs.putObject('lake', 'copied', 'people/id=1/c', bytes('staged'));
    const { plan } = await planIn(world, 200);
    expect(told(plan)).toEqual(
      told(await planErasure(world, { repository: 'lake', selection: PERSON, until: FOREVER })),
    );
    expect(plan.objects).toBe(COMMITS + 2);
  });

  it('goes on in the listing of a commit that is too large for one', async () => {
    const world = await makeErasureWorld();
    await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 2, branches: {} });
    const stock = Array.from({ length: 8000 }, (_, i) => [`stock/${String(i).padStart(5, '0')}`, 'x'] as const);
    await world.change({ 'people/id=1/a': 'first', ...Object.fromEntries(stock), 'zoo/same': 'first' });
    const starts: (string | undefined)[] = [];
    const { listObjects } = world.lakefs;
    const head = await headOf(world);
    world.lakefs.listObjects = (repository, ref, options) => {
      if (ref === head && options.prefix === '') starts.push(options.after);
      return listObjects.call(world.lakefs, repository, ref, options);
    };
    const whole = await planErasure(world, { repository: 'lake', selection: PERSON, until: FOREVER });
    expect(whole).toMatchObject({ objects: 1, alike: { examples: ['zoo/same'] } });
    starts.length = 0;
    const { plan, calls } = await planIn(world, 14);
    expect(told(plan)).toEqual(told(whole));
    expect(calls).toBeGreaterThan(1);
    expect(starts.length).toBe(calls);
    expect(starts.slice(1)).toEqual(starts.slice(1).map(() => expect.stringMatching(/^stock\//)));
  });

  it('goes on in the listing of a destination', async () => {
    const world = await stage();
    for (let file = 0; file < 5000; file += 1)
      world.destination.objects.set(`out/lake/${String(file).padStart(6, '0')}`, { content: 'another' });
    world.destination.objects.set('out/lake/999999', { content: 'version 0', checksum: 'version 0' });
    const whole = await planErasure(world, { repository: 'lake', selection: PERSON, until: FOREVER });
    expect(whole.exports).toMatchObject([{ files: 1 }]);
    const { plan, calls } = await planIn(world, 60);
    expect(calls).toBeGreaterThan(3);
    expect(told(plan)).toEqual(told(whole));
  });
});

describe('an erasure whose looks take more than one invocation', () => {
  it('tells so, comes to its end, and keeps nothing of its looks', async () => {
    const world = await stage();
    const order = {
      action: 'run' as const,
      ...{ repository: 'lake', selection: { prefixes: ['people/id=1/'] }, reason: 'request 1', confirm: 'lake' },
    };
    const { erasure } = (await erase(world, order, FOREVER)) as { erasure: { id: string } };
    await others(world);
    const hurried = within(world, 12);
    await erase(hurried, { action: 'tend' }, world.clock.now() + 1);
    const waiting = await world.erasures.get('lake', erasure.id);
    expect(waiting?.waits?.for).toEqual([expect.stringContaining('the same request goes on from there')]);
    expect(await world.backups.get(`lake/${erasure.id}/looked.json`)).toBeDefined();
    expect(await toTheEnd(world)).toMatchObject({ state: 'DONE', proof: { gone: COMMITS, left: 0 } });
    const files = new Map(await kept(world));
    expect([...files.keys()].sort()).toEqual(
      ['looked', 'objects', 'report'].map((name) => `lake/${erasure.id}/${name}.json`),
    );
    expect(files.get(`lake/${erasure.id}/looked.json`)).toBe('{}');
  });
});

/** The destination is whole where the marker is: exactly what the commit holds that the marker names, whatever died or crossed. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { EXPORT_ENGINES, type ExportConfig, type ExportEngine } from '../../lambdas/contract.ts';
import { isBranchlineError } from '../../lambdas/domain/errors.ts';
import { EXPORT_LEASE_MS, MARKER } from '../../lambdas/domain/export.ts';
import { copyPlanned } from '../../lambdas/usecases/copy-chunk.ts';
import { type ExportOrder, runExport } from '../../lambdas/usecases/run-export.ts';
import { contentOf, EXPORT, type ExportWorld, expectedOf, makeExportWorld } from '../fakes/exports.ts';
import { Died, dying, interleaved } from './dying.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 4;
const PORTS = ['lakefs', 'ledger', 'destination', 'exports', 'exportMaps', 'exportJobs'] as const;
const FOREVER = Number.POSITIVE_INFINITY;
/** Of a chunk, so that short stories have several. */
const SIZE = 2;
/** Everything, and what is above two objects, by many workers. */
const spread = (aboveObjects: number, scale: Partial<ExportConfig['scale']> = {}): Partial<ExportConfig> => ({
  scale: {
    ...{ engine: 'map', aboveObjects, aboveBytes: 1e9, chunkObjects: 2, concurrency: 3, toleratedFailurePercent: 10 },
    ...scale,
  },
});

const PATHS = [
  ...['sales/dt=1/a', 'sales/dt=1/b', 'sales/dt=2/a', 'sales/dt=2/_SUCCESS', 'sales/dt=3/', 'sales/top'],
  ...['stock/a', 'stock/b', 'stock/c', 'notes/a~', 'notes/a', 'notes/ab', 'notes/é', '_branchline/x'],
] as const;

const SHAPES: readonly Partial<ExportConfig>[] = [
  {},
  { delete: false },
  { scopes: [{ path: 'sales/', to: 'sold/', partitionColumns: ['dt'] }] },
  {
    scopes: [
      { path: 'notes/', to: 'notes/' },
      { path: 'stock/', to: 'stock/' },
    ],
  },
  spread(0),
  { delete: false, ...spread(2) },
  { scopes: [{ path: 'sales/', to: 'sold/', partitionColumns: ['dt'] }], ...spread(2) },
  spread(0, { engine: 'spark' }),
  { delete: false, ...spread(1, { engine: 'auto', sparkAboveObjects: 4 }) },
];

type Step =
  | { readonly does: 'change'; readonly writes: readonly string[]; readonly removes: readonly string[] }
  | { readonly does: 'roll-back'; readonly to: number }
  | { readonly does: 'export'; readonly dies?: number | undefined; readonly after: boolean; readonly stops: boolean }
  | { readonly does: 'two-exports'; readonly dice: readonly number[] }
  /** Some workers do their chunks, one of them dies; then state machine or job may say that it is over. */
  | {
      readonly does: 'work';
      readonly chunks: readonly number[];
      readonly dies?: number | undefined;
      readonly after: boolean;
      readonly hurries: boolean;
      readonly ends: boolean;
    }
  /** A deployment has large changes copied by something else. */
  | { readonly does: 'choose-engine'; readonly engine: ExportEngine }
  | { readonly does: 'edit'; readonly what: number; readonly which: number }
  | { readonly does: 'forget' | 'wait' };

const path = fc.constantFrom(...PATHS);
const stepsWith = (edits: boolean): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
      {
        weight: 5,
        arbitrary: fc.record({
          does: fc.constant('change' as const),
          writes: fc.uniqueArray(path, { maxLength: 5 }),
          removes: fc.uniqueArray(path, { maxLength: 3 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('roll-back' as const), to: fc.nat(9) }) },
      {
        weight: 5,
        arbitrary: fc.record({
          does: fc.constant('export' as const),
          dies: fc.option(fc.nat(30), { nil: undefined, freq: 2 }),
          after: fc.boolean(),
          stops: fc.boolean(),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          does: fc.constant('two-exports' as const),
          dice: fc.array(fc.nat(1), { minLength: 4, maxLength: 60 }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          does: fc.constant('work' as const),
          chunks: fc.array(fc.nat(9), { maxLength: 5 }),
          dies: fc.option(fc.nat(12), { nil: undefined, freq: 2 }),
          after: fc.boolean(),
          hurries: fc.boolean(),
          ends: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('wait' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          does: fc.constant('choose-engine' as const),
          engine: fc.constantFrom(...EXPORT_ENGINES),
        }),
      },
      ...(edits
        ? [
            {
              weight: 2,
              arbitrary: fc.record({ does: fc.constant('edit' as const), what: fc.nat(2), which: fc.nat(9) }),
            },
            { weight: 1, arbitrary: fc.record({ does: fc.constant('forget' as const) }) },
          ]
        : []),
    ),
    { minLength: 1, maxLength: 14 },
  );

const run = async (ports: ExportWorld, order: Partial<ExportOrder> = {}): Promise<string> => {
  try {
    return (await runExport(ports, { name: 'plain', until: FOREVER, ...order }, SIZE)).outcome;
  } catch (error) {
    if (error instanceof Died || isBranchlineError(error, 'BL4003')) return 'died';
    throw error;
  }
};

/** The time is up at the second look after the start. */
const hurried = (world: ExportWorld): ExportWorld => {
  const start = world.clock.now();
  let looks = 0;
  return { ...world, clock: { ...world.clock, now: () => (looks++ < 4 ? start : start + 1) } };
};

/** Chunks that lie there, of any run that had any. */
const chunksOf = (world: ExportWorld): readonly string[] =>
  [...world.destination.objects.keys()]
    .filter((at) => at.includes('/todo/'))
    .map((at) => at.slice(at.indexOf('/') + 1));

/** As the state machine invokes it, or a task of Spark does; what fails is tried again by somebody later. */
const work = async (ports: ExportWorld, key: string, until: number): Promise<void> => {
  const run = /exports\/([^/]+)\/todo\//.exec(key)?.[1] ?? '';
  const record = ports.exports.entries.get('plain');
  if (record?.run?.execution?.engine === 'spark' && !hasOrder(ports, run)) return;
  try {
    await copyPlanned(ports, { export: 'plain', run, key, until });
  } catch (error) {
    if (!(error instanceof Died) && !isBranchlineError(error, 'BL8111', 'BL9003', 'BL9004')) throw error;
  }
};

const hasOrder = ({ destination }: ExportWorld, run: string): boolean =>
  [...destination.objects.keys()].some((at) => at.includes(`/${run}/spark/`) && at.endsWith('.json'));

const endMaps = (world: ExportWorld): void => {
  for (const engine of [world.exportMaps, world.exportJobs])
    for (const name of engine.executions.keys()) engine.end(name, world.clock.now(), 'FAILED');
};

/** A state machine that works: it hands out what is there, and wakes the export. */
const finish = async (world: ExportWorld, order: Partial<ExportOrder> = {}): Promise<string> => {
  for (let rounds = 0; ; rounds += 1) {
    const outcome = await run(world, rounds === 0 ? order : {});
    if (outcome !== 'waiting' && outcome !== 'failed' && outcome !== 'busy') return outcome;
    if (rounds > 20) throw new Error(`it does not come to an end: ${outcome}`);
    if (outcome === 'busy') world.clock.advance(EXPORT_LEASE_MS + 1);
    const engines = [world.exportMaps, world.exportJobs];
    const isAsked = engines.some(({ executions }) =>
      [...executions.values()].some(({ state }) => state.state === 'running'),
    );
    if (isAsked) for (const key of chunksOf(world)) await work(world, key, FOREVER);
    endMaps(world);
    if (outcome === 'busy') return finish(world, order);
    world.clock.advance(EXPORT_LEASE_MS + 1);
  }
};

const edit = (world: ExportWorld, what: number, which: number): void => {
  const { objects } = world.destination;
  const [at, stored] = [...objects][which % Math.max(1, objects.size)] ?? [];
  if (what === 0 && at !== undefined) objects.delete(at);
  if (what === 1 && at !== undefined && stored !== undefined && !at.includes('_branchline/'))
    objects.set(at, { content: `${stored.content}!` });
  if (what === 2) objects.set(`out/lake/stray-${String(which)}`, { content: 'stray' });
};

const markedCommit = (world: ExportWorld, { bucket, prefix }: ExportConfig): string | undefined => {
  const marker = world.destination.objects.get(`${bucket}/${prefix}${MARKER}`);
  return marker === undefined ? undefined : (JSON.parse(marker.content) as { commit: string }).commit;
};

const checkMarked = (world: ExportWorld, config: ExportConfig): void => {
  const commit = markedCommit(world, config);
  if (commit === undefined) return;
  const expected = expectedOf(world, config, commit);
  if (config.delete) expect(contentOf(world, config)).toEqual(expected);
  else expect(contentOf(world, config)).toMatchObject(expected);
};

const checkExported = async (world: ExportWorld, config: ExportConfig): Promise<void> => {
  const commit = (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit ?? '';
  const expected = expectedOf(world, config, commit);
  if (config.delete) expect(contentOf(world, config)).toEqual(expected);
  else expect(contentOf(world, config)).toMatchObject(expected);
  expect(markedCommit(world, config)).toBeDefined();
  expect(world.exports.entries.get('plain')).toMatchObject({ commit });
};

const play = async (
  world: ExportWorld,
  story: readonly Step[],
  look: (outcome: string | undefined) => Promise<void> | void,
): Promise<void> => {
  const commits: string[] = [];
  let serial = 0;
  for (const step of story) {
    let outcome: string | undefined;
    switch (step.does) {
      case 'change': {
        // Now and then an empty file, which readers of a table do not see.
        const content = (each: string): string =>
          each.endsWith('/') || serial++ % 5 === 4 ? '' : `content ${String(serial)}`;
        const writes = step.writes.map((each) => [each, content(each)]);
        const removes = step.removes.map((each) => [each, null]);
        commits.push(await world.change(Object.fromEntries([...removes, ...writes])));
        break;
      }
      case 'roll-back': {
        const to = commits[step.to % Math.max(1, commits.length)];
        if (to !== undefined) commits.push(await world.rollBack(to));
        break;
      }
      case 'export': {
        const fault = step.dies === undefined ? undefined : { at: step.dies, after: step.after };
        const ports = dying(step.stops ? hurried(world) : world, PORTS, undefined, fault);
        outcome = await run(ports, step.stops ? { until: world.clock.now() + 1 } : {});
        break;
      }
      case 'two-exports':
        await interleaved(2, step.dice, (turn) => run(dying(world, PORTS, turn)));
        break;
      case 'work': {
        const chunks = chunksOf(world);
        const some = [...new Set(step.chunks.map((which) => chunks[which % Math.max(1, chunks.length)] ?? ''))];
        const fault = step.dies === undefined ? undefined : { at: step.dies, after: step.after };
        const ports = dying(step.hurries ? hurried(world) : world, PORTS, undefined, fault);
        const until = step.hurries ? world.clock.now() + 1 : FOREVER;
        for (const key of some) if (key !== '') await work(ports, key, until);
        if (step.ends) endMaps(world);
        break;
      }
      case 'choose-engine': {
        const [config] = world.exportConfigs;
        if (config?.scale === undefined) break;
        const scale = { ...config.scale, engine: step.engine, sparkAboveObjects: 4 };
        world.exportConfigs = [{ ...config, scale }];
        break;
      }
      case 'edit':
        edit(world, step.what, step.which);
        break;
      case 'forget':
        world.exports.entries.clear();
        break;
      case 'wait':
        world.clock.advance(EXPORT_LEASE_MS + 1);
        break;
    }
    await look(outcome);
  }
};

it('leaves a chunk alone that is still planned: it may be planned anew with other copies', async () => {
  const config = { ...EXPORT, delete: false, ...spread(1) };
  const world = await makeExportWorld(config);
  await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b', 'notes/ab': 'c', 'stock/b': 'd', 'stock/c': 'e' });
  // Planning dies after its first chunk, before the ledger knows of it.
  const story: readonly Step[] = [
    { does: 'export', dies: 18, after: false, stops: false },
    { does: 'work', chunks: [0], dies: undefined, after: false, hurries: false, ends: false },
    { does: 'wait' },
  ];
  let planned = 0;
  await play(world, story, () => {
    planned = Math.max(planned, chunksOf(world).length);
  });
  expect(planned).toBeGreaterThan(0);
  expect(chunksOf(world)).toHaveLength(planned);
  expect(await finish(world)).toBe('exported');
  await checkExported(world, config);
});

it.each(SHAPES)('holds what the marker says at every moment, and the newest commit when it ends: %j', async (shape) => {
  await fc.assert(
    fc.asyncProperty(stepsWith(false), async (story) => {
      const config = { ...EXPORT, ...shape };
      const world = await makeExportWorld(config);
      await world.change({ 'sales/dt=0/first': 'first' });
      await play(world, story, async (outcome) => {
        checkMarked(world, config);
        if (outcome === 'exported' || outcome === 'up-to-date') await checkExported(world, config);
      });
      // When everything has calmed down, a few wake-ups bring it to the end.
      world.clock.advance(EXPORT_LEASE_MS + 1);
      expect(['exported', 'up-to-date']).toContain(await finish(world));
      await checkExported(world, config);
      expect(await run(world)).toBe('up-to-date');
    }),
    { numRuns: RUNS },
  );
});

/** What consumers may read, by key. */
const plainKeys = ({ destination }: ExportWorld): readonly string[] =>
  [...destination.objects.keys()].filter((at) => !at.includes('/_branchline/'));

it.each(SHAPES.filter((shape) => shape.delete === false))(
  'deletes nothing, ever, where it is not to: %j',
  async (shape) => {
    await fc.assert(
      fc.asyncProperty(stepsWith(false), async (story) => {
        const world = await makeExportWorld({ ...EXPORT, ...shape });
        const seen = new Set<string>();
        const look = (): void => {
          const there = new Set(plainKeys(world));
          for (const key of seen) expect(there).toContain(key);
          for (const key of there) seen.add(key);
        };
        await world.change({ 'sales/dt=0/first': 'first' });
        await play(world, story, look);
        world.clock.advance(EXPORT_LEASE_MS + 1);
        await finish(world);
        look();
        // By a comparison neither, which finds everything that is left there.
        await finish(world, { compare: true });
        look();
      }),
      { numRuns: RUNS },
    );
  },
);

/** Everything below the destination but the time at which it was written. */
const everything = ({ destination }: ExportWorld): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...destination.objects]
      .map(([at, { content }]) => [at, content.replace(/"endedAt": "[^"]+"/, '')] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** The first export and a second one that copies, replaces and removes; only the second one is struck. */
const secondExport = async (shape: Partial<ExportConfig>): Promise<ExportWorld> => {
  const world = await makeExportWorld({ ...EXPORT, ...shape });
  await world.change({ 'sales/dt=1/a': 'old', 'sales/dt=1/b': 'old', 'stock/a': 'old', 'stock/b': 'kept' });
  await finish(world);
  await world.change({ 'sales/dt=1/a': 'new', 'sales/dt=1/b': null, 'sales/dt=2/a': 'new', 'stock/c': 'new' });
  return world;
};

it.each(SHAPES)('gives the same, manifests too, whichever single call it or a worker dies at: %j', async (shape) => {
  const whole = await secondExport(shape);
  await finish(whole);
  const wanted = everything(whole);
  let strikes = 0;
  for (const after of [false, true]) {
    for (let at = 0; ; at += 1) {
      const world = await secondExport(shape);
      // Counted over the function and its workers alike.
      const struck = dying(world, PORTS, undefined, { at, after });
      let hasDied = (await run(struck)) === 'died';
      for (const key of chunksOf(world)) {
        if (hasDied) break;
        await copyPlanned(struck, {
          ...{ export: 'plain', run: /exports\/([^/]+)\/todo\//.exec(key)?.[1] ?? '', key, until: FOREVER },
        }).catch((error: unknown) => {
          if (!(error instanceof Died)) throw error;
          hasDied = true;
        });
      }
      if (!hasDied) break;
      strikes += 1;
      world.clock.advance(EXPORT_LEASE_MS + 1);
      endMaps(world);
      world.clock.advance(EXPORT_LEASE_MS + 1);
      await finish(world);
      expect(everything(world), `after call ${String(at)}`).toEqual(wanted);
      expect(await run(world)).toBe('up-to-date');
    }
  }
  expect(strikes).toBeGreaterThan(20);
});

it('is brought back by a comparison, whatever people did at the destination or to the ledger', async () => {
  await fc.assert(
    fc.asyncProperty(stepsWith(true), fc.constantFrom(...SHAPES), async (story, shape) => {
      const config = { ...EXPORT, ...shape };
      const world = await makeExportWorld(config);
      await world.change({ 'sales/dt=0/first': 'first' });
      await play(world, story, () => undefined);
      world.clock.advance(EXPORT_LEASE_MS + 1);
      endMaps(world);
      world.clock.advance(EXPORT_LEASE_MS + 1);
      expect(await finish(world, { compare: true, adopt: true })).toBe('exported');
      await checkExported(world, config);
      expect(await run(world)).toBe('up-to-date');
    }),
    { numRuns: RUNS },
  );
});

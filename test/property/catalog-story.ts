/** What may happen to a published target, as data: changes, rollbacks, refreshes that die or cross, people who edit Glue. */
import * as fc from 'fast-check';
import type { CatalogPorts, Publisher } from '../../lambdas/catalog-ports.ts';
import { keyOfValues } from '../../lambdas/domain/catalog/plan.ts';
import { PUBLICATION_LEASE_MS } from '../../lambdas/domain/catalog/publication.ts';
import { MANIFEST_GRACE_MS } from '../../lambdas/domain/catalog/unnamed.ts';
import { isBranchlineError } from '../../lambdas/domain/errors.ts';
import { cleanManifests } from '../../lambdas/usecases/clean-manifests.ts';
import { symlinkPublisher } from '../../lambdas/usecases/publish-partitions.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import type { CatalogWorld } from '../fakes/catalog.ts';

const PLACES = [
  ...['sales/dt=1/a', 'sales/dt=1/b', 'sales/dt=2/a', 'sales/dt=a b/a', 'sales/dt=a%20b/a', 'sales/dt=3/deep/a'],
  ...['sales/dt=1/_SUCCESS', 'sales/dt=4/_temporary/a', 'sales/dt=4/.a.crc', 'sales/astray', 'notes/a'],
  ...['deep/dt=1/hh=1/a', 'deep/dt=1/hh=2/a', 'deep/dt=2/hh=1/a', 'deep/dt=2/a', 'stock/a', 'stock/b', 'stock/_x/a'],
] as const;
const PATH = fc.constantFrom(...PLACES);

export type Step =
  | {
      readonly does: 'change';
      readonly writes: readonly string[];
      readonly removes: readonly string[];
      readonly empty: boolean;
    }
  | { readonly does: 'roll-back'; readonly to: number }
  | {
      readonly does: 'refresh';
      readonly dies?: number | undefined;
      readonly after: boolean;
      readonly stopsAfter?: number | undefined;
    }
  | { readonly does: 'two-refreshes'; readonly dice: readonly number[]; readonly cleans: boolean }
  | { readonly does: 'clean'; readonly dies?: number | undefined; readonly after: boolean }
  | { readonly does: 'a-day-passes' }
  | { readonly does: 'edit'; readonly what: number; readonly which: number }
  | { readonly does: 'wait' };

const changeOf = (path: fc.Arbitrary<string>) =>
  fc.record({
    does: fc.constant('change' as const),
    writes: fc.uniqueArray(path, { maxLength: 4 }),
    removes: fc.uniqueArray(path, { maxLength: 2 }),
    empty: fc.boolean(),
  });
const refresh = fc.record({
  does: fc.constant('refresh' as const),
  dies: fc.option(fc.nat(30), { nil: undefined, freq: 2 }),
  after: fc.boolean(),
  stopsAfter: fc.option(fc.nat(8), { nil: undefined, freq: 3 }),
});

/** @param more paths that are written and removed too. */
export const steps = (edits: boolean, more: readonly string[] = []): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: changeOf(
          more.length === 0 ? PATH : fc.oneof<fc.Arbitrary<string>[]>(PATH, fc.constantFrom(...more)),
        ),
      },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('roll-back' as const), to: fc.nat(9) }) },
      { weight: 4, arbitrary: refresh },
      {
        weight: 1,
        arbitrary: fc.record({
          does: fc.constant('two-refreshes' as const),
          dice: fc.array(fc.nat(1), { minLength: 4, maxLength: 60 }),
          cleans: fc.boolean(),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          does: fc.constant('clean' as const),
          dies: fc.option(fc.nat(20), { nil: undefined, freq: 3 }),
          after: fc.boolean(),
        }),
      },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('a-day-passes' as const) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('wait' as const) }) },
      ...(edits
        ? [
            {
              weight: 2,
              arbitrary: fc.record({ does: fc.constant('edit' as const), what: fc.nat(3), which: fc.nat(9) }),
            },
          ]
        : []),
    ),
    { minLength: 1, maxLength: 14 },
  );

/** What the story is told about: a kind of table, what its files hold, and what people do to it. */
export interface Kit {
  readonly publisher: Publisher;
  content(serial: number, path: string): string | Uint8Array;
  edit(world: CatalogWorld, what: number, which: number): void;
}

class Died extends Error {}

/** What asks nobody. */
const NO_CALLS: readonly (string | symbol)[] = ['uri', 'keyOf', 'recall'];

/** Ports whose calls are counted, may die before or after they took effect, and wait for their turn. */
const guarded = (
  world: CatalogWorld,
  turn: () => Promise<void>,
  fault?: { at: number; after: boolean },
): CatalogPorts => {
  let calls = 0;
  let isDead = false;
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function' || NO_CALLS.includes(name))
          return typeof method === 'function' ? method.bind(target) : method;
        const isListing = /^(list|diff|log)/.test(String(name));
        const call = async (): Promise<unknown> => {
          await turn();
          const dies = isDead || calls === fault?.at;
          calls += 1;
          if (dies) isDead = true;
          if (dies && fault?.after !== true) throw new Died();
          const answer = isListing
            ? await collect(Reflect.apply(method, target, args))
            : await Reflect.apply(method, target, args);
          if (dies) throw new Died();
          return answer;
        };
        let args: unknown[] = [];
        return (...given: unknown[]) => {
          args = given;
          return isListing ? later(call as () => Promise<unknown[]>) : call();
        };
      },
    });
  const { lakefs, ledger, catalog, manifests, iceberg, publications } = world;
  return {
    ...world,
    lakefs: wrap(lakefs),
    ledger: wrap(ledger),
    catalog: wrap(catalog),
    manifests: wrap(manifests),
    iceberg: wrap(iceberg),
    publications: wrap(publications),
  };
};

const collect = async (items: AsyncIterable<unknown>): Promise<unknown[]> => Array.fromAsync(items);
async function* later(call: () => Promise<unknown[]>): AsyncIterable<unknown> {
  yield* await call();
}

const run = async (ports: CatalogPorts, { publisher }: Kit, until = Number.POSITIVE_INFINITY): Promise<string> => {
  try {
    return (await refreshCatalog(ports, { repository: 'lake', target: 'main', until }, publisher)).outcome;
  } catch (error) {
    // A twin that lost the entry to another says so; everything else is a fault.
    if (error instanceof Died || isBranchlineError(error, 'BL4003')) return 'died';
    throw error;
  }
};

const clean = async (ports: CatalogPorts): Promise<void> => {
  try {
    await cleanManifests(ports, { until: Number.POSITIVE_INFINITY });
  } catch (error) {
    if (!(error instanceof Died || isBranchlineError(error, 'BL4003'))) throw error;
  }
};

/** Two refreshes, or a refresh and a clean-up. */
const together = async (world: CatalogWorld, kit: Kit, dice: readonly number[], cleans: boolean): Promise<void> => {
  const waiting: (() => void)[] = [];
  let left = 2;
  const turn = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  for (let i = 0; i < 2; i += 1) {
    const ports = guarded(world, turn);
    void (i === 1 && cleans ? clean(ports) : run(ports, kit)).finally(() => {
      left -= 1;
    });
  }
  for (let at = 0; left > 0; at += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    waiting.splice((dice[at % dice.length] ?? 0) % Math.max(1, waiting.length), 1)[0]?.();
  }
};

const edit = (world: CatalogWorld, what: number, which: number): void => {
  const partitions = world.catalog.of('db', which % 2 === 0 ? 'sales' : 'deep');
  const found = [...partitions][which % Math.max(1, partitions.size)];
  if (what === 0 && found !== undefined) partitions.delete(found[0]);
  if (what === 1 && found !== undefined) partitions.set(found[0], { ...found[1], location: 's3://elsewhere/' });
  if (what === 2 && found !== undefined) {
    const values = found[1].values.map(() => 'edited');
    partitions.set(keyOfValues(values), { ...found[1], values });
  }
  const key = [...world.manifests.objects.keys()][which % Math.max(1, world.manifests.objects.size)];
  if (what === 3 && key !== undefined) world.manifests.objects.delete(key);
};

export const SYMLINKS: Kit = {
  // A partition at a time, so that the time is up, or the end comes, between two of a table.
  publisher: symlinkPublisher({ partitions: 1, files: 1000 }),
  content: (serial) => `content ${String(serial)}`,
  edit,
};

/** @param look called after each step. */
export const play = async (
  world: CatalogWorld,
  story: readonly Step[],
  look: (outcome: string | undefined) => Promise<void> | void,
  kit: Kit = SYMLINKS,
): Promise<void> => {
  const commits: string[] = [];
  let serial = 0;
  // Contents are all different: lakeFS takes two uploads of the same content for one object.
  const write = (paths: readonly string[], empty: boolean): Record<string, string | Uint8Array> =>
    Object.fromEntries(
      paths.map((path, i) => {
        serial += 1;
        return [path, empty && i === 0 ? '' : kit.content(serial, path)];
      }),
    );
  for (const step of story) {
    let outcome: string | undefined;
    switch (step.does) {
      case 'change':
        commits.push(
          await world.change({
            ...Object.fromEntries(step.removes.map((path) => [path, null])),
            ...write(step.writes, step.empty),
          }),
        );
        break;
      case 'roll-back': {
        const to = commits[step.to % Math.max(1, commits.length)];
        if (to !== undefined) commits.push(await world.rollBack(to));
        break;
      }
      case 'refresh': {
        const fault = step.dies === undefined ? undefined : { at: step.dies, after: step.after };
        const start = world.clock.now();
        let looks = 0;
        // A time that is up after so many looks at the clock, as if each took a millisecond.
        const until = step.stopsAfter === undefined ? Number.POSITIVE_INFINITY : start + step.stopsAfter;
        const ports = guarded(world, async () => undefined, fault);
        const clock = { now: () => (step.stopsAfter === undefined ? start : start + looks++) };
        outcome = await run({ ...ports, clock }, kit, until);
        break;
      }
      case 'two-refreshes':
        await together(world, kit, step.dice, step.cleans);
        break;
      case 'clean': {
        const fault = step.dies === undefined ? undefined : { at: step.dies, after: step.after };
        await clean(guarded(world, async () => undefined, fault));
        break;
      }
      case 'a-day-passes':
        world.clock.advance(MANIFEST_GRACE_MS + 600_000);
        break;
      case 'edit':
        kit.edit(world, step.what, step.which);
        break;
      case 'wait':
        world.clock.advance(PUBLICATION_LEASE_MS + 1_000);
        break;
    }
    await look(outcome);
  }
};

/** What may happen to a target that is rolled back, as data, and how it is played. */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { ROLLBACK_BRANCH_PREFIX } from '../../lambdas/contract.ts';
import { isBranchlineError } from '../../lambdas/domain/errors.ts';
import { findMerge } from '../../lambdas/domain/history.ts';
import { ROLLBACK_LEASE_MS, type Rollback } from '../../lambdas/domain/rollback.ts';
import type { Run } from '../../lambdas/domain/run.ts';
import type { RollbackRequest } from '../../lambdas/payloads.ts';
import type { RollbackPorts } from '../../lambdas/rollback-ports.ts';
import { continueRollbacks } from '../../lambdas/usecases/continue-rollbacks.ts';
import { rollBack } from '../../lambdas/usecases/rollback.ts';
import { text } from '../fakes/ports.ts';
import type { RollbackWorld } from '../fakes/rollback-world.ts';
import { drain, entry, finish, headOf, reconcileNow, start } from '../unit/usecases/stage.ts';
import { Crash, type Fault, Gate } from './gate.ts';

const FOREVER = Number.MAX_SAFE_INTEGER;

const PLACES = [
  'sales/dt=1/{n}',
  'sales/dt=1/shared',
  'sales/dt=2/{n}',
  'stock/{n}',
  'log/dt=1/{n}',
  'notes/{n}',
] as const;

export type Deed =
  | { readonly does: 'run'; readonly places: readonly number[]; readonly late: boolean }
  | { readonly does: 'merge by hand'; readonly place: number }
  | {
      readonly does: 'roll back';
      readonly pick: number;
      readonly part: 'all' | 'sales' | 'sales/dt=1/' | 'stock';
      readonly faults: readonly (readonly [call: number, fault: Fault])[];
      readonly byReconcile: boolean;
    }
  | { readonly does: 'undo'; readonly pick: number; readonly restore: boolean; readonly fault: number };

const fault: fc.Arbitrary<Fault> = fc.constantFrom('crash-before', 'crash-after', 'unreachable-after');
export const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('run' as const),
      places: fc.uniqueArray(fc.nat(PLACES.length - 1), { minLength: 1, maxLength: 3 }),
      late: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('merge by hand' as const), place: fc.nat(PLACES.length - 1) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('roll back' as const),
      pick: fc.nat(20),
      part: fc.constantFrom('all', 'all', 'sales', 'sales/dt=1/', 'stock'),
      faults: fc.array(fc.tuple(fc.nat(60), fault), { maxLength: 2 }),
      byReconcile: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('undo' as const),
      pick: fc.nat(9),
      restore: fc.boolean(),
      fault: fc.nat(80),
    }),
  },
);

/** Ports of which every call may be the last. */
const guarded = (world: RollbackWorld, gate: Gate): RollbackPorts => ({
  ...world,
  ...gate.guard(world),
  rollbacks: gate.guardOne(world.rollbacks),
});

/** The same request until it ends, as a person or reconcile would send it. */
const persist = async (
  world: RollbackWorld,
  request: RollbackRequest,
  faults: readonly (readonly [number, Fault])[],
  byReconcile: boolean,
): Promise<Rollback | 'refused'> => {
  const gate = new Gate(new Map(faults));
  for (let tries = 0; tries < 8; tries += 1) {
    let ended: Rollback | 'refused' | undefined;
    await gate.run(
      [
        async () => {
          try {
            const { outcome, rollback } = await rollBack(guarded(world, gate), request, FOREVER);
            if (outcome === 'rolled-back' || outcome === 'nothing-to-do') ended = rollback;
          } catch (error) {
            if (error instanceof Crash || isBranchlineError(error, 'BL3001', 'BL4003')) return;
            if (!isBranchlineError(error, 'BL1005', 'BL2020', 'BL2015', 'BL2022')) throw error;
            ended = 'refused';
          }
        },
      ],
      () => 0,
    );
    if (ended !== undefined) return ended;
    world.clock.advance(ROLLBACK_LEASE_MS + 1);
    if (byReconcile) await continueRollbacks(world, FOREVER);
  }
  throw new Error('it never ends');
};

const listing = (world: RollbackWorld, ref: string, prefix = ''): string[] =>
  [...world.lakefs.tree('lake', ref)]
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, { content }]) => `${path}=${content}`)
    .sort();

const unless = (world: RollbackWorld, ref: string, prefixes: readonly string[]): string[] =>
  listing(world, ref).filter((line) => !prefixes.some((prefix) => line.startsWith(prefix)));

const PREFIX = { all: undefined, sales: 'sales/', 'sales/dt=1/': 'sales/dt=1/', stock: 'stock/' } as const;

/** A job with bookmarks waits for its earlier run. */
const begun = async (world: RollbackWorld, job: string): Promise<Run | undefined> => {
  try {
    return await start(world, job);
  } catch (error) {
    if (isBranchlineError(error, 'BL2008')) return undefined;
    throw error;
  }
};

/** @param look called after each rollback that ended as it was asked to. */
export const play = async (
  world: RollbackWorld,
  deeds: readonly Deed[],
  look: (rollback: Rollback) => Promise<void> = async () => undefined,
): Promise<void> => {
  const place = { repository: 'lake', target: 'main', requestedBy: 'anna' } as const;
  let serial = 0;
  const late: (() => Promise<unknown>)[] = [];
  for (const step of deeds) {
    serial += 1;
    const n = String(serial);
    const before = world.lakefs.firstParentLog('lake', 'main').map(({ id }) => id);
    if (step.does === 'run') {
      const run = await begun(world, serial % 2 === 0 ? 'job-a' : 'job-b');
      if (run === undefined) continue;
      for (const at of step.places) {
        await world.lakefs.putObject('lake', run.branch, (PLACES[at] ?? '').replace('{n}', n), text(`by ${n}`));
      }
      if (step.late) late.push(() => finish(world, run));
      else await finish(world, run);
      await drain(world);
    } else if (step.does === 'merge by hand') {
      const name = `hand-${n}`;
      await world.lakefs.createBranch('lake', name, headOf(world));
      await world.lakefs.putObject('lake', name, (PLACES[step.place] ?? '').replace('{n}', n), text(`hand ${n}`));
      const made = await world.lakefs.commit('lake', name, { message: name, metadata: {} });
      if (made.outcome === 'committed')
        await world.lakefs.merge('lake', made.commit.id, 'main', { message: name, metadata: {} });
      await late.shift()?.();
      await drain(world);
    } else if (step.does === 'roll back') {
      const to = before[step.pick % before.length] ?? '';
      const prefix = PREFIX[step.part];
      const request = {
        action: 'roll-back',
        ...place,
        to,
        ...(prefix === undefined ? {} : { prefixes: [prefix] }),
      } as const;
      const head = headOf(world);
      const ended = await persist(world, request, step.faults, step.byReconcile);
      expect(ended).not.toBe('refused');
      if (ended === 'refused') continue;
      const now = ended.mergeCommit ?? headOf(world);
      expect(listing(world, now, prefix), 'I6: it equals the state').toEqual(listing(world, to, prefix));
      if (prefix !== undefined) {
        expect(unless(world, now, [prefix]), 'I6: nothing else moved').toEqual(unless(world, head, [prefix]));
      }
      await look(ended);
    } else {
      const runs = [...world.ledger.runs.values()].filter(({ state }) => state === 'PROMOTED');
      const run = runs[step.pick % Math.max(1, runs.length)];
      if (run === undefined) continue;
      const { runId, attempt } = run;
      const request = { action: 'undo-run', ...place, runId, attempt, restorePartitions: step.restore } as const;
      const ended = await persist(world, request, [[step.fault, 'crash-after']], false);
      if (ended !== 'refused' && ended.state === 'DONE') {
        expect((await entry(world, run)).state, 'the run is undone').toBe('ROLLED_BACK');
        await look(ended);
      }
    }
    const log = world.lakefs.firstParentLog('lake', 'main').map(({ id }) => id);
    expect(log.slice(-before.length), 'I6: history is kept').toEqual(before);
  }
  for (const end of late) await end();
  await drain(world);
};

/** What the ledger says of runs is what the log says, nothing is held or left lying about. */
export const checkEnd = async (world: RollbackWorld): Promise<void> => {
  for (let i = 0; i < 3; i += 1) {
    world.clock.advance(20 * 60_000);
    await continueRollbacks(world, FOREVER);
    await reconcileNow(world);
    await drain(world);
  }
  const log = world.lakefs.firstParentLog('lake', 'main');
  for (const run of world.ledger.runs.values()) {
    if (run.state !== 'PROMOTED' && run.state !== 'ROLLED_BACK') continue;
    const scope = world.ledger.changes.get(run.runId)?.partitions;
    const merged = findMerge(log, run.runCommit ?? '', scope);
    expect(merged?.inForce, `${run.runId} is ${run.state}`).toBe(run.state === 'PROMOTED');
  }
  const target = await world.ledger.getTarget('lake', 'main');
  expect(target?.hold, 'the hold is given back').toBeUndefined();
  if (target?.blocked === undefined) expect(target?.verifiedCommit).toBe(log[0]?.id);
  for (const rollback of world.rollbacks.entries.values()) {
    expect(['DONE', 'UNCHANGED', 'REFUSED', 'DRY_RUN'], rollback.id).toContain(rollback.state);
  }
  const left = world.lakefs.branchNames('lake').filter((name) => name.startsWith(ROLLBACK_BRANCH_PREFIX));
  expect(left, 'no scratch branch is left').toEqual([]);
};

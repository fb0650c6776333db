/**
 * What happens in a story: runs that open, write and end, some of them more than once; events about them that are early, late,
 * doubled or lost; people who meddle; functions that die and servers that are away. `teller.ts` plays it.
 */
import * as fc from 'fast-check';
import { ON_CONFLICT, type OnConflict } from '../../lambdas/contract.ts';
import type { Fault, Outage } from './gate.ts';

/** Where runs write: a small pool, so that they meet. `{run}` keeps file names apart; the others are shared. */
export const PLACES = [
  'sales/dt=1/{run}.parquet',
  'sales/dt=2/{run}.parquet',
  // Unpartitioned; partitioned, but overwritten as a whole; append-only; no table.
  'stock/{run}.parquet',
  'dims/dt=1/{run}.parquet',
  'dims/dt=2/{run}.parquet',
  'log/dt=1/{run}.parquet',
  'notes/{run}.txt',
  'sales/dt=1/shared.parquet',
  'log/dt=1/shared.parquet',
  'sales/_SUCCESS',
  'sales/_temporary/0/{run}.part',
] as const;

export const JOBS = ['job-a', 'job-b', 'job-bookmarks'] as const;

export interface PlannedRun {
  readonly job: (typeof JOBS)[number];
  /** By start-run, or by something else, and then claimed by its job: through claim-run, or by an object on its branch. */
  readonly opens: 'start-run' | 'claim' | 'object';
  readonly writes: readonly number[];
  /** How each of Glue's attempts ends; one follows another that failed. */
  readonly attempts: readonly ('SUCCEEDED' | 'FAILED' | 'TIMEOUT')[];
  /** How often the event about an attempt's end arrives; 0: never. */
  readonly events: number;
  /** How often an event about its beginning arrives, early or late. */
  readonly hints: number;
  /** The job commits a checkpoint on the way, and takes along what lies about. */
  readonly checkpoint: boolean;
  /** The job calls `begin()` and writes once more after it has ended. */
  readonly zombie: boolean;
}

const MEDDLING = [
  /** A commit into a partition of the target, by a branch and a merge. */
  'merge-own-branch',
  'merge-run-branch',
  'delete-run-branch',
  'revert-promotion',
  /** As the log page of lakeFS offers it: the commit that a promotion brought. */
  'revert-run-commit',
  'revert-last-commit',
  'roll-back',
  'reset-target',
  'hold-target',
  'decide-about-run',
] as const;

export interface Meddling {
  readonly what: (typeof MEDDLING)[number];
  /** Chooses among what is there to meddle with. */
  readonly pick: number;
}

export interface Story {
  readonly runs: readonly PlannedRun[];
  readonly onConflict: OnConflict;
  readonly keepFailed: boolean;
  readonly meddling: readonly Meddling[];
  /** The repository is gone from this round on, and back so many rounds later. */
  readonly repositoryGone: readonly [from: number, rounds: number] | undefined;
  readonly outage: Outage | undefined;
  readonly faults: readonly (readonly [call: number, fault: Fault])[];
  /** Chooses what happens next, and the interleaving. Repeats from the start when used up. */
  readonly dice: readonly number[];
}

const plannedRun: fc.Arbitrary<PlannedRun> = fc.record({
  job: fc.constantFrom('job-a', 'job-a', 'job-b', 'job-b', 'job-bookmarks'),
  opens: fc.constantFrom('start-run', 'claim', 'object'),
  writes: fc.uniqueArray(fc.nat(PLACES.length - 1), { maxLength: 3 }),
  attempts: fc.oneof(
    { weight: 4, arbitrary: fc.constant(['SUCCEEDED'] as const) },
    { weight: 2, arbitrary: fc.constantFrom(['FAILED'] as const, ['TIMEOUT'] as const) },
    { weight: 1, arbitrary: fc.constantFrom(['FAILED', 'SUCCEEDED'] as const, ['FAILED', 'FAILED'] as const) },
  ),
  events: fc.nat(3),
  hints: fc.nat(1),
  checkpoint: fc.boolean(),
  zombie: fc.boolean(),
});

const fault: fc.Arbitrary<Fault> = fc.constantFrom(
  'crash-before',
  'crash-after',
  'unreachable-before',
  'unreachable-after',
);

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const OFTEN_UNDONE = [
  ...(['revert-promotion', 'revert-run-commit', 'revert-last-commit', 'reset-target', 'reset-target'] as const),
  ...(['merge-run-branch', 'roll-back', 'decide-about-run'] as const),
] as const satisfies readonly Meddling['what'][];

/** People who undo, and undo what was undone, while runs succeed: what was merged comes, goes and comes again. */
export const undoingStory = (): fc.Arbitrary<Story> =>
  fc
    .record({
      plot: story,
      meddling: fc.array(fc.record({ what: fc.constantFrom(...OFTEN_UNDONE), pick: fc.nat(99) }), {
        ...{ minLength: 2, maxLength: 7 },
      }),
    })
    .map(({ plot, meddling }) => ({
      ...{ ...plot, meddling, repositoryGone: undefined, outage: undefined },
      // Who merges a checkpoint, reverts it and merges the rest has not all of the run: lakeFS merges as Git does.
      runs: plot.runs.map((run) => ({
        ...{ ...run, attempts: ['SUCCEEDED'] as const, events: Math.max(1, run.events), checkpoint: false },
      })),
    }));

export const story: fc.Arbitrary<Story> = fc.record({
  runs: fc.array(plannedRun, { minLength: 1, maxLength: 4 }),
  onConflict: fc.constantFrom(...ON_CONFLICT),
  keepFailed: fc.boolean(),
  meddling: fc.array(fc.record({ what: fc.constantFrom(...MEDDLING), pick: fc.nat(99) }), { maxLength: 3 }),
  repositoryGone: rarely(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 4 }))),
  outage: rarely(
    fc.record({
      from: fc.nat(120),
      calls: fc.integer({ min: 1, max: 60 }),
      code: fc.constantFrom('BL3001', 'BL3002', 'BL3003', 'BL3005'),
    }),
  ),
  faults: fc.array(fc.tuple(fc.nat(200), fault), { maxLength: 4 }),
  dice: fc.array(fc.nat(997), { minLength: 8, maxLength: 40 }),
});

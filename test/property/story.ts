/**
 * A story: runs that open, write and end; events about them that are late, doubled or lost; people who meddle; functions
 * that die. Played on the use cases, then left alone until nothing moves any more.
 */
import * as fc from 'fast-check';
import type { OnConflict } from '../../lambdas/contract.ts';
import { isBranchlineError } from '../../lambdas/domain/errors.ts';
import { formatRunKey, type Run, type RunKey } from '../../lambdas/domain/run.ts';
import type { Target } from '../../lambdas/domain/target.ts';
import type { Ports } from '../../lambdas/ports.ts';
import { claimRun } from '../../lambdas/usecases/claim-run.ts';
import { Batch, promoteRun } from '../../lambdas/usecases/promote-run.ts';
import { reconcile } from '../../lambdas/usecases/reconcile.ts';
import { resolveRun } from '../../lambdas/usecases/resolve-run.ts';
import { settleRun } from '../../lambdas/usecases/settle-run.ts';
import { startRun } from '../../lambdas/usecases/start-run.ts';
import { sweep } from '../../lambdas/usecases/sweep.ts';
import { makeWorld, text, type World } from '../fakes/ports.ts';
import { Crash, type Fault, Gate } from './gate.ts';

/** Where runs write: a small pool, so that they meet. `{run}` keeps file names apart; the last two paths are shared. */
export const PLACES = [
  'sales/dt=1/{run}.parquet',
  'sales/dt=2/{run}.parquet',
  'stock/{run}.parquet',
  'log/dt=1/{run}.parquet',
  'notes/{run}.txt',
  'sales/dt=1/shared.parquet',
  'sales/_SUCCESS',
] as const;

export interface PlannedRun {
  /** By start-run, or by a job that something else started and that claims its run. */
  readonly opens: 'start-run' | 'claim';
  readonly writes: readonly number[];
  readonly ends: 'SUCCEEDED' | 'FAILED' | 'TIMEOUT';
  /** How often the event about its end arrives; 0: never. */
  readonly events: number;
  /** The job calls `begin()` and writes once more after it has ended. */
  readonly zombie: boolean;
}

export interface Story {
  readonly runs: readonly PlannedRun[];
  readonly onConflict: OnConflict;
  readonly keepFailed: boolean;
  /** A person commits into a partition of the target, by a branch and a merge. */
  readonly byHand: readonly number[];
  readonly faults: readonly (readonly [number, Fault])[];
  /** Chooses what happens next, and the interleaving. Repeats from the start when used up. */
  readonly dice: readonly number[];
}

const plannedRun: fc.Arbitrary<PlannedRun> = fc.record({
  opens: fc.constantFrom('start-run', 'claim'),
  writes: fc.uniqueArray(fc.nat(PLACES.length - 1), { maxLength: 3 }),
  ends: fc.constantFrom('SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED', 'FAILED', 'TIMEOUT'),
  events: fc.nat(3),
  zombie: fc.boolean(),
});

const fault: fc.Arbitrary<Fault> = fc.constantFrom(
  'crash-before',
  'crash-after',
  'unreachable-before',
  'unreachable-after',
);

export const story: fc.Arbitrary<Story> = fc.record({
  runs: fc.array(plannedRun, { minLength: 1, maxLength: 4 }),
  onConflict: fc.constantFrom('keep', 'keep', 'rerun', 'source-wins', 'target-wins'),
  keepFailed: fc.boolean(),
  byHand: fc.array(fc.nat(PLACES.length - 1), { maxLength: 1 }),
  faults: fc.array(fc.tuple(fc.nat(160), fault), { maxLength: 4 }),
  dice: fc.array(fc.nat(997), { minLength: 8, maxLength: 40 }),
});

export interface Ending {
  readonly world: World;
  /** Run id and attempt → what its job did, as far as it came. */
  readonly wrote: ReadonlyMap<string, { readonly plan: PlannedRun; readonly jobRunId: string }>;
  /** Faults other than crashes and unreachable servers that an invocation ended in. */
  readonly surprises: readonly unknown[];
  readonly calls: number;
}

export const play = async (plot: Story): Promise<Ending> => {
  const world = await makeWorld({
    onConflict: plot.onConflict,
    keepFailedForSeconds: plot.keepFailed ? 3600 : 0,
    maxReruns: 1,
  });
  const gate = new Gate(new Map(plot.faults));
  const ports = gate.guard(world);
  const teller = new Teller(world, ports, plot, gate);
  await teller.tell();
  await teller.rest();
  return { world, wrote: teller.wrote, surprises: teller.surprises, calls: gate.calls };
};

type Deed = () => Promise<void>;

class Teller {
  readonly wrote = new Map<string, { plan: PlannedRun; jobRunId: string }>();
  readonly surprises: unknown[] = [];
  readonly #world: World;
  readonly #ports: Ports;
  readonly #plot: Story;
  readonly #gate: Gate;
  readonly #deeds: Deed[] = [];
  readonly #batch = new Batch();
  #die = 0;

  constructor(world: World, ports: Ports, plot: Story, gate: Gate) {
    this.#world = world;
    this.#ports = ports;
    this.#plot = plot;
    this.#gate = gate;
    for (const [i, plan] of plot.runs.entries()) this.#deeds.push(() => this.#open(plan, i));
    for (const place of plot.byHand) this.#deeds.push(() => this.#byHand(place));
  }

  #choose = (n: number): number => {
    const die = this.#plot.dice[this.#die % this.#plot.dice.length] ?? 0;
    this.#die += 1;
    return n === 0 ? 0 : (die + this.#die) % n;
  };

  /** Deeds happen one by one or up to three at once; new ones come up meanwhile. */
  async tell(): Promise<void> {
    for (let round = 0; round < 60 && this.#deeds.length + this.#world.promotions.queue.length > 0; round += 1) {
      const together: Deed[] = [];
      for (let n = 1 + this.#choose(3); n > 0; n -= 1) {
        const deed = this.#nextDeed();
        if (deed !== undefined) together.push(deed);
      }
      await this.#gate.run(
        together.map((deed) => () => this.#survive(deed)),
        this.#choose,
      );
      this.#world.clock.advance([10, 1_000, 30_000, 200_000][this.#choose(4)] ?? 0);
    }
  }

  /** Time passes, reconcile and sweep do their rounds, the queue is worked off: until nothing changes. */
  async rest(): Promise<void> {
    for (let round = 0; round < 12; round += 1) {
      this.#world.clock.advance(20 * 60_000);
      for (const jobRun of this.#world.glue.jobRuns.values()) {
        // Reruns succeed, having written what the run that they repeat wrote.
        if (jobRun.state === 'RUNNING') await this.#endRerun(jobRun.id, jobRun.jobName);
      }
      for (const target of this.#world.ledger.targets.values()) {
        if (target.blocked !== undefined) await this.#alone(() => this.#unblock(target));
      }
      const before = this.#fingerprint();
      const until = Number.MAX_SAFE_INTEGER;
      await this.#alone(async () => void (await reconcile(this.#ports, { until })));
      while (this.#world.promotions.queue.length > 0) {
        const key = this.#world.promotions.queue.shift();
        if (key !== undefined) await this.#alone(() => this.#promote(key));
      }
      await this.#alone(async () => void (await sweep(this.#ports, { until })));
      if (round > 5 && before === this.#fingerprint()) return;
    }
  }

  #fingerprint(): string {
    return JSON.stringify([...this.#world.ledger.runs.values()].map((run) => [formatRunKey(run), run.version]));
  }

  #alone = (deed: Deed): Promise<void> => this.#gate.run([() => this.#survive(deed)], () => 0);

  /** A dead function is no news; its trigger repeats it, or reconcile does what it should have done. */
  async #survive(deed: Deed): Promise<void> {
    try {
      await deed();
    } catch (error) {
      const isExpected =
        error instanceof Crash || isBranchlineError(error, 'BL3001', 'BL2001', 'BL2002', 'BL2009', 'BL4003');
      if (!isExpected) this.surprises.push(error);
    }
  }

  #nextDeed(): Deed | undefined {
    const { queue } = this.#world.promotions;
    const all = this.#deeds.length + queue.length;
    if (all === 0) return undefined;
    const at = this.#choose(all);
    if (at < this.#deeds.length) return this.#deeds.splice(at, 1)[0];
    const key = queue.splice(at - this.#deeds.length, 1)[0];
    return key === undefined ? undefined : () => this.#promote(key);
  }

  /** One batch from the first to the last: what promotions tell each other is as old as can be. */
  async #promote(key: RunKey): Promise<void> {
    await promoteRun(this.#ports, key, this.#batch);
  }

  async #open(plan: PlannedRun, i: number): Promise<void> {
    const job = `job-${'abcd'.charAt(i)}`;
    const again = (): void => {
      if (this.#choose(2) === 0) this.#deeds.push(() => this.#open(plan, i));
    };
    try {
      if (plan.opens === 'start-run') {
        const { run } = await startRun(this.#ports, { job, runId: `start${String(i)}` });
        this.#deeds.push(() => this.#work(plan, run));
      } else {
        const jobRunId = `jr_claim${String(i)}`;
        if (!this.#world.glue.jobRuns.has(jobRunId)) this.#world.glue.begin(job, {}, jobRunId);
        const run = await claimRun(this.#ports, { jobName: job, jobRunId });
        this.#deeds.push(() => this.#work(plan, run));
      }
    } catch (error) {
      again();
      throw error;
    }
  }

  /** What the job does: outside our functions, so no call of it is gated. */
  async #work(plan: PlannedRun, run: Run): Promise<void> {
    const jobRunId = run.jobRunId ?? '';
    const known = this.wrote.has(formatRunKey(run));
    if (known || this.#world.glue.jobRuns.get(jobRunId)?.state !== 'RUNNING') return;
    this.wrote.set(formatRunKey(run), { plan, jobRunId });
    await this.#write(run, plan);
    this.#world.glue.end(jobRunId, plan.ends);
    for (let n = 0; n < plan.events; n += 1) this.#deeds.push(() => this.#hear(run.job, jobRunId));
    if (plan.zombie) this.#deeds.push(() => this.#haunt(plan, run, jobRunId));
  }

  async #write(run: Run, plan: PlannedRun): Promise<void> {
    for (const place of plan.writes) {
      const path = (PLACES[place] ?? '').replace('{run}', run.runId);
      const content = path.endsWith('_SUCCESS') ? '' : `by ${formatRunKey(run)}`;
      if ((await this.#world.lakefs.getBranch('lake', run.branch)) === undefined) return;
      await this.#world.lakefs.putObject('lake', run.branch, path, text(content));
    }
  }

  async #hear(jobName: string, jobRunId: string): Promise<void> {
    try {
      await settleRun(this.#ports, { jobName, jobRunId });
    } catch (error) {
      if (this.#choose(2) === 0) this.#deeds.push(() => this.#hear(jobName, jobRunId));
      throw error;
    }
  }

  async #haunt(plan: PlannedRun, run: Run, jobRunId: string): Promise<void> {
    if ((await this.#world.lakefs.getBranch('lake', run.branch)) !== undefined) {
      await this.#world.lakefs.putObject('lake', run.branch, 'zombie', text(`zombie of ${formatRunKey(run)}`));
    }
    await claimRun(this.#ports, {
      jobName: run.job,
      jobRunId,
      ...(plan.opens === 'claim' ? {} : { runId: run.runId }),
    });
  }

  async #byHand(place: number): Promise<void> {
    const { lakefs } = this.#world;
    const head = (await lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await lakefs.createBranch('lake', 'by-hand', head);
    await lakefs.putObject('lake', 'by-hand', (PLACES[place] ?? '').replace('{run}', 'hand'), text('by hand'));
    const done = await lakefs.commit('lake', 'by-hand', { message: 'by hand', metadata: {} });
    const source = done.outcome === 'committed' ? done.commit.id : head;
    // The merge may come much later than the branch.
    this.#deeds.push(async () => {
      await lakefs.merge('lake', source, 'main', { message: 'by hand', metadata: {} });
    });
  }

  /** A blocked target waits for a person; here one comes. */
  async #unblock(target: Target): Promise<void> {
    const action = this.#choose(2) === 0 ? 'accept-target' : 'revert-target';
    const commit = target.blocked?.commit ?? '';
    await resolveRun(this.#ports, { action, repository: target.repository, target: target.branch, commit });
  }

  async #endRerun(jobRunId: string, job: string): Promise<void> {
    const run = [...this.#world.ledger.runs.values()].find((one) => one.job === job && one.jobRunId === jobRunId);
    const original = run?.rerunOf === undefined ? undefined : this.wrote.get(run.rerunOf);
    if (run !== undefined && original !== undefined) {
      this.wrote.set(formatRunKey(run), { plan: { ...original.plan, ends: 'SUCCEEDED' }, jobRunId });
      await this.#write(run, original.plan);
    }
    this.#world.glue.end(jobRunId, run !== undefined && original === undefined ? 'FAILED' : 'SUCCEEDED');
  }
}

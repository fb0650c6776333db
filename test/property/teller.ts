/** Plays a story on the use cases, then leaves everything alone until nothing moves any more. */

import { splitJobRunId } from '../../lambdas/domain/branch-name.ts';
import { type ErrorCode, isBranchlineError } from '../../lambdas/domain/errors.ts';
import { formatRunKey, type RunKey } from '../../lambdas/domain/run.ts';
import type { JobRun, Ports } from '../../lambdas/ports.ts';
import { openRun } from '../../lambdas/usecases/open-run.ts';
import { promoteRun } from '../../lambdas/usecases/promote-run.ts';
import { Batch } from '../../lambdas/usecases/promotion-batch.ts';
import { reconcile } from '../../lambdas/usecases/reconcile.ts';
import { settleRun } from '../../lambdas/usecases/settle-run.ts';
import { startRun } from '../../lambdas/usecases/start-run.ts';
import { sweep } from '../../lambdas/usecases/sweep.ts';
import { ensureTarget } from '../../lambdas/usecases/verify-target.ts';
import type { Repo } from '../fakes/lakefs.ts';
import { makeWorld, text, type World } from '../fakes/ports.ts';
import { watchBookmarks } from './bookmarks.ts';
import { Crash, Gate } from './gate.ts';
import { type Begun, begin, isRerun, JobFault, nameOf, nextAttemptOf, planOf, write } from './jobs.ts';
import { People, type Traces } from './people.ts';
import type { Meddling, PlannedRun, Story } from './plot.ts';

export interface Wrote {
  readonly plan: PlannedRun;
  readonly branch: string;
  /** How Glue says that the attempt ended. */
  readonly state: string;
}

export interface Ending {
  readonly world: World;
  /** Run key → what its job did, as far as it came. */
  readonly wrote: ReadonlyMap<string, Wrote>;
  readonly traces: Traces;
  /** Faults other than those that a story expects, and bookmarks that were put back where they must not be. */
  readonly surprises: readonly unknown[];
  readonly calls: number;
}

/** What refusals and outages say. Anything else is a surprise. */
const EXPECTED: readonly ErrorCode[] = [
  ...(['BL1005', 'BL2001', 'BL2002', 'BL2004', 'BL2008', 'BL2009', 'BL2016'] as const),
  ...(['BL3001', 'BL3002', 'BL3003', 'BL3005', 'BL3007', 'BL4003'] as const),
];
const FOREVER = { until: Number.MAX_SAFE_INTEGER };

export const play = async (plot: Story): Promise<Ending> => {
  const world = await makeWorld({
    onConflict: plot.onConflict,
    keepFailedForSeconds: plot.keepFailed ? 3600 : 0,
    maxReruns: 1,
  });
  const defaultArguments = { '--job-bookmark-option': 'job-bookmark-enable' };
  world.glue.addJob('job-bookmarks', { defaultArguments, maxConcurrentRuns: 1 });
  const gate = new Gate(new Map(plot.faults), plot.outage);
  const teller = new Teller(world, gate.guard(world), plot, gate);
  // As set-up does.
  await ensureTarget(world, 'lake', 'main');
  const bookmarks = watchBookmarks(world);
  await teller.tell();
  await teller.rest();
  return {
    world,
    wrote: teller.wrote,
    traces: teller.people.traces,
    surprises: [...teller.surprises, ...bookmarks.surprises()],
    calls: gate.calls,
  };
};

type Deed = () => Promise<void>;

class Teller {
  readonly wrote = new Map<string, Wrote>();
  readonly surprises: unknown[] = [];
  readonly people: People;
  readonly #world: World;
  readonly #ports: Ports;
  readonly #plot: Story;
  readonly #gate: Gate;
  readonly #deeds: Deed[] = [];
  readonly #employed = new Set<string>();
  readonly #batch = new Batch();
  #die = 0;
  #gone: Repo | undefined;

  constructor(world: World, ports: Ports, plot: Story, gate: Gate) {
    this.#world = world;
    this.#ports = ports;
    this.#plot = plot;
    this.#gate = gate;
    this.people = new People(world, ports, (deed) => this.#deeds.push(deed));
    for (const [i, plan] of plot.runs.entries()) this.#deeds.push(() => this.#open(plan, i));
    for (const meddling of plot.meddling) this.#deeds.push(() => this.#meddle(meddling, 3));
  }

  #choose = (n: number): number => {
    const die = this.#plot.dice[this.#die % this.#plot.dice.length] ?? 0;
    this.#die += 1;
    return n === 0 ? 0 : (die + this.#die) % n;
  };

  /** Deeds happen one by one or up to three at once; new ones come up meanwhile. */
  async tell(): Promise<void> {
    for (let round = 0; round < 60; round += 1) {
      this.#repositoryAt(round);
      this.#employ();
      if (this.#deeds.length + this.#world.promotions.queue.length === 0) break;
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
    this.#repositoryAt(Number.POSITIVE_INFINITY);
    this.#gate.endOutage();
  }

  /** Time passes, jobs end, people decide about what is blocked, reconcile and sweep do their rounds: until nothing changes. */
  async rest(): Promise<void> {
    for (let round = 0; round < 16; round += 1) {
      this.#world.clock.advance(20 * 60_000);
      const before = this.#fingerprint();
      for (const jobRun of [...this.#world.glue.jobRuns.values()]) {
        if (jobRun.state === 'RUNNING') await this.#alone(() => this.#work(jobRun, 0));
      }
      for (const target of this.#world.ledger.targets.values()) {
        const isRevert = this.#choose(2) === 0;
        if (target.blocked !== undefined) await this.#alone(() => this.people.unblock(target, isRevert));
      }
      await this.#alone(async () => void (await reconcile(this.#ports, FOREVER)));
      for (let key = this.#world.promotions.queue.shift(); key !== undefined; ) {
        const next = key;
        await this.#alone(() => this.#promote(next));
        key = this.#world.promotions.queue.shift();
      }
      await this.#alone(async () => void (await sweep(this.#ports, FOREVER)));
      if (round > 5 && before === this.#fingerprint() && !this.#isBranchKept()) return;
    }
  }

  /** For a look at what a failed run left: its time has to pass. */
  #isBranchKept(): boolean {
    const now = this.#world.clock.now();
    return [...this.#world.ledger.runs.values()].some(
      ({ keepUntil = 0, branchDeleted }) => branchDeleted !== true && keepUntil > now,
    );
  }

  #fingerprint(): string {
    const { runs, targets } = this.#world.ledger;
    const entries = [...runs.values()].map((run) => [formatRunKey(run), run.version]);
    return JSON.stringify([entries, [...targets.values()].map(({ version }) => version)]);
  }

  #alone = (deed: Deed): Promise<void> => this.#gate.run([() => this.#survive(deed)], () => 0);

  /** A dead function is no news; its trigger repeats it, or reconcile does what it should have done. */
  async #survive(deed: Deed): Promise<void> {
    try {
      await deed();
    } catch (error) {
      if (!(error instanceof Crash || error instanceof JobFault || isBranchlineError(error, ...EXPECTED)))
        this.surprises.push(error);
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

  /** Somebody deletes the repository, and somebody restores it. */
  #repositoryAt(round: number): void {
    const [from, rounds] = this.#plot.repositoryGone ?? [Number.POSITIVE_INFINITY, 0];
    const { repositories } = this.#world.lakefs;
    if (round >= from && round < from + rounds && this.#gone === undefined) {
      this.#gone = repositories.get('lake');
      repositories.delete('lake');
    } else if (round >= from + rounds && this.#gone !== undefined) {
      repositories.set('lake', this.#gone);
      this.#gone = undefined;
    }
  }

  /** What one meddles with may come only later. */
  async #meddle(meddling: Meddling, patience: number): Promise<void> {
    if (patience > 0 && this.#choose(3) > 0) this.#deeds.push(() => this.#meddle(meddling, patience - 1));
    else await this.people.meddle(meddling);
  }

  async #open(plan: PlannedRun, i: number): Promise<void> {
    const isBusy = [...this.#world.glue.jobRuns.values()].some(
      ({ jobName, state }) => jobName === 'job-bookmarks' && state === 'RUNNING',
    );
    try {
      if (plan.opens === 'start-run') await startRun(this.#ports, { job: plan.job, runId: `start${String(i)}` });
      // A trigger starts it. Glue holds jobs with bookmarks to one run at a time.
      else if (plan.job !== 'job-bookmarks' || !isBusy) this.#world.glue.begin(plan.job, {}, `jr_run${String(i)}`);
    } catch (error) {
      if (this.#choose(2) === 0) this.#deeds.push(() => this.#open(plan, i));
      throw error;
    }
  }

  /** Whatever Glue has started works, and is heard of, now or later. */
  #employ(): void {
    for (const jobRun of this.#world.glue.jobRuns.values()) {
      if (jobRun.state !== 'RUNNING' || this.#employed.has(jobRun.id)) continue;
      this.#employed.add(jobRun.id);
      this.#deeds.push(() => this.#work(jobRun, 2));
      const hints = planOf(this.#plot.runs, jobRun)?.hints ?? 0;
      for (let n = 0; n < hints; n += 1) this.#deeds.push(() => this.#hint(jobRun));
    }
  }

  async #hint(jobRun: JobRun): Promise<void> {
    await openRun(this.#ports, { jobName: jobRun.jobName, jobRunId: jobRun.id });
  }

  async #work(jobRun: JobRun, patience: number): Promise<void> {
    if (this.#world.glue.jobRuns.get(jobRun.id)?.state !== 'RUNNING') return;
    const plan = planOf(this.#plot.runs, jobRun);
    if (plan === undefined) return this.#world.glue.end(jobRun.id, 'FAILED');
    let begun: Begun;
    try {
      begun = await begin(this.#world, this.#ports, plan, jobRun);
    } catch (error) {
      if (patience > 0 && this.#choose(2) === 0) this.#deeds.push(() => this.#work(jobRun, patience - 1));
      else this.#end(plan, jobRun, 'FAILED');
      throw error;
    }
    const isDone = await write(this.#world, plan, begun, jobRun).catch(() => false);
    const planned = isRerun(jobRun) ? 'SUCCEEDED' : (plan.attempts[splitJobRunId(jobRun.id).attempt] ?? 'FAILED');
    const state = isDone ? planned : 'FAILED';
    this.wrote.set(begun.name, { plan, branch: begun.branch, state });
    this.#end(plan, jobRun, state);
    if (plan.zombie) this.#deeds.push(() => this.#haunt(plan, begun, jobRun));
  }

  #end(plan: PlannedRun, jobRun: JobRun, state: string): void {
    this.#world.glue.end(jobRun.id, state);
    for (let n = 0; n < plan.events; n += 1) this.#deeds.push(() => this.#hear(jobRun));
    const isTriedAgain = splitJobRunId(jobRun.id).attempt + 1 < plan.attempts.length;
    if (state === 'FAILED' && isTriedAgain && !isRerun(jobRun)) {
      this.#world.glue.begin(jobRun.jobName, { ...jobRun.arguments }, nextAttemptOf(jobRun));
    }
  }

  async #hear(jobRun: JobRun): Promise<void> {
    try {
      await settleRun(this.#ports, { jobName: jobRun.jobName, jobRunId: jobRun.id });
    } catch (error) {
      if (this.#choose(2) === 0) this.#deeds.push(() => this.#hear(jobRun));
      throw error;
    }
  }

  /** A process that Glue has given up goes on, and begins once more. */
  async #haunt(plan: PlannedRun, begun: Begun, jobRun: JobRun): Promise<void> {
    const { lakefs } = this.#world;
    const scare = async (): Promise<void> => {
      if (!lakefs.repositories.has('lake') || (await lakefs.getBranch('lake', begun.branch)) === undefined) return;
      await lakefs.putObject('lake', begun.branch, 'zombie', text(`by ${nameOf(jobRun)}`)).catch(() => undefined);
    };
    await scare();
    await begin(this.#world, this.#ports, plan, jobRun);
    await scare();
  }
}

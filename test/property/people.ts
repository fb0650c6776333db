/** What people do to lakeFS and to runs in a story, past our functions or through resolve-run. */
import { COMMIT_KIND, METADATA, RUN_BRANCH_PREFIX } from '../../lambdas/contract.ts';
import { isPromotion } from '../../lambdas/domain/history.ts';
import type { Commit } from '../../lambdas/domain/lakefs.ts';
import { isWaiting } from '../../lambdas/domain/run.ts';
import type { Target } from '../../lambdas/domain/target.ts';
import type { Ports } from '../../lambdas/ports.ts';
import { resolveRun } from '../../lambdas/usecases/resolve-run.ts';
import { text, type World } from '../fakes/ports.ts';
import { type Meddling, PLACES } from './plot.ts';

/** What they did, for those who judge the ending. */
export class Traces {
  /** Branches that were deleted, and those that were merged: their runs are not ours alone any more. */
  readonly deleted = new Set<string>();
  readonly merged = new Set<string>();
  readonly reverted = new Set<string>();
  /** What a person kept that clashes. */
  readonly accepted = new Set<string>();
  wasReset = false;
  /** From a branch of their own, which may be older than the head that it comes to. */
  mergedOwn = false;
}

export class People {
  readonly traces = new Traces();
  readonly #world: World;
  readonly #ports: Ports;
  readonly #later: (deed: () => Promise<void>) => void;

  constructor(world: World, ports: Ports, later: (deed: () => Promise<void>) => void) {
    this.#world = world;
    this.#ports = ports;
    this.#later = later;
  }

  async meddle({ what, pick }: Meddling): Promise<void> {
    if (!this.#world.lakefs.repositories.has('lake')) return;
    switch (what) {
      case 'merge-own-branch':
        return this.#mergeOwn(pick);
      case 'merge-run-branch':
        return this.#mergeRun(pick);
      case 'delete-run-branch':
        return this.#delete(pick);
      case 'revert-promotion':
        return this.#revert(pick, ({ id }) => id);
      case 'revert-run-commit':
        return this.#revert(pick, ({ parents }) => parents[1] ?? '');
      case 'revert-last-commit':
        return this.#undo(this.#log()[0]?.id ?? '');
      case 'roll-back':
        return this.#rollBack(pick);
      case 'reset-target':
        return this.#reset(pick);
      case 'hold-target':
        return this.#hold();
      case 'decide-about-run':
        return this.#decide(pick);
    }
  }

  /** A blocked target waits for a person; here one comes. */
  async unblock({ repository, branch, blocked }: Target, isRevert: boolean): Promise<void> {
    const canRevert = isRevert && blocked?.cause.code !== 'BL2007';
    const commit = blocked?.commit ?? '';
    const request = { repository, target: branch, commit } as const;
    if (canRevert) {
      try {
        await resolveRun(this.#ports, { action: 'revert-target', ...request });
        return;
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('BL2016'))) throw error;
      }
    }
    this.traces.accepted.add(commit);
    await resolveRun(this.#ports, { action: 'accept-target', ...request });
  }

  #log(): Commit[] {
    return this.#world.lakefs.firstParentLog('lake', 'main');
  }
  #some<T>(of: readonly T[], pick: number): T | undefined {
    return of[pick % Math.max(1, of.length)];
  }
  #runBranch(pick: number): string | undefined {
    const names = this.#world.lakefs.branchNames('lake').filter((name) => name.startsWith(RUN_BRANCH_PREFIX));
    return this.#some(names, pick);
  }

  async #mergeOwn(pick: number): Promise<void> {
    const { lakefs } = this.#world;
    const name = `by-hand-${String(pick)}`;
    const head = this.#log()[0]?.id ?? '';
    await lakefs.createBranch('lake', name, head);
    const path = (this.#some(PLACES, pick) ?? '').replace('{run}', name);
    await lakefs.putObject('lake', name, path, text('by hand'));
    const done = await lakefs.commit('lake', name, { message: 'by hand', metadata: {} });
    if (done.outcome !== 'committed') return;
    // The merge may come much later than the branch.
    this.traces.mergedOwn = true;
    this.#later(async () => {
      await lakefs.merge('lake', done.commit.id, 'main', { message: 'by hand', metadata: {} });
    });
  }

  async #mergeRun(pick: number): Promise<void> {
    const branch = this.#runBranch(pick);
    if (branch === undefined) return;
    this.traces.merged.add(branch);
    await this.#world.lakefs.merge('lake', branch, 'main', { message: `Merge ${branch}`, metadata: {} });
  }

  async #delete(pick: number): Promise<void> {
    const branch = this.#runBranch(pick);
    if (branch === undefined) return;
    this.traces.deleted.add(branch);
    await this.#world.lakefs.deleteBranch('lake', branch);
  }

  async #revert(pick: number, which: (merge: Commit) => string): Promise<void> {
    const merge = this.#some(this.#log().filter(isPromotion), pick);
    if (merge !== undefined) await this.#undo(which(merge));
  }

  async #undo(commit: string): Promise<void> {
    const found = await this.#world.lakefs.getCommit('lake', commit);
    if (found === undefined || found.parents.length === 0) return;
    this.traces.reverted.add(commit);
    const isMerge = found.parents.length > 1;
    await this.#world.lakefs.revert('lake', 'main', commit, isMerge ? 1 : 0, {
      message: `Revert ${commit}`,
      metadata: {},
    });
  }

  /**
   * As a rollback of ours leaves it: a commit with the old state on a branch from the head, merged. Nothing comes in between, since ours
   * would do it once more.
   */
  async #rollBack(pick: number): Promise<void> {
    const { lakefs } = this.#world;
    const log = this.#log();
    const to = this.#some(log.slice(1), pick);
    const head = log[0]?.id ?? '';
    if (to === undefined) return;
    const branch = `back-${String(pick)}-${head.slice(0, 12)}`;
    const metadata = { [METADATA.kind]: COMMIT_KIND.rollback, [METADATA.rollbackTo]: to.id };
    const made = [
      lakefs.createBranch('lake', branch, head),
      lakefs.commit('lake', branch, { message: 'state', metadata }, to.metaRangeId),
      lakefs.merge('lake', branch, 'main', { message: 'back', metadata }),
    ];
    await Promise.all(made);
  }

  async #reset(pick: number): Promise<void> {
    const to = this.#some(this.#log().slice(1, 4), pick);
    const main = this.#world.lakefs.repositories.get('lake')?.branches.get('main');
    if (to === undefined || main === undefined) return;
    this.traces.wasReset = true;
    main.head = to.id;
  }

  async #hold(): Promise<void> {
    const target = await this.#world.ledger.getTarget('lake', 'main');
    if (target === undefined) return;
    const hold = { owner: 'somebody', reason: 'a look', expiresAt: this.#world.clock.now() + 100_000 };
    await this.#world.ledger.putTarget({ ...target, version: target.version + 1, hold });
  }

  async #decide(pick: number): Promise<void> {
    const run = this.#some(
      [...this.#world.ledger.runs.values()].filter(({ state }) => isWaiting(state)),
      pick,
    );
    if (run === undefined) return;
    const { runId, attempt } = run;
    const which = pick % 5;
    if (which === 0) await resolveRun(this.#ports, { action: 'discard', runId, attempt });
    else if (which === 1) await resolveRun(this.#ports, { action: 'retry', runId, attempt });
    else if (which === 2) await resolveRun(this.#ports, { action: 'promote', runId, attempt });
    else {
      const strategy = which === 3 ? 'source-wins' : 'target-wins';
      await resolveRun(this.#ports, { action: 'promote', runId, attempt, strategy });
    }
  }
}

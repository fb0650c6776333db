/** What a scene has at hand: the environment, the timeline, and checks that end the demo where they fail. */
import { METADATA } from '../../lambdas/contract.ts';
import type { Commit } from '../../lambdas/domain/lakefs.ts';
import type { Run } from '../../lambdas/domain/run.ts';
import { difference, type Harness, type Listing } from '../harness.ts';
import { waitFor } from '../wait.ts';
import { gist, shortId, type Timeline, type Verified } from './timeline.ts';

export const TARGET = 'main';
const WIDEST_STATE = 10;

export interface SceneRun {
  readonly runId: string;
  readonly job: string;
  readonly state: string;
  readonly branch: string;
  readonly mergeCommit?: string;
}

/** One scene in the record that `--json` prints. */
export interface SceneRecord {
  readonly scene: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly checks: readonly Verified[];
  /** Why the scene ended early. */
  readonly failure?: string;
  readonly runs: readonly SceneRun[];
}

export class Unverified extends Error {}

/** A state of the target, to compare with a later one. */
export interface Picture {
  readonly head: string;
  readonly listing: Listing;
}

export class Stage {
  readonly harness: Harness;
  readonly checks: Verified[] = [];
  readonly runs = new Map<string, SceneRun>();
  /** Runs of the scenes before this one. */
  readonly earlier: ReadonlyMap<string, SceneRun>;
  readonly #timeline: Timeline;
  /** How many steps of each run have been told. */
  readonly #told = new Map<string, number>();

  constructor(harness: Harness, timeline: Timeline, earlier: ReadonlyMap<string, SceneRun> = new Map()) {
    this.harness = harness;
    this.earlier = earlier;
    this.#timeline = timeline;
  }

  tell(who: string, text: string, at: number = Date.now()): void {
    this.#timeline.moment({ at, who, text });
  }

  /** @throws Unverified where it is not so. */
  check(what: string, ok: boolean, seen: () => string = () => ''): void {
    const result: Verified = ok ? { what, ok } : { what, ok, seen: seen() };
    this.checks.push(result);
    this.#timeline.verified(result);
    if (!ok) throw new Unverified(`${what}: ${seen()}`);
  }

  same(what: string, seen: unknown, wanted: unknown): void {
    const [is, should] = [JSON.stringify(seen), JSON.stringify(wanted)];
    this.check(what, is === should, () => `saw ${is}, not ${should}`);
  }

  /** The steps of these runs that were not told yet, as the ledger holds them, in the order of their times. */
  showRuns(...runs: readonly Run[]): void {
    const fresh = runs.flatMap((run) => {
      this.runs.set(run.runId, {
        runId: run.runId,
        job: run.job,
        state: run.state,
        branch: run.branch,
        ...(run.mergeCommit !== undefined && { mergeCommit: run.mergeCommit }),
      });
      const told = this.#told.get(run.runId) ?? 0;
      this.#told.set(run.runId, run.steps.length);
      return run.steps.slice(told).map((step) => ({ ...step, runId: run.runId }));
    });
    for (const { at, runId, state, note } of fresh.toSorted((a, b) => a.at - b.at))
      this.tell('ledger', `${runId}  ${state.padEnd(WIDEST_STATE)}  ${gist(note ?? '')}`.trimEnd(), at);
  }

  /** Every queue has been empty for a while: what was sent has been dealt with. */
  async settled(): Promise<void> {
    const urls = this.harness.queues(/./).filter((url) => !/dlq|deadletter/i.test(url));
    let quiet = 0;
    await waitFor(
      async () => {
        const depths = await Promise.all(urls.map((url) => this.harness.depth(url)));
        quiet = depths.every((depth) => depth === 0) ? quiet + 1 : 0;
        return quiet >= 3 ? true : undefined;
      },
      { what: 'all queues are empty', timeoutMs: 60_000, everyMs: 300 },
    );
  }

  async picture(): Promise<Picture> {
    const head = await this.harness.head(TARGET);
    return { head, listing: await this.harness.listing(head) };
  }

  /** Commits of the target since `head`, newest first, `head` itself left out. */
  async since(head: string): Promise<readonly Commit[]> {
    const commits: Commit[] = [];
    for await (const commit of this.harness.lakefs.log(this.harness.repository, TARGET, { stopAt: head }))
      if (commit.id !== head) commits.push(commit);
    return commits;
  }

  /** Merges on the target that carry this run's id. */
  async promotionsOf(runId: string, since: string): Promise<readonly Commit[]> {
    return (await this.since(since)).filter((commit) => commit.metadata[METADATA.runId] === runId);
  }

  /** lakeFS and ledger agree that this run reached the target once and whole, and nothing else did below `prefix`. */
  async checkPromoted(run: Run, before: Picture): Promise<readonly string[]> {
    this.same(`the ledger says ${run.runId} is PROMOTED`, run.state, 'PROMOTED');
    const merges = await this.promotionsOf(run.runId, before.head);
    this.same(
      `the target's log has one merge of it: ${shortId(run.mergeCommit)}`,
      merges.map((merge) => merge.id),
      [run.mergeCommit],
    );
    this.same('its second parent is the commit that the run branch held', merges[0]?.parents[1], run.runCommit);
    await this.checkBranchGone(run);
    return difference(before.listing, await this.harness.listing(TARGET));
  }

  /** The branch is deleted right after the end: moments later at most. */
  async checkBranchGone(run: Run): Promise<void> {
    await waitFor(async () => ((await this.harness.branchExists(run.branch)) ? undefined : true), {
      what: `branch ${run.branch} is gone`,
      timeoutMs: 20_000,
    });
    this.check('its run branch is gone', true);
  }

  /** @throws Unverified where the target moved or any object of it differs. */
  async checkUntouched(before: Picture, when: string): Promise<void> {
    const after = await this.picture();
    this.same(`${when} the target's head is as before: ${shortId(before.head)}`, after.head, before.head);
    const changed = difference(before.listing, after.listing);
    this.check(
      `and its ${String(before.listing.size)} objects are the same, by path and checksum`,
      changed.length === 0,
      () => `${String(changed.length)} differ: ${changed.slice(0, 3).join(', ')}`,
    );
  }
}

export interface Scene {
  readonly name: string;
  readonly about: string;
  play(stage: Stage): Promise<void>;
}

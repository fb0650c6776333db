/**
 * 500 runs that have ended at once and go into one target: promotions per second, as the queue delivers their wake-ups (batches of
 * ten, one group), over bare merges per second of as many branches, one after the other. Both in turns, a chunk each, on
 * the same server by the same client and in repositories of the same shape; opening and committing the runs comes before and is not timed.
 *
 * Goal: at least half as fast as bare merges.
 */
import type { Run } from '../lambdas/domain/run.ts';
import type { Lakefs } from '../lambdas/ports.ts';
import { countingClient } from './parts/client.ts';
import { type ControlPlane, makeControlPlane, quietly } from './parts/control-plane.ts';
import { round, sum, timed } from './parts/numbers.ts';
import { type Server, startServer } from './parts/server.ts';
import { stage } from './parts/wire.ts';

const MIN_RATIO = 0.5;
const RUNS = 500;
/** Messages in a batch: the most that a FIFO queue delivers. */
const BATCH = 10;
const CHUNK = 50;
/** Promoted and merged before time is taken: a container that serves a burst is warm after its first batches. */
const WARM_UP = 50;
const AT_ONCE = 8;

/** All items, a few at a time. */
const each = async <T, R>(items: readonly T[], work: (item: T, at: number) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of left) results[at] = await work(item, at);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
};

const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

const partition = (at: number): string => `sales/dt=${String(at)}/`;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/** Runs whose jobs have written and succeeded, each in a partition of its own; settled, so that all wake-ups lie in the queue. */
const prepareRuns = async (server: Server, ours: ControlPlane, count: number): Promise<Run[]> => {
  const runs = await each(numbers(count), async (at) => {
    const run = await ours.begin();
    await stage(server.wire, { repository: run.repository, branch: run.branch, prefix: partition(at) }, 1);
    return run;
  });
  for (const batch of chunksOf(runs, BATCH)) await ours.settle(batch);
  return runs;
};

/** @returns commits of as many branches with the same changes. */
const prepareCommits = (server: Server, repository: string, base: string, count: number): Promise<string[]> =>
  each(numbers(count), async (at) => {
    const branch = `run-bare-${String(at)}`;
    await server.wire('POST', `/repositories/${repository}/branches`, JSON.stringify({ name: branch, source: base }));
    await stage(server.wire, { repository, branch, prefix: partition(at) }, 1);
    const { text } = await server.wire(
      'POST',
      `/repositories/${repository}/branches/${branch}/commits`,
      JSON.stringify({ message: branch }),
    );
    return (JSON.parse(text) as { id: string }).id;
  });

const mergeAll = async (lakefs: Lakefs, repository: string, commits: readonly string[]): Promise<void> => {
  for (const commit of commits) {
    const { outcome } = await lakefs.merge(repository, commit, 'main', { message: 'bare', metadata: {} });
    if (outcome !== 'merged') throw new Error(`merge of ${commit}: ${outcome}`);
  }
};

const promoteAll = async (ours: ControlPlane, count: number): Promise<void> => {
  let left = count;
  while (left > 0) {
    const woken = await ours.promote(Math.min(BATCH, left));
    if (woken === 0) throw new Error(`the queue is empty, ${String(left)} wake-ups were expected`);
    left -= woken;
  }
};

export const run = async (scale: number) => {
  const server = await startServer();
  try {
    console.log(`against ${server.description}`);
    const repository = { ours: await server.makeRepository('ours'), bare: await server.makeRepository('bare') };
    const { lakefs, requests } = countingClient(server);
    const ours = makeControlPlane(server, repository.ours, lakefs);
    const count = Math.max(2 * BATCH, Math.round(RUNS * scale));
    const [preparingMs, runs] = await quietly(() => timed(() => prepareRuns(server, ours, WARM_UP + count)));
    const base = (await lakefs.getBranch(repository.bare, 'main'))?.commitId ?? '';
    const commits = await prepareCommits(server, repository.bare, base, WARM_UP + count);
    console.log(`${String(WARM_UP + count)} runs opened and committed in ${String(round(preparingMs / 1000, 1))} s`);

    await quietly(() => promoteAll(ours, WARM_UP));
    await mergeAll(lakefs, repository.bare, commits.slice(0, WARM_UP));

    let calls = 0;
    const times: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
    for (const chunk of chunksOf(commits.slice(WARM_UP), CHUNK)) {
      const before = requests();
      const [oursMs] = await quietly(() => timed(() => promoteAll(ours, chunk.length)));
      calls += requests() - before;
      const [bareMs] = await timed(() => mergeAll(lakefs, repository.bare, chunk));
      times.ours.push(oursMs);
      times.bare.push(bareMs);
      console.log(
        `${String(chunk.length).padStart(4)}: ${String(round((chunk.length * 1000) / oursMs, 1)).padStart(6)} promotions/s, ${String(round((chunk.length * 1000) / bareMs, 1)).padStart(6)} bare merges/s, ratio ${String(round(bareMs / oursMs))}`,
      );
    }
    await ours.requirePromoted(runs);
    const ratio = round(sum(times.bare) / sum(times.ours), 3);
    return {
      ok: ratio >= MIN_RATIO,
      ratio,
      minRatio: MIN_RATIO,
      runs: count,
      promotionsPerSecond: round((count * 1000) / sum(times.ours), 1),
      bareMergesPerSecond: round((count * 1000) / sum(times.bare), 1),
      lakefsCallsPerPromotion: round(calls / count),
      server: server.description,
    };
  } finally {
    await server.close();
  }
};

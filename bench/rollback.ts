/**
 * Rolling a target back over 1, 100 and 1,000 promotions, through our use case with the ledger in memory, over reverting the same
 * promotions one by one with bare calls on the same server. The listing afterwards has to equal the state in both.
 *
 * Goal: the same number of calls to lakeFS however many promotions are undone.
 */
import type { Commit } from '../lambdas/domain/lakefs.ts';
import { type CountingClient, countingClient } from './parts/client.ts';
import { type ControlPlane, makeControlPlane, quietly } from './parts/control-plane.ts';
import { round, timed } from './parts/numbers.ts';
import { type Server, startServer } from './parts/server.ts';
import { stage } from './parts/wire.ts';

const PROMOTIONS = [1, 100, 1000];
const AT_ONCE = 20;
/** A page of the log holds a thousand: more than that is one more call wherever the log is read. */
const MORE_CALLS = 6;

interface Lake {
  readonly server: Server;
  readonly client: CountingClient;
  readonly repository: string;
  readonly plane: ControlPlane;
}

const headOf = async ({ client, repository }: Lake): Promise<string> =>
  (await client.lakefs.getBranch(repository, 'main'))?.commitId ?? '';

const promoteMany = async ({ plane, server }: Lake, count: number, from: number): Promise<void> => {
  for (let done = 0; done < count; done += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - done) }, (_, i) => from + done + i);
    const begun = some.map(async (serial) => {
      const run = await plane.begin();
      const prefix = `sales/dt=${String(serial).padStart(6, '0')}/`;
      await stage(server.wire, { repository: run.repository, branch: run.branch, prefix }, 1);
      return run;
    });
    const runs = await quietly(() => Promise.all(begun));
    await quietly(() => plane.settle(runs));
    while ((await quietly(() => plane.promote(10))) > 0);
    await plane.requirePromoted(runs);
  }
};

const requireSame = async ({ client, repository }: Lake, a: string, b: string): Promise<void> => {
  for await (const { path } of client.lakefs.diff(repository, a, b, { type: 'two_dot' }))
    throw new Error(`${path} differs after the rollback`);
};

/** As `lakectl branch revert` does it: one call for each, newest first. */
const revertAll = async ({ server, repository }: Lake, merges: readonly Commit[]): Promise<void> => {
  for (const { id } of merges) {
    const body = JSON.stringify({ ref: id, parent_number: 1 });
    const { status, text } = await server.wire('POST', `/repositories/${repository}/branches/main/revert`, body);
    if (status !== 204) throw new Error(`revert of ${id} was answered ${String(status)}: ${text}`);
  }
};

const measure = async (lake: Lake, count: number, from: number) => {
  const state = await headOf(lake);
  await promoteMany(lake, count, from);
  const merges: Commit[] = [];
  for await (const commit of lake.client.lakefs.log(lake.repository, 'main', { stopAt: state })) {
    if (commit.id !== state) merges.push(commit);
  }
  const before = lake.client.requests();
  const [ms, answer] = await timed(() => quietly(() => lake.plane.rollBack(state)));
  const calls = lake.client.requests() - before;
  if (answer.outcome !== 'rolled-back' || answer.rollback.undoneCount !== count) {
    throw new Error(`${answer.outcome}, ${String(answer.rollback.undoneCount)} runs undone of ${String(count)}`);
  }
  await requireSame(lake, state, await headOf(lake));
  await quietly(() => lake.plane.rollBack(answer.rollback.safetyTag ?? ''));
  const [bareMs] = await timed(() => revertAll(lake, merges));
  await requireSame(lake, state, await headOf(lake));
  console.log(
    `${String(count)} promotions: ${String(calls)} calls, ${ms.toFixed(0)} ms; one by one ${String(count)} calls, ${bareMs.toFixed(0)} ms`,
  );
  return { promotions: count, calls, ms: round(ms), bareCalls: count, bareMs: round(bareMs) };
};

export const run = async (scale: number) => {
  const server = await startServer();
  try {
    console.log(server.description);
    const cases = [];
    for (const count of new Set(PROMOTIONS.map((promotions) => Math.max(1, Math.round(promotions * scale))))) {
      // A history of its own for each: earlier rollbacks would have to be judged too.
      const repository = await server.makeRepository(`rollback-${String(count)}`);
      const client = countingClient(server);
      const lake = { server, client, repository, plane: makeControlPlane(server, repository, client.lakefs) };
      await promoteMany(lake, 2, 0);
      cases.push(await measure(lake, count, 10));
    }
    const calls = cases.map((each) => each.calls);
    const last = cases.at(-1);
    return {
      server: server.description,
      cases,
      ratio: round((last?.ms ?? 0) / (last?.bareMs ?? 1), 4),
      ok: Math.max(...calls) - Math.min(...calls) <= MORE_CALLS,
    };
  } finally {
    await server.close();
  }
};

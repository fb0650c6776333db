/** Runs follow a target that people revert and reset, as this server tells its history. */
import { expect, it } from 'vitest';
import type { Run } from '../../lambdas/domain/run.ts';
import type { Ports } from '../../lambdas/ports.ts';
import { promoteRun } from '../../lambdas/usecases/promote-run.ts';
import { reconcile } from '../../lambdas/usecases/reconcile.ts';
import { resolveRun } from '../../lambdas/usecases/resolve-run.ts';
import { settleRun } from '../../lambdas/usecases/settle-run.ts';
import { startRun } from '../../lambdas/usecases/start-run.ts';
import { makeWorld } from '../fakes/ports.ts';
import { againstEveryServer } from './workbench.ts';

againstEveryServer((lake) => {
  const openWorld = async () => {
    const { lakefs, repository } = lake;
    const world = await makeWorld();
    const { repositories, pipelines, ...rest } = await world.config.load();
    const config = {
      ...rest,
      repositories: repositories.map((each) => ({ ...each, name: repository })),
      pipelines: pipelines.map((each) => ({ ...each, repository })),
    };
    const ports: Ports = { ...world, lakefs, config: { load: async () => config } };
    const look = () => reconcile(ports, { until: Number.MAX_SAFE_INTEGER });
    await look();
    const promoted = async (path: string, job: string): Promise<Run> => {
      const { run } = await startRun(ports, { job });
      await lake.put(run.branch, path);
      world.glue.end(run.jobRunId ?? '', 'SUCCEEDED');
      await settleRun(ports, { jobName: job, jobRunId: run.jobRunId ?? '' });
      return (await promoteRun(ports, run)).run ?? run;
    };
    const stateOf = async (run: Run) => (await world.ledger.getRun(run))?.state;
    const target = () => world.ledger.getTarget(repository, 'main');
    return { world, ports, look, promoted, stateOf, target };
  };
  const reset = async (to: string): Promise<void> => {
    expect((await lake.call('PUT', `/branches/main/hard_reset?ref=${to}`)).status).toBe(204);
  };

  it('to before a revert by which an entry was changed, before anybody had verified it', {
    timeout: 60_000,
  }, async () => {
    const { world, look, promoted, stateOf } = await openWorld();
    await lake.commit('main', { base: '1' });
    const run = await promoted('sales/dt=1/a', 'job-a');
    await lake.call('POST', '/branches/main/revert', { ref: run.mergeCommit, parent_number: 1 });
    const put = world.ledger.putTarget.bind(world.ledger);
    world.ledger.putTarget = async (next) => {
      if (next.verifiedCommit !== run.mergeCommit) throw new Error('dies');
      return put(next);
    };
    expect(await look()).toMatchObject({ failures: 1 });
    world.ledger.putTarget = put;
    expect(await stateOf(run)).toBe('ROLLED_BACK');
    await reset(run.mergeCommit ?? '');
    const other = await promoted('sales/dt=2/b', 'job-b');
    await look();
    expect(await lake.files()).toEqual(['base', 'sales/dt=1/a', 'sales/dt=2/b']);
    expect([await stateOf(run), await stateOf(other)]).toEqual(['PROMOTED', 'PROMOTED']);
  });

  it('to before a promotion, and forth again', { timeout: 60_000 }, async () => {
    const { world, ports, look, promoted, stateOf, target } = await openWorld();
    const base = await lake.commit('main', { base: '1' });
    const run = await promoted('sales/dt=1/a', 'job-a');
    const head = await lake.headOf();
    await reset(base.id);
    expect(await look()).toMatchObject({ blockedTargets: 1 });
    expect(await stateOf(run)).toBe('ROLLED_BACK');
    await reset(head);
    await look();
    expect(await stateOf(run)).toBe('PROMOTED');
    const commit = (await target())?.blocked?.commit ?? '';
    await resolveRun(ports, { action: 'accept-target', repository: lake.repository, target: 'main', commit });
    expect(await target()).toMatchObject({ verifiedCommit: head });
    world.clock.advance(20 * 60_000);
    await look();
    expect(await target()).not.toHaveProperty('noted');
    expect(await stateOf(run)).toBe('PROMOTED');
  });
});

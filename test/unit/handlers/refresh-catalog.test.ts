import { describe, expect, it, vi } from 'vitest';
import type { CatalogPorts } from '../../../lambdas/catalog-ports.ts';
import { publicationEventsOf } from '../../../lambdas/domain/domain-events.ts';
import { createHandler } from '../../../lambdas/handlers/refresh-catalog.ts';
import type { RefreshAnswer, RefreshRequest } from '../../../lambdas/usecases/refresh-catalog.ts';
import { refreshCatalog } from '../../../lambdas/usecases/refresh-catalog.ts';
import { wakeRefreshes } from '../../../lambdas/usecases/wake-refreshes.ts';
import { makeCatalogWorld } from '../../fakes/catalog.ts';
import { batch, context, failedOf, linesDuring, message } from './invoke.ts';

const publication = {
  ...{ schemaVersion: 1, version: 7, repository: 'lake', branch: 'main', commit: 'c', lagMs: 2500, updatedAt: 0 },
  tables: {},
};

const run = async (answers: RefreshAnswer[], bodies: string[]) => {
  const wake = vi.fn(() => Promise.resolve());
  const asked: RefreshRequest[] = [];
  const handler = createHandler(
    async (_, request) => {
      asked.push(request);
      return answers[asked.length - 1] ?? { outcome: 'up-to-date' };
    },
    () => ({ refreshes: { wake } }) as unknown as CatalogPorts,
  );
  const { answer, lines } = await linesDuring(() =>
    handler(batch(...bodies.map((body, i) => message(`m${String(i)}`, body))), context(120_000)),
  );
  return { failed: failedOf(answer), lines, asked, wake };
};
const BODY = '{"schemaVersion":1,"repository":"lake","target":"main"}';

describe('refresh-catalog', () => {
  it('refreshes the target of each message, and measures how long readers waited', async () => {
    const { failed, asked, lines } = await run([{ outcome: 'published', publication }], [BODY, BODY]);
    expect(failed).toEqual([]);
    expect(asked.map(({ repository, target }) => `${repository}/${target}`)).toEqual(['lake/main', 'lake/main']);
    expect((asked[0]?.until ?? 0) - Date.now()).toBeLessThan(90_000);
    expect(lines).toContainEqual(expect.objectContaining({ PublicationSeconds: 2.5 }));
  });

  it('asks for another invocation where the time was up', async () => {
    const { wake } = await run([{ outcome: 'unfinished', publication }], [BODY]);
    expect(wake).toHaveBeenCalledWith({ repository: 'lake', branch: 'main', version: 7 }, 'go on');
  });

  it('leaves what is no wake-up to the dead letters', async () => {
    const { failed } = await run([], ['{}']);
    expect(failed).toEqual(['m0']);
  });
});

describe('reconcile', () => {
  it('wakes what did not refresh, once it had time to, and tells how long readers have been waiting', async () => {
    const world = await makeCatalogWorld();
    await world.change({ 'sales/dt=1/a': 'a' });
    expect(await wakeRefreshes(world)).toEqual({ woken: 0, lagSeconds: 0 });
    world.clock.advance(90_000);
    expect(await wakeRefreshes(world)).toEqual({ woken: 1, lagSeconds: 90 });
    await refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY });
    expect(await wakeRefreshes(world)).toEqual({ woken: 0, lagSeconds: 0 });
    world.clock.advance(25 * 3_600_000);
    expect(await wakeRefreshes(world)).toEqual({ woken: 1, lagSeconds: 0 });
  });
});

describe('Catalog Refreshed', () => {
  it('is told once for each table that changed', async () => {
    const world = await makeCatalogWorld();
    const refresh = async () =>
      (await refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY }))
        .publication;
    const first = await world.change({ 'sales/dt=1/a': 'a', 'stock/a': 'b' });
    const before = await refresh();
    world.clock.advance(1000);
    const second = await world.change({ 'sales/dt=2/a': 'c' });
    const after = await refresh();
    if (before === undefined || after === undefined) throw new Error('nothing published');
    expect(publicationEventsOf(undefined, before)).toHaveLength(3);
    expect(publicationEventsOf(before, after).map(({ detail }) => detail)).toEqual([
      expect.objectContaining({ table: 'sales', from: first, to: second, partitionsAdded: 1, partitionsRemoved: 0 }),
    ]);
    expect(publicationEventsOf(after, after)).toEqual([]);
  });
});

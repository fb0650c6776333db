/** Every function that people invoke for a change writes down who asked before anything else is done. */
import { describe, expect, it } from 'vitest';
import { BranchlineError } from '../../../lambdas/domain/errors.ts';
import type { RequestRecord } from '../../../lambdas/domain/request.ts';
import { createHandler as catalog } from '../../../lambdas/handlers/catalog.ts';
import { createHandler as collectGarbage } from '../../../lambdas/handlers/collect-garbage.ts';
import { createHandler as drill } from '../../../lambdas/handlers/drill.ts';
import { createHandler as erase } from '../../../lambdas/handlers/erase.ts';
import { createHandler as exportOf } from '../../../lambdas/handlers/export.ts';
import { createHandler as replication } from '../../../lambdas/handlers/replication.ts';
import { createHandler as resolveRun } from '../../../lambdas/handlers/resolve-run.ts';
import { createHandler as snapshot } from '../../../lambdas/handlers/snapshot.ts';
import { makeWorld, type World } from '../../fakes/ports.ts';
import { context, linesDuring } from './invoke.ts';

type Create = (
  useCase: never,
  ports: never,
  requests: () => World,
) => (event: unknown, context: unknown) => Promise<unknown>;

const FUNCTIONS = { catalog, collectGarbage, drill, erase, exportOf, replication, resolveRun, snapshot };

/** @param act stands for the use case: it sees what the ledger held when it was called. */
const ask = async (
  name: keyof typeof FUNCTIONS,
  request: object,
  act: () => unknown = () => ({ outcome: 'done' }),
): Promise<{ answer: unknown; before: RequestRecord[]; after: RequestRecord[]; world: World }> => {
  const world = await makeWorld();
  let before: RequestRecord[] = [];
  const useCase = async (): Promise<unknown> => {
    before = [...world.requests.entries.values()];
    return act();
  };
  const create = FUNCTIONS[name] as unknown as Create;
  const handler = create(useCase as never, (() => ({})) as never, () => world);
  const { answer } = await linesDuring(() => handler(request, context()).catch((error: unknown) => error));
  return { answer, before, after: [...world.requests.entries.values()], world };
};

const SNAPSHOT = { repository: 'lake', id: 'snapshot-main-20261120T020000Z' };
const WHO = { requestedBy: 'anna' };

describe('who asked for what', () => {
  it.each([
    ['collectGarbage', { action: 'plan', ...WHO }, true],
    ['collectGarbage', { action: 'run', repository: 'lake', dryRun: true, ...WHO }, true],
    ['collectGarbage', { action: 'approve', repository: 'lake', collection: 'gc-20261120t020000z', ...WHO }, false],
    ['snapshot', { action: 'create', repository: 'lake', target: 'main', dryRun: true, ...WHO }, true],
    ['snapshot', { action: 'prune', dryRun: true, ...WHO }, true],
    ['snapshot', { action: 'prune', ...WHO }, false],
    ['snapshot', { action: 'hold', ...SNAPSHOT, reason: 'case 4711', ...WHO }, false],
    ['snapshot', { action: 'release', ...SNAPSHOT, ...WHO }, false],
    ['resolveRun', { action: 'release-target', repository: 'lake', target: 'main', ...WHO }, false],
    ['resolveRun', { action: 'discard', runId: 'r1', dryRun: true, ...WHO }, true],
    ['exportOf', { action: 'run', export: 'daily', dryRun: true, ...WHO }, true],
    ['erase', { action: 'plan', repository: 'lake', selection: { paths: ['a'] }, ...WHO }, true],
    ['catalog', { action: 'switch', dryRun: true, ...WHO }, true],
    ['catalog', { action: 'repair', ...WHO }, false],
    ['drill', { action: 'run', kind: 'restore', ...WHO }, false],
    ['replication', { action: 'verify', ...WHO }, false],
  ] as const)(
    '%s %j is in the ledger before it is done, and how it ended afterwards',
    async (name, request, dryRun) => {
      const { answer, before, after } = await ask(name, request);
      expect(answer).toEqual({ outcome: 'done' });
      expect(before).toMatchObject([{ version: 1, action: request.action, requestedBy: 'anna', dryRun }]);
      expect(before[0]).not.toHaveProperty('outcome');
      expect(after).toMatchObject([{ version: 2, action: request.action, outcome: 'done' }]);
    },
  );

  it.each([
    ['snapshot', { action: 'list' }],
    ['snapshot', { action: 'tend' }],
    ['catalog', { action: 'status' }],
    ['drill', { action: 'tend' }],
    ['exportOf', { action: 'list' }],
  ] as const)('%s %j is not: it looks, or a schedule sends it', async (name, request) => {
    expect(await ask(name, request)).toMatchObject({ answer: { outcome: 'done' }, after: [] });
  });

  it('what is refused is kept with its code', async () => {
    const refuse = (): never => {
      throw new BranchlineError('BL8101', 'no snapshot x of repository "lake"');
    };
    const { answer, after } = await ask('snapshot', { action: 'release', ...SNAPSHOT, ...WHO }, refuse);
    expect(answer).toMatchObject({ name: 'BL8101' });
    expect(after).toMatchObject([{ outcome: 'failed', code: 'BL8101', message: expect.stringContaining('lake') }]);
  });

  it('nothing is done that could not be written down', async () => {
    const world = await makeWorld();
    world.requests.put = () => Promise.reject(new BranchlineError('BL4001', 'the ledger is away'));
    let isDone = false;
    const create = snapshot as unknown as Create;
    const useCase = async (): Promise<void> => {
      isDone = true;
    };
    const handler = create(useCase as never, (() => ({})) as never, () => world);
    const { answer } = await linesDuring(() =>
      handler({ action: 'prune' }, context()).catch((error: unknown) => error),
    );
    expect(answer).toMatchObject({ name: 'BL4001' });
    expect(isDone).toBe(false);
  });

  it('what was done is answered, though its end could not be written down', async () => {
    const world = await makeWorld();
    const put = world.requests.put.bind(world.requests);
    world.requests.put = (next) => (next.version === 1 ? put(next) : Promise.reject(new Error('the ledger is away')));
    const create = snapshot as unknown as Create;
    const useCase = async (): Promise<unknown> => ({ outcome: 'pruned' });
    const handler = create(useCase as never, (() => ({})) as never, () => world);
    const { answer } = await linesDuring(() => handler({ action: 'prune' }, context()));
    expect(answer).toEqual({ outcome: 'pruned' });
    expect([...world.requests.entries.values()]).toMatchObject([{ version: 1 }]);
  });
});

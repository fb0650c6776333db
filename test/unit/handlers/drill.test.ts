import { describe, expect, it } from 'vitest';
import type { Drill } from '../../../lambdas/domain/drill.ts';
import type { DrillPorts } from '../../../lambdas/drill-ports.ts';
import { createHandler } from '../../../lambdas/handlers/drill.ts';
import type { DrillAnswer } from '../../../lambdas/usecases/drill.ts';
import { makeWorld } from '../../fakes/ports.ts';
import { context, linesDuring } from './invoke.ts';

const asked = async (answer: DrillAnswer, request: unknown) => {
  const world = await makeWorld();
  const handler = createHandler(
    async () => answer,
    () => ({}) as DrillPorts,
    () => world,
  );
  return linesDuring(() => Promise.resolve(handler(request, context())).catch((error: unknown) => error));
};

const made: Drill = {
  ...{ schemaVersion: 1, version: 2, id: 'x', drillKind: 'restore', state: 'PASSED', repository: 'lake' },
  ...{ storageNamespace: 's3://x', requestedBy: 'a', startedAt: 0, updatedAt: 0, leaseUntil: 0, steps: [] },
  ...{ seconds: 1.5, isRemoved: true },
};

const metricsOf = (lines: readonly unknown[]): string => JSON.stringify(lines);

describe('drill', () => {
  it('measures what a good one took', async () => {
    const { answer, lines } = await asked({ outcome: 'passed', drill: made }, { action: 'run', kind: 'restore' });
    expect(answer).toMatchObject({ outcome: 'passed' });
    expect(metricsOf(lines)).toContain('"DrilledRestoreSeconds":1.5');
  });

  it('measures nothing of one that failed', async () => {
    const failed = { ...made, state: 'FAILED' } as const;
    const { lines } = await asked({ outcome: 'failed', drill: failed }, { action: 'run', kind: 'restore' });
    expect(metricsOf(lines)).not.toContain('DrilledRestoreSeconds');
  });

  it('tells at every turn how old the last good one is, and what failed or is left', async () => {
    const report = { ran: [], removed: [], failed: ['rollback'], faults: ['x: denied'], ageSeconds: 4711 } as const;
    const { lines } = await asked({ outcome: 'tended', drills: [made], report }, { action: 'tend' });
    expect(metricsOf(lines)).toContain('"DrillAgeSeconds":4711');
    expect(metricsOf(lines)).toContain('"DrillFaults":2');
    expect(metricsOf(lines)).toContain('"DrilledRestoreSeconds":1.5');
  });

  it('refuses what is no drill', async () => {
    const { answer } = await asked({ outcome: 'listed', drills: [] }, { action: 'run', kind: 'fire' });
    expect(answer).toMatchObject({ name: 'BL1001' });
  });
});

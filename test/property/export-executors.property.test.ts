/**
 * Executors of Spark outlive the chunk that somebody else has done meanwhile: what they still write never lands at a destination that has
 * its marker, nor beside what a later run has written.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { EXPORT_ENGINES, type ExportConfig, type ExportEngine } from '../../lambdas/contract.ts';
import { isBranchlineError } from '../../lambdas/domain/errors.ts';
import { EXPORT_LEASE_MS, MARKER, sparkOrderKey } from '../../lambdas/domain/export.ts';
import { copyPlanned } from '../../lambdas/usecases/copy-chunk.ts';
import type { ExportCopy } from '../../lambdas/usecases/export-copy.ts';
import { runExport } from '../../lambdas/usecases/run-export.ts';
import { contentOf, EXPORT, type ExportWorld, expectedOf, makeExportWorld } from '../fakes/exports.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000);
const FOREVER = Number.POSITIVE_INFINITY;
/** A copy of many parts that was begun when the order still stood. */
const UNDER_WAY_MS = 10 * 60_000;
const PATHS = ['a', 'b', 'c'] as const;

const configBy = (engine: ExportEngine): ExportConfig => ({
  ...EXPORT,
  scale: {
    ...{ engine, aboveObjects: 0, aboveBytes: 1e9, chunkObjects: 2, concurrency: 3, toleratedFailurePercent: 10 },
    sparkAboveObjects: 1,
  },
});

type Step =
  | { readonly does: 'change'; readonly path: (typeof PATHS)[number]; readonly removes: boolean }
  | { readonly does: 'choose-engine'; readonly engine: ExportEngine }
  | { readonly does: 'export' | 'linger' | 'copy' | 'end' | 'wait' };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
    {
      weight: 3,
      arbitrary: fc.record({
        does: fc.constant('change' as const),
        path: fc.constantFrom(...PATHS),
        removes: fc.boolean(),
      }),
    },
    { weight: 6, arbitrary: fc.record({ does: fc.constant('export' as const) }) },
    { weight: 9, arbitrary: fc.record({ does: fc.constantFrom('linger' as const, 'copy' as const, 'end' as const) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('wait' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ does: fc.constant('choose-engine' as const), engine: fc.constantFrom(...EXPORT_ENGINES) }),
    },
  ),
  { minLength: 6, maxLength: 24 },
);

/** A task that has read its chunk and its order, and has not copied yet. */
interface Executor {
  readonly run: string;
  readonly execution: string;
  readonly copies: readonly ExportCopy[];
  lookedAt: number;
}

const chunksOf = ({ destination }: ExportWorld): readonly (readonly [key: string, content: string])[] =>
  [...destination.objects]
    .filter(([at]) => at.includes('/todo/'))
    .map(([at, { content }]) => [at.slice(at.indexOf('/') + 1), content]);

const runOf = (key: string): string => /exports\/([^/]+)\//.exec(key)?.[1] ?? '';

const isRunning = ({ exportJobs }: ExportWorld, execution: string): boolean =>
  exportJobs.executions.get(execution)?.state.state === 'running';
const hasOrder = ({ destination }: ExportWorld, run: string, execution: string): boolean =>
  destination.objects.has(`out/lake/${sparkOrderKey(run, execution)}`);

const linger = (world: ExportWorld): Executor[] => {
  const run = world.exports.entries.get('plain')?.run;
  if (run?.execution?.engine !== 'spark') return [];
  const execution = run.execution.name;
  if (!isRunning(world, execution) || !hasOrder(world, run.id, execution)) return [];
  return chunksOf(world)
    .filter(([key]) => runOf(key) === run.id)
    .map(([, content]) => ({
      ...{ run: run.id, execution, lookedAt: world.clock.now() },
      copies: (JSON.parse(content) as { copies: ExportCopy[] }).copies,
    }));
};

/** It ends with its job run; without its order it begins nothing more, and what was begun before is done after a while. */
const write = async (world: ExportWorld, executor: Executor): Promise<void> => {
  const { run, execution, copies } = executor;
  if (!isRunning(world, execution)) return;
  if (hasOrder(world, run, execution)) executor.lookedAt = world.clock.now();
  if (world.clock.now() - executor.lookedAt > UNDER_WAY_MS) return;
  for (const { key, source } of copies) await world.destination.copy(source, { bucket: 'out' }, `lake/${key}`);
};

const checkMarked = (world: ExportWorld): void => {
  const marker = world.destination.objects.get(`out/lake/${MARKER}`);
  if (marker === undefined) return;
  const { commit } = JSON.parse(marker.content) as { commit: string };
  expect(contentOf(world, EXPORT)).toEqual(expectedOf(world, EXPORT, commit));
};

it('never change what a marker vouches for', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (story) => {
      const world = await makeExportWorld(configBy('spark'));
      await world.change({ a: 'first a', b: 'first b', c: 'first c' });
      const executors: Executor[] = [];
      let serial = 0;
      for (const step of story) {
        switch (step.does) {
          case 'change':
            serial += 1;
            await world.change({ [step.path]: step.removes ? null : `content ${String(serial)}` });
            break;
          case 'choose-engine':
            world.exportConfigs = [configBy(step.engine)];
            break;
          case 'export':
            await runExport(world, { name: 'plain', until: FOREVER });
            break;
          case 'linger':
            executors.push(...linger(world));
            break;
          case 'copy':
            for (const [key] of chunksOf(world)) {
              await copyPlanned(world, { export: 'plain', run: runOf(key), key, until: FOREVER }).catch(
                (error: unknown) => {
                  if (!isBranchlineError(error, 'BL9003')) throw error;
                },
              );
            }
            break;
          case 'end':
            for (const engine of [world.exportMaps, world.exportJobs])
              for (const name of engine.executions.keys()) engine.end(name, world.clock.now(), 'FAILED');
            break;
          case 'wait':
            world.clock.advance(EXPORT_LEASE_MS + 1);
            break;
        }
        for (const executor of executors) await write(world, executor);
        checkMarked(world);
      }
    }),
    { numRuns: RUNS },
  );
});

/** A target that can be rolled back, and whoever asks for it. */
import type { PipelineConfig } from '../../../lambdas/contract.ts';
import type { RollbackRequest } from '../../../lambdas/payloads.ts';
import { type RollbackAnswer, rollBack } from '../../../lambdas/usecases/rollback.ts';
import { type RollbackWorld, withRollbacks } from '../../fakes/rollback-world.ts';
import { stage } from './stage.ts';

export const rollbackStage = async (pipeline: Partial<PipelineConfig> = {}): Promise<RollbackWorld> =>
  withRollbacks(await stage(pipeline));

type ToState = Extract<RollbackRequest, { action: 'roll-back' }>;
type Undo = Extract<RollbackRequest, { action: 'undo-run' }>;

const place = { repository: 'lake', target: 'main', requestedBy: 'anna' } as const;
const FOREVER = Number.MAX_SAFE_INTEGER;

export const backTo = (
  world: RollbackWorld,
  to: string,
  more: Partial<Pick<ToState, 'tables' | 'prefixes' | 'dryRun'>> = {},
  until = FOREVER,
): Promise<RollbackAnswer> => rollBack(world, { action: 'roll-back', ...place, to, ...more }, until);

export const undo = (
  world: RollbackWorld,
  runId: string,
  more: Partial<Pick<Undo, 'restorePartitions' | 'dryRun'>> = {},
): Promise<RollbackAnswer> => rollBack(world, { action: 'undo-run', ...place, runId, ...more }, FOREVER);

/** Waiting until readers see what was asked for. */
import type { TableStatus } from '../lambdas/usecases/catalog-status.ts';
import type { TableChoice } from '../lambdas/usecases/catalog-tables.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';
import { asFailure, Failure } from './failure.ts';
import { progressOf } from './progress.ts';
import { counted, duration } from './text.ts';

const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
/** Of failures one after the other that may pass. */
const PATIENCE_MS = 600_000;

/** The first failure decides: what failed is not mended by waiting. */
export const exitCodeOfTables = (tables: readonly TableStatus[]): ExitCode => {
  const failure = tables.find((table) => table.failure !== undefined)?.failure;
  return failure === undefined ? EXIT.ok : exitCodeOf(failure.code);
};

/**
 * @param isDone of one table; a table that failed is waited for no longer once the failure is told.
 * @throws Failure BL6007 where the time is up.
 */
export const waitForTables = async (
  context: Context,
  choice: TableChoice,
  isDone: (table: TableStatus) => boolean,
  timeoutMs: number | undefined,
): Promise<readonly TableStatus[]> => {
  const started = context.now();
  const until = timeoutMs === undefined ? Number.POSITIVE_INFINITY : started + timeoutMs;
  const progress = progressOf(context);
  let pauseMs = PAUSE_MS;
  let failingSince: number | undefined;
  let left = 0;
  try {
    for (;;) {
      try {
        const { tables } = await context.deployment.catalog.status(choice);
        failingSince = undefined;
        const open = tables.filter((table) => !isDone(table));
        if (open.length === 0) return tables;
        left = open.length;
      } catch (error) {
        const failure = asFailure(error);
        failingSince ??= context.now();
        if (!failure.retryable || context.now() - failingSince > PATIENCE_MS) throw failure;
      }
      progress.tell(`${counted(left, 'table')} to go`);
      if (context.now() >= until) {
        throw new Failure('BL6007', `after ${duration(timeoutMs ?? 0)} ${counted(left, 'table')} to go`, {
          data: { ...choice, left },
          remedy: 'It goes on by itself: look with `branchline catalog status`.',
        });
      }
      await context.pause(Math.min(pauseMs, until - context.now()));
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.3);
    }
  } finally {
    progress.end();
  }
};

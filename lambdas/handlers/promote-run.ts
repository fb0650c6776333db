/** promote-run: wake-ups from the FIFO queue, one group per target. The message names a run; the ledger decides. */
import type { SQSEvent } from 'aws-lambda';
import { parseWakeUp } from '../adapters/promotions.ts';
import type { RunKey } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { promoteRun } from '../usecases/promote-run.ts';
import { eachInGroup } from './batch.ts';
import { lambda } from './middleware.ts';
import { portsOfContainer } from './wiring.ts';

export const createHandler = (
  useCase: (ports: Ports, key: RunKey) => Promise<{ readonly outcome: string }> = promoteRun,
  ports: () => Ports = portsOfContainer,
) =>
  lambda(async (event: SQSEvent) =>
    eachInGroup(event, async (record, log) => {
      const key = parseWakeUp(record.body);
      const { outcome } = await useCase({ ...ports(), log }, key);
      log.info('wake-up handled', { ...key, outcome });
    }),
  );

export const handler = createHandler();

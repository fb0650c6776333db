/** promote-run: wake-ups from the FIFO queue, one group per target. The message names a run; the ledger decides. */
import type { SQSEvent } from 'aws-lambda';
import { parseWakeUp } from '../adapters/promotions.ts';
import type { Run, RunKey } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { payDebts, promote } from '../usecases/promote-run.ts';
import { Batch } from '../usecases/promotion-batch.ts';
import type { PromoteAnswer } from '../usecases/settle-merged.ts';
import { eachInGroup } from './batch.ts';
import { lambda } from './middleware.ts';
import { portsOfContainer } from './wiring.ts';

export const createHandler = (
  useCase: (
    ports: Ports,
    key: RunKey,
    batch: Batch,
  ) => Promise<Pick<PromoteAnswer, 'run'> & { readonly outcome: string }> = promote,
  ports: () => Ports = portsOfContainer,
) =>
  lambda(async (event: SQSEvent) => {
    const batch = new Batch();
    const answered: Run[] = [];
    const answer = await eachInGroup(event, async (record, log) => {
      const key = parseWakeUp(record.body);
      const { outcome, run } = await useCase({ ...ports(), log }, key, batch);
      if (run !== undefined) answered.push(run);
      log.info('wake-up handled', { ...key, outcome });
    });
    // Branches of different runs have nothing to do with one another: they go together, once nobody waits for a promotion.
    await Promise.all(answered.map((run) => payDebts(ports(), run)));
    return answer;
  });

export const handler = createHandler();

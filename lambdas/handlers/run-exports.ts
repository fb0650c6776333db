/** run-exports: wake-ups from the FIFO queue, one group per export. A target that moved becomes a wake-up for each export of it. */
import type { SQSEvent } from 'aws-lambda';
import { parseExportWakeUp } from '../adapters/export-queue.ts';
import { METRIC } from '../contract.ts';
import type { ExportPorts } from '../export-ports.ts';
import { runExportOnWakeUp, wakeExportsOf } from '../usecases/run-exports.ts';
import { eachInGroup } from './batch.ts';
import { deadline } from './deadline.ts';
import { exportPortsOfContainer } from './export-wiring.ts';
import { lambda } from './middleware.ts';
import { count } from './observability.ts';

/** A chunk that is under way may take so long; none is begun with less time left. */
export const LAST_STEP_MS = 120_000;

export const createHandler = (
  useCase: typeof runExportOnWakeUp = runExportOnWakeUp,
  ports: () => ExportPorts = exportPortsOfContainer,
) =>
  lambda((event: SQSEvent) =>
    eachInGroup(event, async ({ body, messageId }, log) => {
      const wakeUp = parseExportWakeUp(body);
      if (!('export' in wakeUp)) {
        const woken = await wakeExportsOf(ports(), wakeUp, messageId);
        log.info('target moved', { ...wakeUp, woken });
        return;
      }
      const name = wakeUp.export;
      const { outcome, record } = await useCase({ ...ports(), log }, { name, until: deadline() - LAST_STEP_MS });
      log.info('wake-up handled', { export: name, outcome, commit: record?.commit });
      if (outcome === 'exported') count(METRIC.exportedObjects, record?.last?.copied ?? 0);
    }),
  );

export const handler = createHandler();

/** refresh-catalog: wake-ups from the FIFO queue, one group per target. The message names a target; the ledger decides. */
import type { SQSEvent } from 'aws-lambda';
import { parseRefresh } from '../adapters/refreshes.ts';
import type { CatalogPorts } from '../catalog-ports.ts';
import { METRIC } from '../contract.ts';
import { type RefreshAnswer, type RefreshRequest, refreshCatalog } from '../usecases/refresh-catalog.ts';
import { eachInGroup } from './batch.ts';
import { catalogPortsOfContainer } from './catalog-wiring.ts';
import { deadline } from './deadline.ts';
import { lambda } from './middleware.ts';
import { seconds } from './observability.ts';

/** A step that is under way may take so long; none is begun with less time left. */
const LAST_STEP_MS = 30_000;

export const createHandler = (
  useCase: (ports: CatalogPorts, request: RefreshRequest) => Promise<RefreshAnswer> = refreshCatalog,
  ports: () => CatalogPorts = catalogPortsOfContainer,
) =>
  lambda((event: SQSEvent) =>
    eachInGroup(event, async (record, log) => {
      const { repository, target } = parseRefresh(record.body);
      const { outcome, publication } = await useCase(
        { ...ports(), log },
        { repository, target, until: deadline() - LAST_STEP_MS },
      );
      log.info('wake-up handled', { repository, target, outcome, commit: publication?.commit });
      if (outcome === 'published' && publication?.lagMs !== undefined) {
        seconds(METRIC.publicationSeconds, publication.lagMs / 1000);
      }
      if (outcome === 'unfinished') {
        // Its version makes it distinct from every other: the next invocation goes on.
        const version = publication?.version ?? 0;
        await ports().refreshes.wake({ repository, branch: target, version }, 'go on');
      }
    }),
  );

export const handler = createHandler();

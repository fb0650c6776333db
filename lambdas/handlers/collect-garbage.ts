/** collect-garbage: invoked by people and, with `tend`, by a schedule. Payload: `collectGarbageRequest` in payloads.ts. */
import type { CollectionPorts } from '../collection-ports.ts';
import { FUNCTION, METRIC } from '../contract.ts';
import { type CollectGarbageRequest, collectGarbageRequest } from '../payloads.ts';
import type { RequestPorts } from '../request-ports.ts';
import { type CollectGarbageAnswer, collectGarbage } from '../usecases/collect-garbage.ts';
import { onAsked } from './asked.ts';
import { collectionPortsOfContainer } from './collection-wiring.ts';
import { deadline } from './deadline.ts';
import { count, logger, seconds } from './observability.ts';
import { requestPortsOfContainer } from './request-wiring.ts';

/** A step that is under way may take so long; none is begun with less time left. */
const LAST_STEP_MS = 90_000;

export const createHandler = (
  useCase: (
    ports: CollectionPorts,
    request: CollectGarbageRequest,
    until: number,
  ) => Promise<CollectGarbageAnswer> = collectGarbage,
  ports: () => CollectionPorts = collectionPortsOfContainer,
  requests: () => RequestPorts = requestPortsOfContainer,
) =>
  onAsked({ name: FUNCTION.collectGarbage, schema: collectGarbageRequest, requests }, async (request) => {
    const answer = await useCase(ports(), request, deadline() - LAST_STEP_MS);
    if (answer.outcome === 'tended') {
      const { failed, faults, missing, waitSeconds } = answer.report;
      count(METRIC.failedCollections, failed.length + faults.length);
      count(METRIC.missingObjects, missing);
      seconds(METRIC.collectionWaitSeconds, waitSeconds);
      logger.info('tended to garbage collections', { ...answer.report });
    }
    return answer;
  });

export const handler = createHandler();

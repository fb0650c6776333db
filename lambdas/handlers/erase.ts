/** erase: invoked by people and, with `tend`, by a schedule. Payload: `eraseRequest` in payloads.ts. */
import { METRIC } from '../contract.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { type EraseRequest, eraseRequest } from '../payloads.ts';
import { type EraseAnswer, erase } from '../usecases/erase.ts';
import { deadline } from './deadline.ts';
import { erasurePortsOfContainer } from './erasure-wiring.ts';
import { onRequest } from './middleware.ts';
import { logger, seconds } from './observability.ts';

/** A step that is under way may take so long; none is begun with less time left. */
const LAST_STEP_MS = 90_000;

export const createHandler = (
  useCase: (ports: ErasurePorts, request: EraseRequest, until: number) => Promise<EraseAnswer> = erase,
  ports: () => ErasurePorts = erasurePortsOfContainer,
) =>
  onRequest(eraseRequest, async (request) => {
    const answer = await useCase(ports(), request, deadline() - LAST_STEP_MS);
    if (answer.outcome === 'tended') {
      seconds(METRIC.erasureWaitSeconds, answer.report.waitSeconds);
      logger.info('tended to erasures', { ...answer.report });
    }
    return answer;
  });

export const handler = createHandler();

/** erase: invoked by people and, with `tend`, by a schedule. Payload: `eraseRequest` in payloads.ts. */
import { FUNCTION, METRIC } from '../contract.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { type EraseRequest, eraseRequest } from '../payloads.ts';
import type { RequestPorts } from '../request-ports.ts';
import { type EraseAnswer, erase } from '../usecases/erase.ts';
import { onAsked } from './asked.ts';
import { deadline } from './deadline.ts';
import { erasurePortsOfContainer } from './erasure-wiring.ts';
import { logger, seconds } from './observability.ts';
import { requestPortsOfContainer } from './request-wiring.ts';

/** A step that is under way may take so long; none is begun with less time left. */
const LAST_STEP_MS = 90_000;

export const createHandler = (
  useCase: (ports: ErasurePorts, request: EraseRequest, until: number) => Promise<EraseAnswer> = erase,
  ports: () => ErasurePorts = erasurePortsOfContainer,
  requests: () => RequestPorts = requestPortsOfContainer,
) =>
  onAsked({ name: FUNCTION.erase, schema: eraseRequest, requests }, async (request) => {
    const answer = await useCase(ports(), request, deadline() - LAST_STEP_MS);
    if (answer.outcome === 'tended') {
      seconds(METRIC.erasureWaitSeconds, answer.report.waitSeconds);
      logger.info('tended to erasures', { ...answer.report });
    }
    return answer;
  });

export const handler = createHandler();

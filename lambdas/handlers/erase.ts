/** erase: invoked by people. Payload: `eraseRequest` in payloads.ts. */
import type { ErasurePorts } from '../erasure-ports.ts';
import { type EraseRequest, eraseRequest } from '../payloads.ts';
import { type EraseAnswer, erase } from '../usecases/erase.ts';
import { deadline } from './deadline.ts';
import { erasurePortsOfContainer } from './erasure-wiring.ts';
import { onRequest } from './middleware.ts';

/** A step that is under way may take so long; none is begun with less time left. */
const LAST_STEP_MS = 60_000;

export const createHandler = (
  useCase: (ports: ErasurePorts, request: EraseRequest, until: number) => Promise<EraseAnswer> = erase,
  ports: () => ErasurePorts = erasurePortsOfContainer,
) => onRequest(eraseRequest, (request) => useCase(ports(), request, deadline() - LAST_STEP_MS));

export const handler = createHandler();

/** rollback: puts a target back. Payload: `rollbackRequest` in payloads.ts. The time it has left ends a step, not the work. */
import { type RollbackRequest, rollbackRequest } from '../payloads.ts';
import type { RollbackPorts } from '../rollback-ports.ts';
import { type RollbackAnswer, rollBack } from '../usecases/rollback.ts';
import { deadline } from './deadline.ts';
import { onRequest } from './middleware.ts';
import { rollbackPortsOfContainer } from './rollback-wiring.ts';

/** A step that is under way may take so long; none is begun with less time left. */
const LAST_STEP_MS = 60_000;

export const createHandler = (
  useCase: (ports: RollbackPorts, request: RollbackRequest, until: number) => Promise<RollbackAnswer> = rollBack,
  ports: () => RollbackPorts = rollbackPortsOfContainer,
) => onRequest(rollbackRequest, (request) => useCase(ports(), request, deadline() - LAST_STEP_MS));

export const handler = createHandler();

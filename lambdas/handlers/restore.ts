/** restore: a person's request. Payload: `restoreRequest` in payloads.ts. */
import { type RestoreRequest, restoreRequest } from '../payloads.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { type RestoreAnswer, restore } from '../usecases/restore.ts';
import { deadline } from './deadline.ts';
import { onRequest } from './middleware.ts';
import { restorePortsOfContainer } from './restore-wiring.ts';

/** What follows after the waiting has to have its time. */
const LAST_STEPS_MS = 60_000;

export const createHandler = (
  useCase: (ports: RestorePorts, request: RestoreRequest, until: number) => Promise<RestoreAnswer> = restore,
  ports: () => RestorePorts = restorePortsOfContainer,
) => onRequest(restoreRequest, (request) => useCase(ports(), request, deadline() - LAST_STEPS_MS));

export const handler = createHandler();

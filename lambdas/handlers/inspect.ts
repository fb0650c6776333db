/** inspect: questions of the CLI and of people. Payload: `inspectRequest` in payloads.ts. */
import { type InspectRequest, inspectRequest } from '../payloads.ts';
import { type InspectAnswer, type InspectPorts, inspect } from '../usecases/inspect.ts';
import { onRequest } from './middleware.ts';
import { inspectPortsOfContainer } from './rollback-wiring.ts';

export const createHandler = (
  useCase: (ports: InspectPorts, request: InspectRequest) => Promise<InspectAnswer> = inspect,
  ports: () => InspectPorts = inspectPortsOfContainer,
) => onRequest(inspectRequest, (request) => useCase(ports(), request));

export const handler = createHandler();

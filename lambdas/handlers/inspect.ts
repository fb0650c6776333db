/** inspect: questions of the CLI and of people. Payload: `inspectRequest` in payloads.ts. */
import { type InspectRequest, inspectRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { type InspectAnswer, inspect } from '../usecases/inspect.ts';
import { onRequest } from './middleware.ts';
import { portsOfContainer } from './wiring.ts';

export const createHandler = (
  useCase: (ports: Ports, request: InspectRequest) => Promise<InspectAnswer> = inspect,
  ports: () => Ports = portsOfContainer,
) => onRequest(inspectRequest, (request) => useCase(ports(), request));

export const handler = createHandler();

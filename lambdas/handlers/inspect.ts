/** inspect: questions of the CLI and of people. Payload: `inspectRequest` in payloads.ts. */
import { type InspectRequest, inspectRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { type InspectAnswer, inspect } from '../usecases/inspect.ts';
import { lambda, parseRequest } from './middleware.ts';
import { portsOfContainer } from './wiring.ts';

export const createHandler = (
  useCase: (ports: Ports, request: InspectRequest) => Promise<InspectAnswer> = inspect,
  ports: () => Ports = portsOfContainer,
) => lambda(async (event: unknown) => useCase(ports(), parseRequest(inspectRequest, event)));

export const handler = createHandler();

/** resolve-run: a person's decision. Payload: `resolveRunRequest` in payloads.ts. */
import { FUNCTION } from '../contract.ts';
import { type ResolveRunRequest, resolveRunRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import type { RequestPorts } from '../request-ports.ts';
import { type ResolveAnswer, resolveRun } from '../usecases/resolve-run.ts';
import { onAsked } from './asked.ts';
import { requestPortsOfContainer } from './request-wiring.ts';
import { portsOfContainer } from './wiring.ts';

export const createHandler = (
  useCase: (ports: Ports, request: ResolveRunRequest) => Promise<ResolveAnswer> = resolveRun,
  ports: () => Ports = portsOfContainer,
  requests: () => RequestPorts = requestPortsOfContainer,
) =>
  onAsked({ name: FUNCTION.resolveRun, schema: resolveRunRequest, requests }, (request) => useCase(ports(), request));

export const handler = createHandler();

/** resolve-run: a person's decision. Payload: `resolveRunRequest` in payloads.ts. */
import { type ResolveRunRequest, resolveRunRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { type ResolveAnswer, resolveRun } from '../usecases/resolve-run.ts';
import { onRequest } from './middleware.ts';
import { portsOfContainer } from './wiring.ts';

export const createHandler = (
  useCase: (ports: Ports, request: ResolveRunRequest) => Promise<ResolveAnswer> = resolveRun,
  ports: () => Ports = portsOfContainer,
) => onRequest(resolveRunRequest, (request) => useCase(ports(), request));

export const handler = createHandler();

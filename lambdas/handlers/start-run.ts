/** start-run: invoked by people, schedules and pipelines. Payload and answer: `startRunRequest` in payloads.ts. */
import { type StartRunRequest, startRunRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { type StartAnswer, startRun } from '../usecases/start-run.ts';
import { onRequest } from './middleware.ts';
import { portsOfContainer } from './wiring.ts';

export const createHandler = (
  useCase: (ports: Ports, request: StartRunRequest) => Promise<StartAnswer> = startRun,
  ports: () => Ports = portsOfContainer,
) => onRequest(startRunRequest, (request) => useCase(ports(), request));

export const handler = createHandler();

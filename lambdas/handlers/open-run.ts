/** open-run: events that a job run has begun, through a queue. */
import type { SQSEvent } from 'aws-lambda';
import type { JobRunHint } from '../events.ts';
import type { Ports } from '../ports.ts';
import { openRun } from '../usecases/open-run.ts';
import { eachHint } from './job-run-event.ts';
import { lambda } from './middleware.ts';
import { portsOfContainer } from './wiring.ts';

export const createHandler = (
  useCase: (ports: Ports, hint: JobRunHint) => Promise<{ readonly outcome: string }> = openRun,
  ports: () => Ports = portsOfContainer,
) => lambda(async (event: SQSEvent, context) => eachHint(event, context, ports, useCase));

export const handler = createHandler();

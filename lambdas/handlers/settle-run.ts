/** settle-run: events that a job run has ended, through a queue. */
import type { SQSEvent } from 'aws-lambda';
import type { JobRunHint } from '../events.ts';
import type { Ports } from '../ports.ts';
import { settleRun } from '../usecases/settle-run.ts';
import { footersOfContainer } from './footer-wiring.ts';
import { eachHint } from './job-run-event.ts';
import { lambda } from './middleware.ts';
import { portsOfContainer } from './wiring.ts';

/** With what it keeps for the refresh. */
const settlingPorts = (): Ports => {
  const footers = footersOfContainer();
  return { ...portsOfContainer(), ...(footers === undefined ? {} : { keepFooters: footers.put }) };
};

export const createHandler = (
  useCase: (ports: Ports, hint: JobRunHint) => Promise<{ readonly outcome: string }> = settleRun,
  ports: () => Ports = settlingPorts,
) => lambda(async (event: SQSEvent, context) => eachHint(event, context, ports, useCase));

export const handler = createHandler();

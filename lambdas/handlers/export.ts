/** export: runs, plans, verifies and lists exports. Payload: `exportRequest` in payloads.ts. */
import { FUNCTION, METRIC } from '../contract.ts';
import type { ExportPorts } from '../export-ports.ts';
import { exportRequest } from '../payloads.ts';
import type { RequestPorts } from '../request-ports.ts';
import { type ExportAnswer, exportOf } from '../usecases/export.ts';
import { onAsked } from './asked.ts';
import { deadline } from './deadline.ts';
import { exportPortsOfContainer } from './export-wiring.ts';
import { count } from './observability.ts';
import { requestPortsOfContainer } from './request-wiring.ts';
import { LAST_STEP_MS } from './run-exports.ts';

export const createHandler = (
  useCase: typeof exportOf = exportOf,
  ports: () => ExportPorts = exportPortsOfContainer,
  requests: () => RequestPorts = requestPortsOfContainer,
) =>
  onAsked({ name: FUNCTION.export, schema: exportRequest, requests }, async (request): Promise<ExportAnswer> => {
    const answer = await useCase(ports(), request, deadline() - LAST_STEP_MS);
    if (answer.outcome === 'exported') count(METRIC.exportedObjects, answer.record?.last?.copied ?? 0);
    return answer;
  });

export const handler = createHandler();

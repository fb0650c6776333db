/** drill: invoked by people and, with `tend`, by a schedule. Payload: `drillRequest` in payloads.ts. */
import { FUNCTION, METRIC } from '../contract.ts';
import type { Drill } from '../domain/drill.ts';
import type { DrillPorts } from '../drill-ports.ts';
import { type DrillRequest, drillRequest } from '../payloads.ts';
import type { RequestPorts } from '../request-ports.ts';
import { type DrillAnswer, drill } from '../usecases/drill.ts';
import { onAsked } from './asked.ts';
import { deadline } from './deadline.ts';
import { drillPortsOfContainer } from './drill-wiring.ts';
import { count, logger, seconds } from './observability.ts';
import { requestPortsOfContainer } from './request-wiring.ts';

/** What was made is removed after the last step. */
const LAST_STEP_MS = 120_000;

const MEASURED = { rollback: METRIC.drilledRollbackSeconds, restore: METRIC.drilledRestoreSeconds } as const;

const measure = ({ drillKind, state, seconds: taken }: Drill): void => {
  if (state === 'PASSED' && taken !== undefined) seconds(MEASURED[drillKind], taken);
};

export const createHandler = (
  useCase: (ports: DrillPorts, request: DrillRequest, until: number) => Promise<DrillAnswer> = drill,
  ports: () => DrillPorts = drillPortsOfContainer,
  requests: () => RequestPorts = requestPortsOfContainer,
) =>
  onAsked({ name: FUNCTION.drill, schema: drillRequest, requests }, async (request) => {
    const answer = await useCase(ports(), request, deadline() - LAST_STEP_MS);
    if ('drill' in answer) measure(answer.drill);
    if (answer.outcome === 'tended') {
      const { failed, faults, ageSeconds } = answer.report;
      for (const each of answer.drills) measure(each);
      seconds(METRIC.drillAgeSeconds, ageSeconds);
      count(METRIC.drillFaults, failed.length + faults.length);
      logger.info('tended to drills', { ...answer.report });
    }
    return answer;
  });

export const handler = createHandler();

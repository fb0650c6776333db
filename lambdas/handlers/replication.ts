/** replication: invoked by people and, with `tend`, by a schedule. Payload: `replicationRequest` in payloads.ts. */
import { FUNCTION, METRIC } from '../contract.ts';
import { type ReplicationRequest, replicationRequest } from '../payloads.ts';
import type { ReplicationPorts } from '../replication-ports.ts';
import type { RequestPorts } from '../request-ports.ts';
import { type ReplicationAnswer, replication } from '../usecases/replication.ts';
import { onAsked } from './asked.ts';
import { deadline } from './deadline.ts';
import { count, logger, seconds } from './observability.ts';
import { replicationPortsOfContainer } from './replication-wiring.ts';
import { requestPortsOfContainer } from './request-wiring.ts';

/** A page that is under way may take so long; none is begun with less time left. */
const LAST_STEP_MS = 60_000;

export const createHandler = (
  useCase: (
    ports: ReplicationPorts,
    request: ReplicationRequest,
    until: number,
  ) => Promise<ReplicationAnswer> = replication,
  ports: () => ReplicationPorts = replicationPortsOfContainer,
  requests: () => RequestPorts = requestPortsOfContainer,
) =>
  onAsked({ name: FUNCTION.replication, schema: replicationRequest, requests }, async (request) => {
    const answer = await useCase(ports(), request, deadline() - LAST_STEP_MS);
    if (answer.outcome === 'tended') {
      const { lagSeconds, restorableSeconds, missing, failures } = answer.report;
      seconds(METRIC.replicationLagSeconds, lagSeconds);
      seconds(METRIC.replicatedSnapshotSeconds, restorableSeconds);
      count(METRIC.unreplicatedObjects, missing);
      count(METRIC.replicationFaults, failures.length);
      logger.info('looked at the second region', { ...answer.report });
    }
    return answer;
  });

export const handler = createHandler();

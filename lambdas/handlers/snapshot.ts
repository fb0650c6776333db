/** snapshot: invoked by people and, with `tend`, by a schedule. Payload: `snapshotRequest` in payloads.ts. */
import { FUNCTION, METRIC } from '../contract.ts';
import { type SnapshotRequest, snapshotRequest } from '../payloads.ts';
import type { RequestPorts } from '../request-ports.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';
import { type SnapshotAnswer, snapshot } from '../usecases/snapshot.ts';
import { onAsked } from './asked.ts';
import { deadline } from './deadline.ts';
import { count, logger, seconds } from './observability.ts';
import { requestPortsOfContainer } from './request-wiring.ts';
import { snapshotPortsOfContainer } from './snapshot-wiring.ts';

/** A step that is under way may take so long; none is begun with less time left. */
const LAST_STEP_MS = 60_000;

export const createHandler = (
  useCase: (ports: SnapshotPorts, request: SnapshotRequest, until: number) => Promise<SnapshotAnswer> = snapshot,
  ports: () => SnapshotPorts = snapshotPortsOfContainer,
  requests: () => RequestPorts = requestPortsOfContainer,
) =>
  onAsked({ name: FUNCTION.snapshot, schema: snapshotRequest, requests }, async (request) => {
    const answer = await useCase(ports(), request, deadline() - LAST_STEP_MS);
    if (answer.outcome === 'tended') {
      const { newestGoodSeconds, damaged, failures } = answer.report;
      seconds(METRIC.snapshotAgeSeconds, newestGoodSeconds);
      count(METRIC.snapshotFaults, damaged.length + failures.length);
      logger.info('tended to snapshots', { ...answer.report });
    }
    return answer;
  });

export const handler = createHandler();

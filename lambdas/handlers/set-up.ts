/**
 * set-up: custom resource of the deployment, behind CDK's provider framework. Removing the stack removes nothing in lakeFS.
 * Invoked by hand with `{}` it does the same and answers its report.
 */
import type { CdkCustomResourceEvent, CdkCustomResourceResponse } from 'aws-lambda';
import { pause } from '../adapters/pause.ts';
import type { Ports } from '../ports.ts';
import { type SetUpReport, setUp } from '../usecases/set-up.ts';
import { lambda } from './middleware.ts';
import { logger } from './observability.ts';
import { portsOfContainer } from './wiring.ts';

/** Always the same: another one would make CloudFormation delete the "old" resource after an update. */
const PHYSICAL_RESOURCE_ID = 'branchline-set-up';

interface ByHand {
  readonly RequestType?: undefined;
}

export const createHandler = (
  useCase: (ports: Ports, request: { pause: typeof pause }) => Promise<SetUpReport> = setUp,
  ports: () => Ports = portsOfContainer,
) =>
  lambda(async (event: CdkCustomResourceEvent | ByHand): Promise<CdkCustomResourceResponse | SetUpReport> => {
    if (event.RequestType === 'Delete') return { PhysicalResourceId: event.PhysicalResourceId };
    const { repositories } = await useCase(ports(), { pause });
    logger.info('lakeFS is set up', { repositories });
    if (event.RequestType === undefined) return { repositories };
    return {
      PhysicalResourceId: PHYSICAL_RESOURCE_ID,
      Data: { repositories: repositories.map(({ name }) => name).join(',') },
    };
  });

export const handler = createHandler();

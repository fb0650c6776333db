/**
 * CDK entry: configuration → stacks. Environment and context:
 * - `BRANCHLINE_CONFIG` or `-c config=FILE`: the configuration; `branchline.yaml` by default.
 * - `-c branchline:allow-data-loss=true`: second key to deleting what holds data with its stack (`controlPlane.removeLedger`,
 *   `lakefs.server.removeData`).
 */
import { App } from 'aws-cdk-lib';
import { isBranchlineError } from '../lambdas/domain/errors.ts';
import { checkCompliance } from '../lib/compliance.ts';
import { loadConfig } from '../lib/config/load.ts';
import { ControlPlaneStack } from '../lib/stacks/control-plane-stack.ts';
import { LakefsStack } from '../lib/stacks/lakefs-stack.ts';
import { ReplicaStack } from '../lib/stacks/replica-stack.ts';

const app = new App();
const fromContext: unknown = app.node.tryGetContext('config');
const file = typeof fromContext === 'string' ? fromContext : (process.env['BRANCHLINE_CONFIG'] ?? 'branchline.yaml');
try {
  const config = loadConfig(file);
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
  const place = account === undefined || region === undefined ? {} : { env: { account, region } };
  const { to } = config.replication;
  // Replicas are there before anything is copied to them.
  const replicas =
    to === undefined
      ? undefined
      : new ReplicaStack(app, 'BranchlineReplica', {
          ...{ config, to },
          env: { ...(account === undefined ? {} : { account }), region: to.region },
        });
  const server =
    config.lakefs.server === undefined ? undefined : new LakefsStack(app, 'BranchlineLakefs', { config, ...place });
  const controlPlane = new ControlPlaneStack(app, 'BranchlineControlPlane', {
    config,
    ...(server === undefined ? {} : { lakefs: server.connection }),
    ...place,
  });
  if (replicas !== undefined) for (const stack of [controlPlane, server]) stack?.addDependency(replicas);
  checkCompliance(app);
} catch (error) {
  if (!isBranchlineError(error)) throw error;
  // The message names file, line and key; a stack trace would bury it.
  console.error(error.message);
  process.exit(2);
}

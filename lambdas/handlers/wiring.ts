/** Builds what the use cases need, once per container. The only place that knows both sides. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GlueClient } from '@aws-sdk/client-glue';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ONCE, PATIENT } from '../adapters/aws-clients.ts';
import { systemClock } from '../adapters/clock.ts';
import { createConfigSource } from '../adapters/config.ts';
import { createCredentials } from '../adapters/credentials.ts';
import { readEnv } from '../adapters/env.ts';
import { createGauges } from '../adapters/gauges.ts';
import { createGlue } from '../adapters/glue.ts';
import { createIds } from '../adapters/ids.ts';
import { createLakefs, type LakefsOptions } from '../adapters/lakefs/client.ts';
import { createServerProbe } from '../adapters/lakefs/server-probe.ts';
import { createLedger } from '../adapters/ledger/ledger.ts';
import { asLog } from '../adapters/log.ts';
import { createPromotions } from '../adapters/promotions.ts';
import { readS3Object } from '../adapters/s3-object.ts';
import { DEFAULT_PREFIX, ENV, FUNCTION, functionName, METRIC } from '../contract.ts';
import type { Ports, Promotions } from '../ports.ts';
import { deadline } from './deadline.ts';
import { count, logger } from './observability.ts';

/** Only some functions wake promotions; the others have neither the queue's URL nor the right to send. */
const promotionsOf = (source: NodeJS.ProcessEnv): Promotions => {
  let promotions: Promotions | undefined;
  return {
    async wake(run) {
      promotions ??= createPromotions({
        client: new SQSClient(PATIENT),
        queueUrl: readEnv(source, ['promotionQueueUrl']).promotionQueueUrl,
      });
      await promotions.wake(run);
    },
  };
};

const build = (source: NodeJS.ProcessEnv): Ports => {
  const env = readEnv(source, ['ledgerTable', 'configUri', 'lakefsEndpoint', 'lakefsSecretArn']);
  const prefix = source[ENV.prefix] ?? DEFAULT_PREFIX;
  const credentials = createCredentials({
    client: new SecretsManagerClient(PATIENT),
    secretArn: env.lakefsSecretArn,
    clock: systemClock,
  });
  const lakefsOptions: LakefsOptions = {
    endpoint: env.lakefsEndpoint,
    credentials,
    deadline,
    onError: (failure) => {
      // Not found, exists, no changes, conflict: answers, not faults.
      const isFault = failure.kind !== 'answer' || failure.status >= 500 || [401, 429].includes(failure.status);
      if (isFault) count(METRIC.lakefsErrors, 1);
    },
  };
  return {
    clock: systemClock,
    ids: createIds(systemClock),
    config: createConfigSource({
      read: (bucket, key) => readS3Object(bucket, key, { env: source }),
      uri: env.configUri,
    }),
    lakefs: createLakefs(lakefsOptions),
    ledger: createLedger({
      client: DynamoDBDocumentClient.from(new DynamoDBClient(PATIENT), {
        marshallOptions: { removeUndefinedValues: true },
      }),
      tableName: env.ledgerTable,
    }),
    glue: createGlue({ client: new GlueClient(PATIENT), startClient: new GlueClient(ONCE) }),
    promotions: promotionsOf(source),
    log: asLog(logger),
    gauges: createGauges({
      client: new SQSClient({ ...PATIENT, useQueueUrlAsEndpoint: false }),
      prefix,
      lakefsEndpoint: env.lakefsEndpoint,
      clock: systemClock,
    }),
    server: createServerProbe(lakefsOptions),
    place: {
      region: source.AWS_REGION ?? 'us-east-1',
      claimFunction: functionName(prefix, FUNCTION.claimRun),
    },
  };
};

let ports: Ports | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const portsOfContainer = (): Ports => {
  ports ??= build(process.env);
  return ports;
};

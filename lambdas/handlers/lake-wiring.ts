/** What every use case needs, built once per container; apart from wiring.ts, so that functions which never touch jobs do not carry them. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { PATIENT } from '../adapters/aws-clients.ts';
import { systemClock } from '../adapters/clock.ts';
import { createConfigSource } from '../adapters/config.ts';
import { createCredentials } from '../adapters/credentials.ts';
import { readEnv } from '../adapters/env.ts';
import { createIds } from '../adapters/ids.ts';
import { createLakefsContent, type LakefsOptions } from '../adapters/lakefs/client.ts';
import { createTargetLedger, type LedgerOptions } from '../adapters/ledger/targets.ts';
import { asLog } from '../adapters/log.ts';
import { readS3Object } from '../adapters/s3-object.ts';
import { DEFAULT_PREFIX, ENV, FUNCTION, functionName, METRIC } from '../contract.ts';
import type { LakePorts } from '../ports.ts';
import { deadline } from './deadline.ts';
import { count, logger } from './observability.ts';

/** How this function reaches lakeFS. */
export const lakefsOptions = (source: NodeJS.ProcessEnv): LakefsOptions => {
  const env = readEnv(source, ['lakefsEndpoint', 'lakefsSecretArn']);
  return {
    endpoint: env.lakefsEndpoint,
    credentials: createCredentials({
      client: new SecretsManagerClient(PATIENT),
      secretArn: env.lakefsSecretArn,
      clock: systemClock,
    }),
    deadline,
    onError: (failure) => {
      // Not found, exists, no changes, conflict: answers, not faults.
      const isFault = failure.kind !== 'answer' || failure.status >= 500 || [401, 429].includes(failure.status);
      if (isFault) count(METRIC.lakefsErrors, 1);
    },
  };
};

export const ledgerOptions = (source: NodeJS.ProcessEnv): LedgerOptions => ({
  client: DynamoDBDocumentClient.from(new DynamoDBClient(PATIENT), {
    marshallOptions: { removeUndefinedValues: true },
  }),
  tableName: readEnv(source, ['ledgerTable']).ledgerTable,
});

/** @throws BL1002 where the environment lacks something. */
export const lakePorts = (source: NodeJS.ProcessEnv, lakefs: LakefsOptions): LakePorts => {
  const env = readEnv(source, ['configUri']);
  return {
    clock: systemClock,
    ids: createIds(systemClock),
    config: createConfigSource({
      read: (bucket, key) => readS3Object(bucket, key, { env: source }),
      uri: env.configUri,
    }),
    lakefs: createLakefsContent(lakefs),
    ledger: createTargetLedger(ledgerOptions(source)),
    log: asLog(logger),
    place: {
      region: source.AWS_REGION ?? 'us-east-1',
      claimFunction: functionName(source[ENV.prefix] ?? DEFAULT_PREFIX, FUNCTION.claimRun),
    },
  };
};

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

let lakefs: LakefsOptions | undefined;

/** How this function reaches lakeFS: the key pair is read once, whoever asks. */
export const lakefsOptionsOfContainer = (): LakefsOptions => {
  const env = readEnv(process.env, ['lakefsEndpoint', 'lakefsSecretArn']);
  lakefs ??= {
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
  return lakefs;
};

let ledger: LedgerOptions | undefined;

/** One client, and so one set of connections, for all kinds of entries. */
export const ledgerOfContainer = (): LedgerOptions => {
  ledger ??= {
    client: DynamoDBDocumentClient.from(new DynamoDBClient(PATIENT), {
      marshallOptions: { removeUndefinedValues: true },
    }),
    tableName: readEnv(process.env, ['ledgerTable']).ledgerTable,
  };
  return ledger;
};

/** Of `s3://bucket/prefix/`. */
export const rootOf = (uri: string): { readonly bucket: string; readonly prefix: string } => {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri) ?? [];
  return { bucket, prefix };
};

let ports: LakePorts | undefined;

/** @throws BL1002 naming all that the environment lacks, on the first call. */
export const lakePortsOfContainer = (): LakePorts => {
  const env = readEnv(process.env, ['ledgerTable', 'configUri', 'lakefsEndpoint', 'lakefsSecretArn']);
  ports ??= {
    clock: systemClock,
    ids: createIds(systemClock),
    config: createConfigSource({
      read: (bucket, key) => readS3Object(bucket, key, { env: process.env }),
      uri: env.configUri,
    }),
    lakefs: createLakefsContent(lakefsOptionsOfContainer()),
    ledger: createTargetLedger(ledgerOfContainer()),
    log: asLog(logger),
    place: {
      region: process.env.AWS_REGION ?? 'us-east-1',
      claimFunction: functionName(process.env[ENV.prefix] ?? DEFAULT_PREFIX, FUNCTION.claimRun),
    },
  };
  return ports;
};

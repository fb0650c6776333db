import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { createKeyPairSecret, WORK_LABEL } from '../../../lambdas/adapters/key-pair-secret.ts';

const client = new SecretsManagerClient({ region: 'us-east-1' });
const sdk = mockClient(client);
const secret = createKeyPairSecret({ client, secretArn: 'arn:secret' });
const pair = { accessKeyId: 'AKIA', secretAccessKey: 's' };
const text = JSON.stringify({ access_key_id: 'AKIA', secret_access_key: 's' });

beforeEach(() => {
  sdk.reset();
  sdk
    .on(DescribeSecretCommand)
    .resolves({ VersionIdsToStages: { v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'], v3: [WORK_LABEL] } });
});

it('finds the current version by its label', async () => {
  expect(await secret.currentVersion()).toBe('v2');
  sdk.on(DescribeSecretCommand).resolves({});
  await expect(secret.currentVersion()).rejects.toMatchObject({ code: 'BL3002' });
});

it('reads the pair of a version; one without a value, or with another, holds none', async () => {
  sdk.on(GetSecretValueCommand).resolves({ SecretString: text });
  expect(await secret.pairOf('v2')).toEqual(pair);
  expect(sdk.commandCalls(GetSecretValueCommand)[0]?.args[0].input).toEqual({
    SecretId: 'arn:secret',
    VersionId: 'v2',
  });
  sdk.on(GetSecretValueCommand).resolves({ SecretString: '{"user": "admin"}' });
  expect(await secret.pairOf('v3')).toBeUndefined();
  sdk.on(GetSecretValueCommand).rejects(new ResourceNotFoundException({ message: '', $metadata: {} }));
  expect(await secret.pairOf('v4')).toBeUndefined();
});

it('a right that is missing is told as such, and never what the secret holds', async () => {
  sdk.on(GetSecretValueCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
  await expect(secret.pairOf('v2')).rejects.toMatchObject({ code: 'BL4002' });
});

it('writes what comes next under the id that it is given, and moves the label from the one before', async () => {
  sdk.on(PutSecretValueCommand).resolves({});
  sdk.on(UpdateSecretVersionStageCommand).resolves({});
  await secret.putPending('v9', pair);
  await secret.makeCurrent('v9', 'v2');
  expect(sdk.commandCalls(PutSecretValueCommand)[0]?.args[0].input).toEqual({
    ...{ SecretId: 'arn:secret', ClientRequestToken: 'v9', SecretString: text, VersionStages: ['AWSPENDING'] },
  });
  expect(sdk.commandCalls(UpdateSecretVersionStageCommand)[0]?.args[0].input).toEqual({
    ...{ SecretId: 'arn:secret', VersionStage: 'AWSCURRENT', MoveToVersionId: 'v9', RemoveFromVersionId: 'v2' },
  });
});

it('keeps session and user under a label of its own, and takes that off at the end', async () => {
  sdk.on(PutSecretValueCommand).resolves({});
  sdk.on(UpdateSecretVersionStageCommand).resolves({});
  const work = { user: 'admin', session: { token: 't', expiresAt: 7 } };
  await secret.putWork(work);
  const input = sdk.commandCalls(PutSecretValueCommand)[0]?.args[0].input;
  expect(input?.VersionStages).toEqual([WORK_LABEL]);
  sdk.on(GetSecretValueCommand).resolves({ SecretString: input?.SecretString ?? '' });
  expect(await secret.work()).toEqual(work);
  await secret.dropWork();
  expect(sdk.commandCalls(UpdateSecretVersionStageCommand)[0]?.args[0].input).toEqual({
    ...{ SecretId: 'arn:secret', VersionStage: WORK_LABEL, RemoveFromVersionId: 'v3' },
  });
  sdk.on(DescribeSecretCommand).resolves({ VersionIdsToStages: { v2: ['AWSCURRENT'] } });
  await secret.dropWork();
  expect(sdk.commandCalls(UpdateSecretVersionStageCommand)).toHaveLength(1);
});

/**
 * The secret with lakeFS's key pair, by its versions. Sources: Secrets Manager API and user guide, "Rotation function", "What's in a
 * secret". A version, once written, never changes; labels move.
 */
import { randomUUID } from 'node:crypto';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';
import { SECRET_KEY } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { KeyPair, KeyPairSecret, RotationWork } from '../rotation-ports.ts';
import { awsErrorName, callAws } from './aws-errors.ts';

const CURRENT = 'AWSCURRENT';
const PENDING = 'AWSPENDING';
/** Of the version that holds session and user of a rotation. Who may read it may read the key pair too. */
export const WORK_LABEL = 'BRANCHLINEROTATION';

const pairText = z.object({ [SECRET_KEY.accessKeyId]: z.string(), [SECRET_KEY.secretAccessKey]: z.string() });
const workText = z.object({ user: z.string(), token: z.string(), expiresAt: z.number() });

const jsonOf = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
};

export const createKeyPairSecret = (options: {
  readonly client: SecretsManagerClient;
  readonly secretArn: string;
}): KeyPairSecret => {
  const { client, secretArn: SecretId } = options;
  const act = <T>(action: string, call: () => Promise<T>): Promise<T> =>
    callAws(`secretsmanager:${action} ${SecretId}`, call);
  const versions = async (): Promise<Readonly<Record<string, readonly string[]>>> =>
    (await act('DescribeSecret', () => client.send(new DescribeSecretCommand({ SecretId })))).VersionIdsToStages ?? {};
  const withLabel = async (label: string): Promise<string | undefined> =>
    Object.entries(await versions()).find(([, labels]) => labels.includes(label))?.[0];

  /** A version without a value yet is answered like one that is not there. */
  const textOf = async (which: { VersionId: string } | { VersionStage: string }): Promise<string | undefined> => {
    try {
      return (await client.send(new GetSecretValueCommand({ SecretId, ...which }))).SecretString;
    } catch (error) {
      if (awsErrorName(error) === 'ResourceNotFoundException') return undefined;
      return act('GetSecretValue', () => Promise.reject(error));
    }
  };

  return {
    async currentVersion() {
      const version = await withLabel(CURRENT);
      if (version === undefined) throw new BranchlineError('BL3002', `secret ${SecretId} holds nothing`);
      return version;
    },

    async pairOf(version) {
      const parsed = pairText.safeParse(jsonOf(await textOf({ VersionId: version })));
      if (!parsed.success) return undefined;
      return {
        accessKeyId: parsed.data[SECRET_KEY.accessKeyId],
        secretAccessKey: parsed.data[SECRET_KEY.secretAccessKey],
      };
    },

    async putPending(version, pair: KeyPair) {
      const SecretString = JSON.stringify({
        [SECRET_KEY.accessKeyId]: pair.accessKeyId,
        [SECRET_KEY.secretAccessKey]: pair.secretAccessKey,
      });
      await act('PutSecretValue', () =>
        client.send(
          new PutSecretValueCommand({
            SecretId,
            ClientRequestToken: version,
            SecretString,
            VersionStages: [PENDING],
          }),
        ),
      );
    },

    async makeCurrent(version, before) {
      await act('UpdateSecretVersionStage', () =>
        client.send(
          new UpdateSecretVersionStageCommand({
            SecretId,
            VersionStage: CURRENT,
            MoveToVersionId: version,
            RemoveFromVersionId: before,
          }),
        ),
      );
    },

    async work(): Promise<RotationWork | undefined> {
      const parsed = workText.safeParse(jsonOf(await textOf({ VersionStage: WORK_LABEL })));
      if (!parsed.success) return undefined;
      const { user, token, expiresAt } = parsed.data;
      return { user, session: { token, expiresAt } };
    },

    async putWork({ user, session }) {
      const SecretString = JSON.stringify({ user, token: session.token, expiresAt: session.expiresAt });
      await act('PutSecretValue', () =>
        client.send(
          new PutSecretValueCommand({
            SecretId,
            ClientRequestToken: randomUUID(),
            SecretString,
            VersionStages: [WORK_LABEL],
          }),
        ),
      );
    },

    async dropWork() {
      const version = await withLabel(WORK_LABEL);
      if (version === undefined) return;
      await act('UpdateSecretVersionStage', () =>
        client.send(
          new UpdateSecretVersionStageCommand({ SecretId, VersionStage: WORK_LABEL, RemoveFromVersionId: version }),
        ),
      );
    },
  };
};

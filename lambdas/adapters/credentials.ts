/** lakeFS's key pair from Secrets Manager: read at run time, kept for five minutes, never in environment, log or template. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';
import { SECRET_KEY } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { Clock } from '../ports.ts';
import { callAws } from './aws-errors.ts';

const CACHE_MS = 5 * 60_000;

interface LakefsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface CredentialsSource {
  get(): Promise<LakefsCredentials>;
  /** Reads the secret anew, for a server that refuses what `get` gave: the pair may have been rotated. */
  refresh(): Promise<LakefsCredentials>;
}

const secretText = z.object({
  [SECRET_KEY.accessKeyId]: z.string().check(z.minLength(1)),
  [SECRET_KEY.secretAccessKey]: z.string().check(z.minLength(1)),
});

/** The message says what is missing and never what was there. */
const parseSecret = (arn: string, text: string | undefined): LakefsCredentials => {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    value = undefined;
  }
  const parsed = secretText.safeParse(value);
  if (!parsed.success) {
    throw new BranchlineError(
      'BL3002',
      `secret ${arn} is not {"${SECRET_KEY.accessKeyId}": "…", "${SECRET_KEY.secretAccessKey}": "…"}; write both keys into it`,
    );
  }
  return {
    accessKeyId: parsed.data[SECRET_KEY.accessKeyId],
    secretAccessKey: parsed.data[SECRET_KEY.secretAccessKey],
  };
};

export const createCredentials = (options: {
  readonly client: SecretsManagerClient;
  readonly secretArn: string;
  readonly clock: Clock;
}): CredentialsSource => {
  const { client, secretArn, clock } = options;
  let cached: { readonly value: LakefsCredentials; readonly until: number } | undefined;
  let reading: Promise<LakefsCredentials> | undefined;
  const read = async (): Promise<LakefsCredentials> => {
    const answer = await callAws(`secretsmanager:GetSecretValue ${secretArn}`, () =>
      client.send(new GetSecretValueCommand({ SecretId: secretArn })),
    );
    const value = parseSecret(secretArn, answer.SecretString);
    cached = { value, until: clock.now() + CACHE_MS };
    return value;
  };
  // Many calls that are refused at once cause one reading.
  const refresh = (): Promise<LakefsCredentials> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  return {
    refresh,
    get: () => (cached !== undefined && cached.until > clock.now() ? Promise.resolve(cached.value) : refresh()),
  };
};

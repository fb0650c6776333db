/** What a container reads once: environment, configuration, credentials; and the ids that it makes. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { createConfigSource, parseConfig } from '../../../lambdas/adapters/config.ts';
import { createCredentials } from '../../../lambdas/adapters/credentials.ts';
import { readEnv } from '../../../lambdas/adapters/env.ts';
import { createIds } from '../../../lambdas/adapters/ids.ts';
import { branchNameOf } from '../../../lambdas/domain/branch-name.ts';

describe('environment', () => {
  it('gives what was asked for', () => {
    expect(readEnv({ BRANCHLINE_BUS_NAME: 'branchline', OTHER: 'x' }, ['busName'])).toEqual({ busName: 'branchline' });
  });

  it('names everything that is missing or odd at once', () => {
    const source = { BRANCHLINE_CONFIG_URI: 'https://bucket/key', BRANCHLINE_LAKEFS_ENDPOINT: 'https://lakefs/api/v1' };
    expect(() => readEnv(source, ['ledgerTable', 'configUri', 'lakefsEndpoint'])).toThrow(
      /BL1002 .*BRANCHLINE_LEDGER_TABLE is not set; BRANCHLINE_CONFIG_URI is "https:\/\/bucket\/key", expected s3:\/\/bucket\/key; BRANCHLINE_LAKEFS_ENDPOINT is/,
    );
  });

  it.each(['http://127.0.0.1:8000', 'https://lakefs.internal', 'https://example.com/lakefs'])(
    'takes endpoint %s',
    (endpoint) => {
      expect(readEnv({ BRANCHLINE_LAKEFS_ENDPOINT: endpoint }, ['lakefsEndpoint'])).toEqual({
        lakefsEndpoint: endpoint,
      });
    },
  );
});

const CONFIG = { schemaVersion: 1, repositories: [], pipelines: [] };

describe('configuration', () => {
  it('is read once, and again only after a failure', async () => {
    const asked: string[][] = [];
    const read = async (...place: string[]): Promise<string> => {
      asked.push(place);
      if (asked.length === 1) throw new Error('hiccup');
      return JSON.stringify(CONFIG);
    };
    const source = createConfigSource({ read, uri: 's3://assets/config/a.json' });
    await expect(source.load()).rejects.toThrow('hiccup');
    expect(await source.load()).toEqual(CONFIG);
    expect(await source.load()).toEqual(CONFIG);
    expect(asked).toEqual([
      ['assets', 'config/a.json'],
      ['assets', 'config/a.json'],
    ]);
  });

  it.each([
    ['truncated', '{"schemaVersion":1,', /is not JSON/],
    [
      'of a later version',
      JSON.stringify({ ...CONFIG, schemaVersion: 2 }),
      /schemaVersion: expected at most 1, found 2; deploy again/,
    ],
    [
      'odd',
      JSON.stringify({ ...CONFIG, pipelines: [{ name: 1 }] }),
      /s3:\/\/a\/b\.pipelines\.0\.name: expected string, found 1/,
    ],
  ])('is refused when %s', (_, text, says) => {
    expect(() => parseConfig(text, 's3://a/b')).toThrow(says);
  });
});

describe('credentials', () => {
  const client = new SecretsManagerClient({ region: 'us-east-1' });
  const secret = (name: string) => ({ SecretString: JSON.stringify({ access_key_id: name, secret_access_key: 's' }) });
  const setUp = () => {
    const sdk = mockClient(client);
    let now = 0;
    const source = createCredentials({ client, secretArn: 'arn:secret', clock: { now: () => now } });
    return { sdk, source, pass: (ms: number) => (now += ms) };
  };

  it('are read again after five minutes', async () => {
    const { sdk, source, pass } = setUp();
    sdk.on(GetSecretValueCommand).resolvesOnce(secret('one')).resolvesOnce(secret('two'));
    expect((await source.get()).accessKeyId).toBe('one');
    pass(299_999);
    expect((await source.get()).accessKeyId).toBe('one');
    pass(1);
    expect((await source.get()).accessKeyId).toBe('two');
  });

  it('are read once for many that refresh at once', async () => {
    const { sdk, source } = setUp();
    sdk.on(GetSecretValueCommand).resolves(secret('one'));
    await Promise.all([source.refresh(), source.refresh(), source.get()]);
    expect(sdk.commandCalls(GetSecretValueCommand)).toHaveLength(1);
  });

  it('never show up in an error', async () => {
    const { sdk, source } = setUp();
    sdk.on(GetSecretValueCommand).resolves({ SecretString: '{"access_key_id":"AKIA","secret":"hunter2"}' });
    const error = await source.get().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'BL3002' });
    expect(String(error)).toContain('secret_access_key');
    expect(JSON.stringify([String(error), error])).not.toMatch(/hunter2|AKIA/);
  });
});

describe('run ids', () => {
  it('sort by time and keep the branch name plain', () => {
    const at = (now: number): string => createIds({ now: () => now }).runId();
    const id = at(Date.UTC(2026, 10, 24, 15, 4, 5));
    expect(id).toMatch(/^r20261124t150405_[0-9a-f]{8}$/);
    expect(branchNameOf('nightly', id, 0)).toBe(`run-nightly-${id}`);
    expect(at(Date.UTC(2026, 10, 24, 15, 4, 6)) > id).toBe(true);
  });

  it('differ within a second', () => {
    const ids = createIds({ now: () => 0 });
    expect(ids.runId()).not.toBe(ids.runId());
    expect(ids.owner()).not.toBe(ids.owner());
  });
});

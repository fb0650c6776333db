import { describe, expect, test } from 'vitest';
import { SERVER_VARIANT_NAMES, SERVER_VARIANTS, serverTemplatesOf, special, synthServer } from './server-template.ts';
import { asText, ofType, type Template } from './template.ts';

describe('cdk-nag finds nothing that is not acknowledged with a reason, in either stack', () => {
  test.each(SERVER_VARIANT_NAMES)('%s', (variant) => {
    expect(() => synthServer(SERVER_VARIANTS[variant] ?? '', { comply: true })).not.toThrow();
  });
});

const leaves = (value: unknown, path: string): [path: string, text: string][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`))
    : [[path, String(value)]];

/** Names of properties and variables that would hold a secret. */
const SECRET_NAME = /password$|passwd|secret_?access_?key$|private_?key|api_?key|token$|secret_?key$/i;
/** By reference: to a secret's ARN, or for RDS resolved by CloudFormation itself. */
const RDS_PASSWORD = /\.MasterUserPassword\./;

describe.each(SERVER_VARIANT_NAMES)('no secret lies in the templates: %s', (variant) => {
  const { server, controlPlane } = serverTemplatesOf(variant);
  const all = [...leaves(server, ''), ...leaves(controlPlane, '')];

  test('neither under a name that would hold one nor in a text that looks like one', () => {
    const named = all.filter(([path]) => SECRET_NAME.test(path.split('.').at(-1) ?? ''));
    expect(named).toEqual([]);
    expect(all.filter(([, text]) => /AKIA[0-9A-Z]{12,}|-----BEGIN/.test(text))).toEqual([]);
    const resolved = all.filter(([path, text]) => text.includes('{{resolve:') && !RDS_PASSWORD.test(path));
    expect(resolved).toEqual([]);
  });

  test('every variable of a container that is secret comes by reference', () => {
    for (const container of containersOf(server)) {
      const plain = container.Environment?.map(({ Name }) => Name) ?? [];
      expect(plain.filter((name) => /SECRET|PASSWORD|ACCESS_KEY|PGUSER/.test(name))).toEqual([]);
    }
    expect(JSON.stringify(containersOf(server).map(({ Command }) => Command))).not.toMatch(/resolve:|arn:/);
  });
});

interface Container {
  readonly Name: string;
  readonly User: string;
  readonly ReadonlyRootFilesystem: boolean;
  readonly Environment?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Command?: readonly string[];
}

const containersOf = (template: Template): Container[] =>
  ofType(template, 'AWS::ECS::TaskDefinition').flatMap(
    ([, { Properties }]) => Properties['ContainerDefinitions'] as Container[],
  );

/** What would be missed: data, and what it cannot be read without. */
const HOLDS_DATA = [
  'AWS::S3::Bucket',
  'AWS::KMS::Key',
  'AWS::RDS::DBInstance',
  'AWS::DynamoDB::GlobalTable',
  'AWS::Backup::BackupVault',
];

const kept = (template: Template): Record<string, (string | undefined)[]> =>
  Object.fromEntries(
    [
      ...HOLDS_DATA.flatMap((type) => ofType(template, type)),
      ...ofType(template, 'AWS::SecretsManager::Secret').filter(([id]) => /Credentials|Encryption/.test(id)),
    ].map(([id, { DeletionPolicy, UpdateReplacePolicy }]) => [id.slice(0, -8), [DeletionPolicy, UpdateReplacePolicy]]),
  );

describe('what holds data outlives the stack, and goes only by two keys', () => {
  const asked = (variant: 'plain' | 'dynamodb'): string =>
    (SERVER_VARIANTS[variant] ?? '').replace('server: {', 'server: { removeData: true,');
  const TWO = { 'branchline:allow-data-loss': 'true' };

  test.each(['plain', 'dynamodb'] as const)('%s', (variant) => {
    const policies = kept(special(variant));
    expect(Object.keys(policies).length).toBeGreaterThanOrEqual(8);
    for (const [id, found] of Object.entries(policies)) expect(found, id).toEqual(['Retain', 'Retain']);

    const { server: one, warnings } = synthServer(asked(variant));
    expect(kept(one)).toEqual(policies);
    expect(warnings.join()).toContain('lakefs.server.removeData alone deletes nothing');

    const onlyContext = synthServer(SERVER_VARIANTS[variant] ?? '', { context: TWO });
    expect(kept(onlyContext.server)).toEqual(policies);

    const { server: two, warnings: none } = synthServer(asked(variant), { context: TWO });
    expect(none.join()).not.toContain('deletes nothing');
    for (const [id, found] of Object.entries(kept(two)))
      expect(found, id).toEqual(id.startsWith('AccessLogs') ? ['Retain', 'Retain'] : ['Delete', 'Delete']);
  });

  test.each(['plain', 'dynamodb'] as const)('%s: by hand it is protected too', (variant) => {
    const isProtected = (template: Template): unknown[] => [
      ...ofType(template, 'AWS::RDS::DBInstance').map(([, { Properties }]) => Properties['DeletionProtection']),
      ...ofType(template, 'AWS::DynamoDB::GlobalTable').map(([, { Properties }]) => {
        const [replica] = Properties['Replicas'] as { DeletionProtectionEnabled: boolean }[];
        return replica?.DeletionProtectionEnabled;
      }),
    ];
    expect(isProtected(special(variant))).toEqual([true]);
    expect(isProtected(synthServer(asked(variant), { context: TWO }).server)).toEqual([false]);
  });

  test('what was adopted is not in the template at all, so that nothing there can remove it', () => {
    expect(Object.keys(kept(special('adopting')))).toEqual(['AccessLogsBucket', 'BackupsVault']);
  });

  test('the outputs name what the next deployment adopts', () => {
    const outputs = (variant: 'plain' | 'dynamodb'): string[] => Object.keys(special(variant).Outputs);
    const left = ['BucketKeyArn', 'SecretsKeyArn', 'CredentialsSecretArn', 'EncryptionSecretArn'];
    expect(outputs('plain')).toEqual(expect.arrayContaining(left));
    expect(outputs('dynamodb')).toEqual(expect.arrayContaining([...left, 'MetadataTableArn']));
    expect(asText(special('adopting').Outputs['EncryptionSecretArn']?.Value)).toMatch(/:secret:encryption-AbCdEf$/);
  });
});

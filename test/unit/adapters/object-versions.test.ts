import { describe, expect, it } from 'vitest';
import { createObjectVersions } from '../../../lambdas/adapters/object-versions.ts';

const ENV = {
  ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
};
const LAKE = 's3://bucket/lake/data/';
const fault = (status: number, code: string): Response =>
  new Response(`<Error><Code>${code}</Code><Message>no</Message></Error>`, { status });

const answering = (answers: Readonly<Record<string, () => Response>>) => {
  const sent: string[] = [];
  const versions = createObjectVersions({
    env: ENV,
    fetch: async (url, { method = 'GET' }) => {
      sent.push(`${method} ${url.pathname}${url.search}`);
      return answers[url.search]?.() ?? fault(500, 'InternalError');
    },
  });
  return { versions, sent };
};

const rule = (days: number, filter = '', status = 'Enabled'): string =>
  `<Rule><Filter>${filter}</Filter><Status>${status}</Status><NoncurrentVersionExpiration><NoncurrentDays>${String(days)}</NoncurrentDays></NoncurrentVersionExpiration></Rule>`;
const lifecycle =
  (...rules: string[]) =>
  () =>
    new Response(`<LifecycleConfiguration>${rules.join('')}</LifecycleConfiguration>`);
const none = {
  '?versioning=': () => new Response('<VersioningConfiguration/>'),
  '?lifecycle=': () => fault(404, 'NoSuchLifecycleConfiguration'),
  '?replication=': () => fault(404, 'ReplicationConfigurationNotFoundError'),
};

describe('how a bucket keeps versions', () => {
  it('a plain one keeps none', async () => {
    const { versions, sent } = answering(none);
    expect(await versions.facts(LAKE)).toEqual({ bucket: 'bucket', versioning: 'off', replicatesTo: [] });
    expect(sent).toEqual(['GET /?versioning=', 'GET /?lifecycle=', 'GET /?replication=']);
  });

  it('the shortest rule that surely reaches the objects counts: enabled, of their prefix, limited by nothing else', async () => {
    const { versions } = answering({
      '?versioning=': () => new Response('<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'),
      '?lifecycle=': lifecycle(
        rule(1, '', 'Disabled'),
        rule(2, '<Prefix>other/</Prefix>'),
        rule(3, '<And><Prefix>lake/</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And>'),
        rule(4, '<And><Prefix></Prefix><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></And>'),
        rule(30, '<Prefix>lake/</Prefix>'),
        rule(90),
      ),
      '?replication=': () =>
        new Response(
          '<ReplicationConfiguration><Rule><Destination><Bucket>arn:aws:s3:::copy</Bucket></Destination></Rule></ReplicationConfiguration>',
        ),
    });
    const found = await versions.facts(LAKE);
    expect(found).toEqual({ bucket: 'bucket', versioning: 'on', earlierVersionsDays: 30, replicatesTo: ['copy'] });
  });

  it('what may not be asked is unknown; what fails fails', async () => {
    const denied = () => fault(403, 'AccessDenied');
    const { versions } = answering({ '?versioning=': denied, '?lifecycle=': denied, '?replication=': denied });
    expect(await versions.facts(LAKE)).toEqual({ bucket: 'bucket', versioning: 'unknown', replicatesTo: [] });
    const broken = answering({ ...none, '?lifecycle=': () => fault(400, 'Malformed') });
    await expect(broken.versions.facts(LAKE)).rejects.toMatchObject({ code: 'BL4001' });
  });
});

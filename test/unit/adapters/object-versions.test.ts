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

describe('versions of an object', () => {
  const version = (key: string, tag = 'Version'): string =>
    `<${tag}><Key>${key}</Key><VersionId>v</VersionId><LastModified>2026-11-20T02:00:00.000Z</LastModified></${tag}>`;
  const at = Date.parse('2026-11-20T02:00:00Z');
  const list = '?versions=&prefix=lake%2Fdata%2Ff%2Fa';

  it('are told with delete markers; those of an object whose name begins so are not its own', async () => {
    const { versions } = answering({
      [list]: () =>
        new Response(
          `<ListVersionsResult>${version('lake/data/f/a', 'DeleteMarker')}${version('lake/data/f/a')}${version('lake/data/f/ab')}<NextKeyMarker>lake/data/f/ab</NextKeyMarker></ListVersionsResult>`,
        ),
    });
    expect(await versions.of('s3://bucket/lake/data/f/a')).toEqual([
      { since: at, isMarker: false },
      { since: at, isMarker: true },
    ]);
  });

  it('are read page by page while a page ends within them', async () => {
    const { versions, sent } = answering({
      [list]: () =>
        new Response(
          `<ListVersionsResult>${version('lake/data/f/a')}<NextKeyMarker>lake/data/f/a</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker></ListVersionsResult>`,
        ),
      [`${list}&key-marker=lake%2Fdata%2Ff%2Fa&version-id-marker=v`]: () =>
        new Response(`<ListVersionsResult>${version('lake/data/f/a')}</ListVersionsResult>`),
    });
    expect(await versions.of('s3://bucket/lake/data/f/a')).toHaveLength(2);
    expect(sent).toHaveLength(2);
  });

  it('are none where nothing is there', async () => {
    const { versions } = answering({ [list]: () => new Response('<ListVersionsResult/>') });
    expect(await versions.of('s3://bucket/lake/data/f/a')).toEqual([]);
  });
});

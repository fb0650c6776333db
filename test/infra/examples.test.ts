import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileSystem } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { compileConfig } from '../../lib/config/compile.ts';
import { parseConfig } from '../../lib/config/load.ts';
import { asList, asText, ofType, synth, VARIANTS } from './template.ts';

const JAR = 'jobs: { lakefsJar: "s3://jars/lakefs/hadoop-lakefs-assembly.jar" }\n';
interface Statement {
  readonly Sid: string;
  readonly Action: readonly string[];
  readonly Resource: unknown;
}

const JOBS = join(import.meta.dirname, '..', '..', 'glue', 'jobs');
const EXAMPLES = `${VARIANTS.plain}examples: true\n`;

const jobsOf = (text: string) =>
  new Map(
    ofType(synth(text), 'AWS::Glue::Job').map(([, { Properties }]) => [
      String(Properties['Name']),
      Object.fromEntries(
        Object.entries((Properties['DefaultArguments'] ?? {}) as Record<string, unknown>).map(([name, value]) => [
          name,
          asText(value),
        ]),
      ),
    ]),
  );

const WITHOUT_JAR = [
  'backfill',
  'fails-half-way',
  'plain-s3',
  'python-client',
  's3a-read',
  's3a-write',
  'sample-table',
  'two-tables',
].map((name) => `branchline-example-${name}`);

describe('examples: true', () => {
  test('deploys every script of glue/jobs/', () => {
    const deployed = new Set(
      ofType(synth(`${EXAMPLES}${JAR}`), 'AWS::Glue::Job').map(([, { Properties }]) =>
        asText((Properties['Command'] as { ScriptLocation: unknown }).ScriptLocation).replace(/^.*\//, ''),
      ),
    );
    const scripts = readdirSync(JOBS).filter((name) => name.endsWith('.py'));
    const assets = scripts.map((name) => `${FileSystem.fingerprint(join(JOBS, name))}.py`);
    expect(scripts.length).toBeGreaterThan(7);
    expect([...deployed].toSorted()).toEqual(assets.toSorted());
  });

  test('deploys none without it', () => {
    expect([...jobsOf(VARIANTS.plain).keys()]).toEqual([]);
  });

  test('deploys what needs no jar of lakeFS, through the gateway', () => {
    const jobs = jobsOf(EXAMPLES);
    expect([...jobs.keys()].toSorted()).toEqual(WITHOUT_JAR);
    for (const [name, args] of jobs)
      expect(args['--branchline_access'], name).toBe('--branchline_job' in args ? undefined : 's3a');
    expect(jobs.get('branchline-example-sample-table')?.['library-set']).toBe('analytics');
  });

  test('deploys all of them where the jar is told, lakefs:// by signed addresses', () => {
    const jobs = jobsOf(`${EXAMPLES}${JAR}`);
    const lakefs = ['lakefs-read', 'lakefs-write'].map((name) => `branchline-example-${name}`);
    expect([...jobs.keys()].toSorted()).toEqual([...WITHOUT_JAR, ...lakefs].toSorted());
    const write = jobs.get('branchline-example-lakefs-write');
    expect(write?.['--branchline_access']).toBe('presigned');
    expect(write?.['--extra-jars']).toBe('s3://jars/lakefs/hadoop-lakefs-assembly.jar');
  });

  test('reads each way through the Glue catalog as well, and may do no more there than that', () => {
    const template = synth(`${EXAMPLES}${JAR}`);
    const jobs = jobsOf(`${EXAMPLES}${JAR}`);
    const [database] = ofType(template, 'AWS::Glue::Database').map(([, { Properties }]) => Properties);
    expect(database).toMatchObject({ DatabaseInput: { Name: 'branchline_example_tables' } });
    for (const way of ['s3a', 'lakefs'])
      expect(jobs.get(`branchline-example-${way}-read`)).toMatchObject({
        '--spark_table': `branchline_example_tables.example_${way}_spark`,
        '--enable-glue-datacatalog': 'true',
      });
    const used = ofType(template, 'AWS::IAM::Policy')
      .flatMap(([, { Properties }]) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement)
      .filter(({ Sid }) => Sid === 'ReadTable');
    expect(used.map(({ Resource }) => asList(Resource).map(asText).at(-1))).toEqual(
      ['s3a', 'lakefs'].map((way) => expect.stringMatching(`:table/branchline_example_tables/example_${way}_spark$`)),
    );
    expect(used.flatMap(({ Action }) => Action).filter((action) => /Table|Partition/.test(action))).toEqual([
      'glue:GetTable',
      'glue:GetPartitions',
      'glue:GetTable',
      'glue:GetPartitions',
    ]);
  });

  test('has these tables kept by Branchline, one at the head and one at the commit that it shows', () => {
    const tables = (text: string) =>
      compileConfig(parseConfig(text, 'branchline.yaml')).repositories.flatMap(({ name, tables }) =>
        tables.map((table) => [name, table.name, table.path, table.publish?.database, table.publish?.spark]),
      );
    const database = 'branchline_example_tables';
    const s3a = ['lake', 'example_s3a', 'example_s3a/', database, { scheme: 's3a' }];
    const lakefs = ['lake', 'example_lakefs', 'example_lakefs/', database, { scheme: 'lakefs', pin: true }];
    const before = tables(VARIANTS.plain);
    expect(tables(EXAMPLES)).toEqual([s3a, ...before]);
    expect(tables(`${EXAMPLES}${JAR}`)).toEqual([s3a, lakefs, ...before]);
    // The function that keeps them may write them.
    const written = JSON.stringify(synth(`${EXAMPLES}${JAR}`));
    for (const way of ['s3a', 'lakefs']) {
      expect(written.split(`:table/${database}/example_${way}_spark`).length).toBeGreaterThan(2);
    }
  });

  test('tells a table of the file that is in their way', () => {
    const table = (name: string, path: string) =>
      `lakefs: { endpoint: "https://lakefs.example.com", secretArn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x-AbCdEf" }
repositories:
  lake:
    storageNamespace: s3://bucket/lake
    tables: { ${name}: { path: ${path} } }
pipelines: { nightly: { jobs: ["*"], repository: lake } }
examples: true
`;
    const parse = (text: string) => () => parseConfig(text, 'branchline.yaml');
    expect(parse(table('example_s3a', 'elsewhere/'))).toThrow(
      /tables\.example_s3a: found "example_s3a"; allowed: another name/,
    );
    expect(parse(table('mine', 'example_s3a/mine/'))).toThrow(
      /tables\.mine\.path: found .* overlaps with table "example_s3a"/,
    );
    expect(parse(table('mine', 'example_lakefs/'))).not.toThrow();
  });

  test('manages them by a pipeline that takes no job from another', () => {
    const { pipelines } = compileConfig(parseConfig(EXAMPLES, 'branchline.yaml'));
    expect(pipelines.map(({ name }) => name)).toEqual(['nightly', 'branchline-examples']);
    expect(pipelines.at(-1)).toMatchObject({ jobs: ['branchline-example-*'], repository: 'lake', target: 'main' });
  });

  test.each([EXAMPLES, `${EXAMPLES}${JAR}`, VARIANTS.full.replace('schedules:', 'examples: true\nschedules:')])(
    'cdk-nag finds nothing that is not acknowledged (%#)',
    (text) => {
      expect(() => synth(text, { comply: true })).not.toThrow();
    },
  );
});

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isBranchlineError } from '../../../lambdas/domain/errors.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { faultsOf, HEAD, parse } from './sample.ts';

const PIPELINE = `${HEAD}pipelines:
  nightly:
    jobs: ["sales-*"]
    repository: lake
`;
const TABLES = `${HEAD}    tables:
`;

test('the sample is right, so that every fault below is the one that was put in', () => {
  expect(faultsOf(HEAD)).toEqual([]);
  expect(faultsOf(PIPELINE)).toEqual([]);
});

describe('each fault names file, line, key, what was found and what is allowed', () => {
  test.each<[string, string, string]>([
    [
      'a file without content',
      '',
      '1:1 (file): found nothing; allowed: the keys lakefs, controlPlane, repositories, pipelines, exports, jobs, snapshots, garbageCollection, replication, drills, examples, schedules',
    ],
    [
      'a list instead of keys',
      '- a\n',
      '1:1 (file): found ["a"]; allowed: the keys lakefs, controlPlane, repositories, pipelines, exports, jobs, snapshots, garbageCollection, replication, drills, examples, schedules',
    ],
    [
      'a key that is missing',
      'repositories:\n  lake: { storageNamespace: s3://b/l }\n',
      '1:1 lakefs: found nothing; allowed: the keys endpoint, secretArn, secretKmsKeyArn, rotation, server',
    ],
    ['a key without content', `${HEAD}pipelines:\n`, '8:1 pipelines: found nothing; allowed: entries by name'],
    [
      'a list where one text stands',
      `${HEAD}pipelines:\n  n: { jobs: a, repository: lake }\n`,
      '9:8 pipelines.n.jobs: found "a"; allowed: a list',
    ],
    [
      'an empty list',
      `${HEAD}pipelines:\n  n: { jobs: [], repository: lake }\n`,
      '9:8 pipelines.n.jobs: found []; allowed: at least 1 in the list',
    ],
    [
      'an entry of a list',
      `${HEAD}pipelines:\n  n: { jobs: [a, 1.5], repository: lake }\n`,
      '9:18 pipelines.n.jobs.1: found 1.5; allowed: a text',
    ],
    [
      'a word that is none of those',
      `${PIPELINE}    onConflict: retry\n`,
      '12:5 pipelines.nightly.onConflict: found "retry"; allowed: one of keep, rerun, source-wins, target-wins',
    ],
    [
      'a number that is too large',
      `${PIPELINE}    maxReruns: 11\n`,
      '12:5 pipelines.nightly.maxReruns: found 11; allowed: at most 10',
    ],
    [
      'half a number',
      `${PIPELINE}    maxReruns: 1.5\n`,
      '12:5 pipelines.nightly.maxReruns: found 1.5; allowed: a whole number',
    ],
    [
      'a duration without unit',
      `${PIPELINE}    keepFailedFor: 3\n`,
      '12:5 pipelines.nightly.keepFailedFor: found 3; allowed: a text',
    ],
    [
      'a duration in other words',
      `${PIPELINE}    keepFailedFor: 3 days\n`,
      '12:5 pipelines.nightly.keepFailedFor: found "3 days"; allowed: a whole number and s, m, h or d, such as 15m',
    ],
    [
      'no time at all to be open',
      `${PIPELINE}    maxOpenFor: 0h\n`,
      '12:5 pipelines.nightly.maxOpenFor: found "0h"; allowed: a whole number from 1 and s, m, h or d, such as 12h',
    ],
    [
      'a repository name of capitals',
      HEAD.replace('  lake:', '  Lake:'),
      '5:3 repositories.Lake: found the name "Lake"; allowed: 3 to 63 lower-case letters, digits and -, first a letter or digit',
    ],
    [
      'a branch name with a dot',
      HEAD.replace('staging', 'v1.2'),
      '7:21 repositories.lake.targets.1: found "v1.2"; allowed: letters, digits, _ and -, not first a -',
    ],
    [
      'an endpoint with a path',
      HEAD.replace('.com', '.com/api/v1'),
      '2:3 lakefs.endpoint: found "https://lakefs.example.com/api/v1"; allowed: http(s)://host[:port], no / at the end, no /api/v1',
    ],
    [
      'a secret by its name',
      HEAD.replace(/arn:\S+/, 'lakefs'),
      '3:3 lakefs.secretArn: found "lakefs"; allowed: the full ARN of a secret',
    ],
    [
      'a retention that CloudWatch lacks',
      `${HEAD}controlPlane: { logRetentionDays: 31 }\n`,
      '8:17 controlPlane.logRetentionDays: found 31; allowed: one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653',
    ],
    [
      'a tag that AWS keeps for itself',
      `${HEAD}controlPlane: { tags: { "AWS:x": y } }\n`,
      '8:25 controlPlane.tags.AWS:x: found the name "AWS:x"; allowed: at most 128 characters, not aws:… or branchline:…',
    ],
    [
      'no retention at all',
      `${HEAD}    garbageCollection: { defaultRetentionDays: 0 }\n`,
      '8:26 repositories.lake.garbageCollection.defaultRetentionDays: found 0; allowed: at least 1',
    ],
    [
      'a table path from the root',
      `${TABLES}      a: { path: /a/ }\n`,
      '9:12 repositories.lake.tables.a.path: found "/a/"; allowed: a prefix in the repository such as sales/: no leading slash, no empty step, no . or ..',
    ],
    [
      'a partition column twice',
      `${TABLES}      a: { path: a/, partitionColumns: [d, d] }\n`,
      '9:22 repositories.lake.tables.a.partitionColumns: found ["d","d"]; allowed: every column once',
    ],
    [
      'a partition column with its value',
      `${TABLES}      a: { path: a/, partitionColumns: [d=1] }\n`,
      '9:41 repositories.lake.tables.a.partitionColumns.0: found "d=1"; allowed: a column name without =, / and blanks',
    ],
  ])('%s', (_, text, expected) => {
    expect(faultsOf(text)).toEqual([`branchline.yaml:${expected}`]);
  });
});

describe('unknown keys are refused', () => {
  test.each<[string, string, string]>([
    [
      'at the top',
      `${HEAD}pipeline: {}\n`,
      '8:1 pipeline: unknown key, did you mean "pipelines"? Allowed: lakefs, controlPlane, repositories, pipelines, exports, jobs, snapshots, garbageCollection, replication, drills, examples, schedules',
    ],
    [
      'in a pipeline',
      `${PIPELINE}    onconflict: keep\n`,
      '12:5 pipelines.nightly.onconflict: unknown key, did you mean "onConflict"? Allowed: jobs, repository, target, onConflict, maxReruns, keepFailedFor, schema, maxOpenFor',
    ],
    [
      'in a table, four levels deep',
      `${TABLES}      a: { path: a/, partitionColumn: [d] }\n`,
      '9:22 repositories.lake.tables.a.partitionColumn: unknown key, did you mean "partitionColumns"? Allowed: path, partitionColumns, overwrite, appendOnly, database, tableName, target, publish, sparkTable, history, format, columns, partitionTypes',
    ],
    [
      'with nothing like it',
      `${HEAD}schedules: { sweep: 1h, zzzzzzzz: 1 }\n`,
      '8:25 schedules.zzzzzzzz: unknown key. Allowed: reconcile, sweep, watch',
    ],
  ])('%s', (_, text, expected) => {
    expect(faultsOf(text)).toEqual([`branchline.yaml:${expected}`]);
  });
});

describe('a file that is not YAML', () => {
  test.each<[string, string, string]>([
    ['a list that does not end', `${HEAD}pipelines: { a: [\n`, 'branchline.yaml:9:1 '],
    ['tabs', `${HEAD}pipelines:\n\ta: 1\n`, 'branchline.yaml:9:1 Tabs are not allowed as indentation'],
    ['a key twice', `${HEAD}lakefs: {}\n`, 'branchline.yaml:8:1 Map keys must be unique'],
    ['an alias without anchor', `${HEAD}schedules: *often\n`, 'branchline.yaml:8:12 *often names no anchor above it'],
    ['two documents', `${HEAD}---\na: 1\n`, 'branchline.yaml:8:1 Source contains multiple documents'],
  ])('%s', (_, text, beginning) => {
    expect(faultsOf(text)[0]).toContain(beginning);
  });

  test('aliases that grow without bound are refused', () => {
    const grow = (name: string, of: string): string => `${name}: &${name} [${Array(10).fill(`*${of}`).join(',')}]\n`;
    const bomb = `a: &a [1,1,1,1,1,1,1,1,1,1]\n${grow('b', 'a')}${grow('c', 'b')}${grow('d', 'c')}`;
    expect(faultsOf(bomb)).toEqual([expect.stringContaining('alias')]);
  });
});

test('all faults of a file are told at once, in the order of the file', () => {
  const text = `${PIPELINE}    maxReruns: -1\n    onConflict: no\nschedules:\n  swep: 1h\n`;
  expect(faultsOf(text).map((line) => line.split(' ')[0])).toEqual([
    'branchline.yaml:12:5',
    'branchline.yaml:13:5',
    'branchline.yaml:15:3',
  ]);
});

test('lines are counted in files from Windows too', () => {
  expect(faultsOf(`${HEAD}piplines: {}\n`.replaceAll('\n', '\r\n'))[0]).toMatch(/^branchline\.yaml:8:1 piplines:/);
});

test('long findings are cut, so that a message stays one line', () => {
  const [fault] = faultsOf(`${PIPELINE}    onConflict: "${'x'.repeat(500)}\\n${'y'.repeat(500)}"\n`);
  expect(fault?.length).toBeLessThan(200);
});

test('anchors and merge keys save writing', () => {
  const text = `${HEAD}pipelines:
  a: &usual { jobs: [a], repository: lake, onConflict: rerun }
  b: { <<: *usual, jobs: [b] }
`;
  expect(parse(text).pipelines['b']).toMatchObject({ jobs: ['b'], repository: 'lake', onConflict: 'rerun' });
});

test('a file that is not there is told by its path, as an error of the catalog', () => {
  const path = join(import.meta.dirname, 'no-such-file.yaml');
  const error = (() => {
    try {
      loadConfig(path);
    } catch (thrown) {
      return thrown;
    }
    return undefined;
  })();
  expect(isBranchlineError(error) && error.code).toBe('BL1002');
  expect(String(error)).toContain(path);
});

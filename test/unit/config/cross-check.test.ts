import { describe, expect, test } from 'vitest';
import { faultsOf, HEAD } from './sample.ts';

const pipelines = (text: string): string[] => faultsOf(`${HEAD}pipelines:\n${text}`);
const tables = (text: string): string[] => faultsOf(`${HEAD}    tables:\n${text}`);

describe('pipelines', () => {
  test.each<[string, string, string]>([
    [
      'a repository that is not there',
      '  n: { jobs: [a], repository: other }\n',
      '9:19 pipelines.n.repository: found "other"; allowed: one of lake',
    ],
    [
      'a repository named as something that every object has',
      '  n: { jobs: [a], repository: constructor }\n',
      '9:19 pipelines.n.repository: found "constructor"; allowed: one of lake',
    ],
    [
      'a target that the repository does not have',
      '  n: { jobs: [a], repository: lake, target: dev }\n',
      '9:37 pipelines.n.target: found "dev"; allowed: a target of "lake": main, staging',
    ],
  ])('%s', (_, text, expected) => {
    expect(pipelines(text)).toEqual([`branchline.yaml:${expected}`]);
  });

  test.each<[string, string, string, boolean]>([
    ['the same name', 'sales', 'sales', true],
    ['a name behind its pattern', 'sales-*', 'sales-eu', true],
    ['a narrower pattern behind a wider one', 'sales-*', 'sales-eu-*', true],
    ['anything behind *', '*', 'x', true],
    ['a wider pattern behind a narrower one', 'sales-eu-*', 'sales-*', false],
    ['patterns that share some names only', '*-eu', 'sales-*', false],
    ['other names', 'sales-*', 'clicks', false],
  ])('reachability: %s', (_, first, second, isShadowed) => {
    const faults = pipelines(
      `  one: { jobs: ["${first}"], repository: lake }\n  two: { jobs: ["${second}"], repository: lake }\n`,
    );
    const shadow = `branchline.yaml:10:17 pipelines.two.jobs.0: found "${second}"; pipeline "one" above takes these jobs by "${first}"`;
    expect(faults).toEqual(isShadowed ? [shadow] : []);
  });

  test('patterns of one pipeline may overlap', () => {
    expect(pipelines('  one: { jobs: ["a-*", a-1], repository: lake }\n')).toEqual([]);
  });
});

describe('tables', () => {
  test.each<[string, string, string, boolean]>([
    ['the same prefix with and without slash', 'sales', 'sales/', true],
    ['one within the other', 'sales/', 'sales/eu/', true],
    ['the outer one second', 'sales/eu', 'sales', true],
    ['prefixes that only begin alike', 'sales', 'sales2', false],
    ['siblings', 'a/x/', 'a/y/', false],
  ])('%s', (_, first, second, overlaps) => {
    const slashed = (path: string): string => (path.endsWith('/') ? path : `${path}/`);
    const fault = `branchline.yaml:10:12 repositories.lake.tables.b.path: found "${slashed(second)}"; it overlaps with table "a" at "${slashed(first)}"`;
    expect(tables(`      a: { path: ${first} }\n      b: { path: ${second} }\n`)).toEqual(overlaps ? [fault] : []);
  });

  test('tables of two repositories do not meet', () => {
    const other = '  pond: { storageNamespace: s3://bucket/pond, tables: { b: { path: sales/ } } }\n';
    expect(tables(`      a: { path: sales/ }\n${other}`)).toEqual([]);
  });
});

describe('repositories', () => {
  test('no two share a storage namespace, however it is written', () => {
    expect(faultsOf(`${HEAD}  pond: { storageNamespace: s3://bucket/lake/ }\n`)).toEqual([
      'branchline.yaml:8:11 repositories.pond.storageNamespace: found "s3://bucket/lake/"; repository "lake" has it already',
    ]);
  });

  test.each(['run-nightly', 'resolve-x', 'keep-x'])(
    'a target named as one of our own branches would be swept: %s',
    (branch) => {
      expect(faultsOf(HEAD.replace('staging', branch))).toEqual([
        `branchline.yaml:7:21 repositories.lake.targets.1: found "${branch}"; allowed: a name that does not begin with run-, resolve- or keep-`,
      ]);
    },
  );

  test('a target that begins with these letters only is fine', () => {
    expect(faultsOf(HEAD.replace('staging', 'running'))).toEqual([]);
  });

  test('a target twice', () => {
    expect(faultsOf(HEAD.replace('staging', 'main'))).toEqual([
      'branchline.yaml:7:21 repositories.lake.targets.1: found "main" twice; allowed: every target once',
    ]);
  });
});

describe('schedules', () => {
  test.each<[string, string, boolean]>([
    ['reconcile', '1m', true],
    ['reconcile', '120s', true],
    ['reconcile', '90s', false],
    ['reconcile', '0m', false],
    ['reconcile', '1h', true],
    ['reconcile', '2h', false],
    ['sweep', '1d', true],
    ['sweep', '2d', false],
  ])('%s: %s', (name, every, isFine) => {
    const longest = name === 'reconcile' ? '1h' : '1d';
    expect(faultsOf(`${HEAD}schedules: { ${name}: ${every} }\n`)).toEqual(
      isFine
        ? []
        : [
            `branchline.yaml:8:14 schedules.${name}: found "${every}"; allowed: whole minutes, at least 1m, at most ${longest}`,
          ],
    );
  });
});

describe('drills', () => {
  test.each<[string, string, string[]]>([
    ['a place beside the repository', 'drills: { every: 7d }\n', []],
    [
      'a place in a repository',
      'drills: { storageNamespace: "s3://bucket/lake/drills" }\n',
      [
        '8:11 drills.storageNamespace: found "s3://bucket/lake/drills"; it overlaps with that of repository "lake"; allowed: a place of its own',
      ],
    ],
    [
      'a place that holds a repository',
      'drills: { every: 7d, storageNamespace: "s3://bucket/lake" }\n',
      [
        '8:22 drills.storageNamespace: found "s3://bucket/lake"; it overlaps with that of repository "lake"; allowed: a place of its own',
      ],
    ],
    [
      'a repository of a whole bucket, and no place named',
      '  whole: { storageNamespace: "s3://alone" }\ndrills: { every: 7d }\n',
      ['9:11 drills.every: found "7d", and no place for drills of whole; allowed: never, or with `storageNamespace`'],
    ],
    [
      'a repository where the drills of another lie',
      '  b: { storageNamespace: "s3://bucket/branchline-drills" }\ndrills: { every: 7d }\n'.replace('  b', '  bbb'),
      [
        '9:11 drills.every: found "7d", and no place for drills of lake, bbb; allowed: never, or with `storageNamespace`',
      ],
    ],
    [
      'a repository with the name of a drill',
      '  drill-restore-x: { storageNamespace: "s3://bucket/x" }\n',
      [
        '8:3 repositories.drill-restore-x: found "drill-restore-x"; allowed: a name that does not begin with drill-rollback- or drill-restore-, as those of drills do',
      ],
    ],
  ])('%s', (_, text, expected) => {
    expect(faultsOf(`${HEAD}${text}`)).toEqual(expected.map((fault) => `branchline.yaml:${fault}`));
  });
});

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig as parseCompiled } from '../../../lambdas/adapters/config.ts';
import { pipelineOf, tablesOf } from '../../../lambdas/domain/pipelines.ts';
import { compileConfig } from '../../../lib/config/compile.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { durationSeconds } from '../../../lib/config/schema.ts';
import { HEAD, manyPipelines, parse } from './sample.ts';

test('defaults are filled in, durations become seconds', () => {
  const text = `${HEAD}    tables:
      sales: { path: sales }
pipelines:
  nightly: { jobs: [a], repository: lake, keepFailedFor: 3d, maxOpenFor: 90m }
`;
  expect(compileConfig(parse(text))).toEqual({
    schemaVersion: 1,
    snapshots: {
      everySeconds: 86_400,
      targets: [
        { repository: 'lake', target: 'main' },
        { repository: 'lake', target: 'staging' },
      ],
      retention: { last: 3, hourly: 0, daily: 7, weekly: 5, monthly: 12, yearly: 0 },
      database: true,
    },
    drills: { everySeconds: 0, places: [{ repository: 'lake', root: 's3://bucket/branchline-drills' }] },
    repositories: [
      {
        name: 'lake',
        storageNamespace: 's3://bucket/lake',
        defaultBranch: 'main',
        targets: ['main', 'staging'],
        garbageCollection: { defaultRetentionDays: 28, branches: {} },
        tables: [{ name: 'sales', path: 'sales/', partitionColumns: [], overwrite: 'partition', appendOnly: false }],
      },
    ],
    pipelines: [
      {
        name: 'nightly',
        jobs: ['a'],
        repository: 'lake',
        target: 'main',
        onConflict: 'keep',
        maxReruns: 1,
        keepFailedForSeconds: 259_200,
        maxOpenSeconds: 5400,
        schema: 'compatible',
      },
    ],
    exports: [],
  });
});

test.each([
  ['0s', 0],
  ['30s', 30],
  ['15m', 900],
  ['6h', 21_600],
  ['3d', 259_200],
])('%s is %i seconds', (text, seconds) => {
  expect(durationSeconds(text)).toBe(seconds);
});

test('a pipeline without target promotes into the first target of its repository', () => {
  const text = `${HEAD.replace('[main, staging]', '[staging, main]')}pipelines: { n: { jobs: [a], repository: lake } }\n`;
  expect(compileConfig(parse(text)).pipelines[0]?.target).toBe('staging');
});

test('the example at the root of the project is right', () => {
  const config = compileConfig(loadConfig(join(import.meta.dirname, '..', '..', '..', 'branchline.yaml')));
  expect(pipelineOf(config, 'sales-daily')?.name).toBe('nightly');
  expect(tablesOf(config, 'lake').map(({ name }) => name)).toEqual(['sales']);
});

describe('500 pipelines', () => {
  const config = compileConfig(parse(manyPipelines(500)));

  test('keep the order of the file, since the first that matches wins', () => {
    expect(config.pipelines.map(({ name }) => name)).toEqual(Array.from({ length: 500 }, (_, i) => `p${String(i)}`));
    expect(pipelineOf(config, 'team-499-load-x')?.name).toBe('p499');
  });

  test('are read by the functions as they were written', () => {
    expect(parseCompiled(JSON.stringify(config), 's3://bucket/config.json')).toEqual(config);
  });
});

test('snapshots of the targets that are named, or of none', () => {
  const of = (text: string) => compileConfig(parse(`${HEAD}${text}`)).snapshots;
  expect(of('snapshots: { every: 6h, targets: [lake/staging] }\n')).toMatchObject({
    everySeconds: 21_600,
    targets: [{ repository: 'lake', target: 'staging' }],
  });
  expect(of('snapshots: { every: never }\n')?.everySeconds).toBe(0);
});

test('drills lie beside each repository, or at the one place that is named; a repository of a whole bucket has none', () => {
  const of = (text: string) => compileConfig(parse(`${HEAD}${text}`)).drills;
  const other =
    '  other: { storageNamespace: "s3://bucket/deep/er/lake/" }\n  whole: { storageNamespace: "s3://alone" }\n';
  expect(of(other)?.places).toEqual([
    { repository: 'lake', root: 's3://bucket/branchline-drills' },
    { repository: 'other', root: 's3://bucket/deep/er/branchline-drills' },
  ]);
  expect(of(`${other}drills: { every: 7d, storageNamespace: "s3://scratch/d" }\n`)).toEqual({
    everySeconds: 604_800,
    places: ['lake', 'other', 'whole'].map((repository) => ({ repository, root: 's3://scratch/d' })),
  });
});

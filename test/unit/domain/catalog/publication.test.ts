import { describe, expect, it } from 'vitest';
import {
  behindSince,
  COMPARE_EVERY_MS,
  isPublished,
  type Publication,
  type PublishedTable,
  stepOfTable,
} from '../../../../lambdas/domain/catalog/publication.ts';
import { isOwnTable, ownParameters, sameForm, storageOf } from '../../../../lambdas/domain/catalog/storage.ts';
import { digestOfTable, publishedTables } from '../../../../lambdas/domain/catalog/table.ts';
import type { Target } from '../../../../lambdas/domain/target.ts';
import { column, tableOf } from './sample.ts';

const NOW = 10 * COMPARE_EVERY_MS;
const table = tableOf([column('dt')]);
const shown: PublishedTable = { commit: 'c1', descriptor: digestOfTable(table), comparedAt: NOW };
const step = (record: PublishedTable | undefined, verified: string, compare = false) =>
  stepOfTable(table, record, verified, { compare, now: NOW });

describe('what comes next for a table', () => {
  it.each([
    ['nothing was published yet', undefined, 'c1', { step: 'compare', to: 'c1' }],
    ['it never got through', { descriptor: shown.descriptor, towards: 'c1' }, 'c2', { step: 'compare', to: 'c1' }],
    ['the configuration changed', { ...shown, descriptor: 'other' }, 'c1', { step: 'compare', to: 'c1' }],
    [
      'nobody compared for a day',
      { ...shown, comparedAt: NOW - COMPARE_EVERY_MS },
      'c1',
      { step: 'compare', to: 'c1' },
    ],
    ['it shows the commit', shown, 'c1', { step: 'none' }],
    ['the target moved on', shown, 'c2', { step: 'follow', from: 'c1', to: 'c2' }],
    ['a refresh was interrupted', { ...shown, towards: 'c2' }, 'c3', { step: 'follow', from: 'c1', to: 'c2' }],
    ['it was interrupted and rolled back', { ...shown, towards: 'c2' }, 'c1', { step: 'follow', from: 'c1', to: 'c2' }],
  ] as const)('%s', (_, record, verified, expected) => {
    expect(step(record, verified)).toEqual(expected);
  });

  it('is a comparison where one is asked for', () => {
    expect(step(shown, 'c3', true)).toEqual({ step: 'compare', to: 'c3' });
    expect(step({ ...shown, towards: 'c2' }, 'c3', true)).toEqual({ step: 'compare', to: 'c2' });
  });
});

describe('how far readers are behind', () => {
  const only = { tables: [table], isDescribed: false };
  const target: Target = {
    ...{ schemaVersion: 1, version: 1, repository: 'lake', branch: 'main' },
    ...{ verifiedCommit: 'c2', verifiedAt: 5, updatedAt: 7 },
  };
  const publication = (record: PublishedTable): Publication => ({
    ...{ schemaVersion: 1, version: 1, repository: 'lake', branch: 'main', updatedAt: 0 },
    tables: { sales: record },
  });
  it('is told from the moment that the commit was verified', () => {
    expect(behindSince(only, undefined, target)).toBe(5);
    expect(behindSince(only, publication(shown), target)).toBe(5);
    expect(behindSince(only, publication({ ...shown, commit: 'c2', towards: 'c3' }), target)).toBe(5);
    expect(behindSince(only, publication({ ...shown, commit: 'c2' }), target)).toBeUndefined();
    expect(behindSince({ tables: [], isDescribed: false }, undefined, target)).toBeUndefined();
  });
  it('and a comparison that is due makes nobody wait', () => {
    const old = publication({ ...shown, commit: 'c2', comparedAt: 0 });
    expect(behindSince(only, old, target)).toBeUndefined();
    expect(isPublished(only, old, target, NOW)).toBe(false);
  });
  it('and where commits describe tables, the verified one has to be looked at', () => {
    const described = { ...only, isDescribed: true };
    const current = publication({ ...shown, commit: 'c2', comparedAt: NOW });
    expect(isPublished(only, current, target, NOW)).toBe(true);
    expect(isPublished(described, current, target, NOW)).toBe(false);
    expect(behindSince(described, current, target)).toBe(5);
    const looked = { ...current, described: { commit: 'c2', digest: 'd' } };
    expect(isPublished(described, looked, target, NOW)).toBe(true);
    expect(behindSince(described, looked, target)).toBeUndefined();
  });
});

describe('tables of the configuration', () => {
  const publish = {
    ...{ database: 'db', tableName: 'sales', target: 'main', format: 'parquet' as const },
    ...{ columns: [{ name: 'id', type: 'int' }], partitionTypes: { Day: 'date' } },
  };
  const base = {
    path: 'sales/',
    partitionColumns: ['Day', 'hour'],
    overwrite: 'partition' as const,
    appendOnly: false,
  };
  const config = {
    schemaVersion: 1,
    repositories: [
      {
        ...{ name: 'lake', storageNamespace: 's3://b/l', defaultBranch: 'main', targets: ['main', 'staging'] },
        garbageCollection: { defaultRetentionDays: 1, branches: {} },
        tables: [
          { ...base, name: 'sales', publish },
          { ...base, name: 'private', path: 'private/' },
        ],
      },
    ],
    pipelines: [],
  };
  it('are published where they name a database, for their target alone', () => {
    expect(publishedTables(config, 'lake', 'main').map(({ name }) => name)).toEqual(['sales']);
    expect(publishedTables(config, 'lake', 'staging')).toEqual([]);
    expect(publishedTables(config, 'other', 'main')).toEqual([]);
  });
  it('have lower-case partition columns with types, whatever the path says', () => {
    expect(publishedTables(config, 'lake', 'main')[0]?.partitionColumns).toEqual([
      { key: 'Day', name: 'day', type: 'date' },
      { key: 'hour', name: 'hour', type: 'string' },
    ]);
  });
  it('change their digest with anything that Glue is told', () => {
    expect(digestOfTable(table)).toBe(digestOfTable(tableOf([column('dt')])));
    expect(digestOfTable(table)).not.toBe(digestOfTable(tableOf([column('dt', 'date')])));
  });
});

describe('how Glue is told', () => {
  it('takes only its own table for its own', () => {
    expect(isOwnTable(table, ownParameters(table))).toBe(true);
    expect(isOwnTable(table, { EXTERNAL: 'TRUE' })).toBe(false);
    expect(isOwnTable(table, { ...ownParameters(table), 'branchline.target': 'staging' })).toBe(false);
  });
  it('compares columns and format, not the location', () => {
    const storage = storageOf(table, 's3://b/x/');
    expect(sameForm(storage, storageOf(table, 's3://b/y/'))).toBe(true);
    expect(sameForm(storage, { ...storage, columns: [] })).toBe(false);
    expect(sameForm(storage, { ...storage, columns: [{ name: 'id', type: 'int' }] })).toBe(false);
    expect(sameForm(storage, storageOf({ ...table, format: 'csv' }, 's3://b/x/'))).toBe(false);
  });
});

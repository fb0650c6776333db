import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  collectionItem,
  drillItem,
  erasureItem,
  exportItem,
  type Item,
  publicationItem,
  replicationItem,
  restoreItem,
  rollbackItem,
  rotationItem,
  runItem,
  snapshotItem,
  targetItem,
  toCollection,
  toDrill,
  toErasure,
  toExport,
  toPublication,
  toReplication,
  toRestore,
  toRollback,
  toRotation,
  toRun,
  toSnapshot,
  toTarget,
} from '../../../../lambdas/adapters/ledger/items.ts';
import { previewItem, toPreview } from '../../../../lambdas/adapters/ledger/preview-items.ts';
import { requestItem, toRequest } from '../../../../lambdas/adapters/ledger/request-items.ts';
import { sampleRun } from './sample-run.ts';

const FIXTURES = new URL('../../../fixtures/ledger/', import.meta.url);
const stored = (name: string): Item => JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8')) as Item;

const AGAIN: Readonly<Record<string, (item: Item) => Item>> = {
  snapshot: (item) => snapshotItem(toSnapshot(item), 'test'),
  target: (item) => targetItem(toTarget(item), 'test'),
  rotation: (item) => rotationItem(toRotation(item), 'test'),
  drill: (item) => drillItem(toDrill(item), 'test'),
  erasure: (item) => erasureItem(toErasure(item), 'test'),
  request: (item) => requestItem(toRequest(item), 'test'),
  restore: (item) => restoreItem(toRestore(item), 'test'),
  rollback: (item) => rollbackItem(toRollback(item), 'test'),
  collection: (item) => collectionItem(toCollection(item), 'test'),
  replication: (item) => replicationItem(toReplication(item), 'test'),
  export: (item) => exportItem(toExport(item), 'test'),
  publication: (item) => publicationItem(toPublication(item), 'test'),
  preview: (item) => previewItem(toPreview(item), 'test'),
};

describe('items that were ever written', () => {
  const names = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));

  it.each(names)('%s is still read, and written back without loss', (name) => {
    const item = stored(name);
    const again: Item = (AGAIN[String(item.kind)] ?? ((each: Item) => runItem(toRun(each), 'test')))(item);
    expect(again).toMatchObject({ ...item, writtenBy: 'test' });
  });

  it('fills what an old run did not have', () => {
    expect(toRun(stored('v1/run-minimal.json'))).toMatchObject({ rerunNumber: 0, branchDeleted: false, steps: [] });
  });

  it('hands out no attribute of the table', () => {
    const run = toRun(stored('v1/run-conflicted.json'));
    for (const attribute of ['pk', 'sk', 'kind', 'listKey', 'sortKey', 'stateKey', 'writtenBy']) {
      expect(run).not.toHaveProperty(attribute);
    }
  });
});

describe('runItem', () => {
  it('places a run', () => {
    expect(runItem(sampleRun({ attempt: 2, jobRunId: 'jr_1_attempt_2' }), 'w')).toMatchObject({
      pk: 'RUN#r1x',
      sk: 'ATTEMPT#000002',
      kind: 'run',
      listKey: 'RUNS',
      stateKey: 'STATE#OPEN',
      sortKey: '2026-11-24T15:04:05.678Z#r1x#2',
      jobRunId: 'jr_1_attempt_2',
      writtenBy: 'w',
    });
  });

  const settled = { state: 'DISCARDED', branchDeleted: true } as const;
  it.each([
    ['moving', sampleRun({ state: 'PROMOTING' }), 'STATE#PROMOTING'],
    ['waiting', sampleRun({ state: 'CONFLICTED' }), 'STATE#CONFLICTED'],
    ['settled, branch still there', sampleRun({ state: 'PROMOTED' }), 'STATE#CLEANUP'],
    ['settled, bookmark to rewind', sampleRun({ ...settled, bookmarkRewind: 'due' }), 'STATE#CLEANUP'],
    ['settled, rerun to start', sampleRun({ ...settled, rerunDue: true }), 'STATE#CLEANUP'],
    ['settled, owing nothing', sampleRun(settled), undefined],
    ['settled, bookmark rewound', sampleRun({ ...settled, bookmarkRewind: 'done' }), undefined],
  ])('is in the sparse index while alive: %s', (_, run, stateKey) => {
    expect(runItem(run, 'w').stateKey).toBe(stateKey);
  });
});

describe('an item that is no entry', () => {
  it.each<[string, Item, RegExp]>([
    [
      'state',
      { ...runItem(sampleRun(), 'w'), state: 'ASLEEP' },
      /RUN#r1x \/ ATTEMPT#000000 has state "ASLEEP", expected one of OPEN/,
    ],
    ['version', { ...runItem(sampleRun(), 'w'), version: '1' }, /has version "1", expected a number/],
    ['base commit', { ...runItem(sampleRun(), 'w'), baseCommit: undefined }, /has baseCommit missing, expected a text/],
  ])('is refused by name: %s', (_, item, says) => {
    expect(() => toRun(item)).toThrow(says);
  });
});

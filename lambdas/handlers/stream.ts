/** What a record of the ledger's stream says: an entry before and after a change. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import {
  ITEM_KIND,
  type Item,
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
} from '../adapters/ledger/items.ts';
import { toRequest } from '../adapters/ledger/request-items.ts';
import type { Publication } from '../domain/catalog/publication.ts';
import type { CollectionRecord } from '../domain/collection.ts';
import type { Drill } from '../domain/drill.ts';
import type { Erasure } from '../domain/erasure-record.ts';
import type { ExportRecord } from '../domain/export.ts';
import type { ReplicationRecord } from '../domain/replication.ts';
import type { RequestRecord } from '../domain/request.ts';
import type { RestoreRecord } from '../domain/restore.ts';
import type { Rollback } from '../domain/rollback.ts';
import type { Rotation } from '../domain/rotation.ts';
import type { Run } from '../domain/run.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Target } from '../domain/target.ts';

export type LedgerChange =
  | { readonly kind: 'run'; readonly before: Run | undefined; readonly after: Run }
  | { readonly kind: 'target'; readonly before: Target | undefined; readonly after: Target }
  | { readonly kind: 'publication'; readonly before: Publication | undefined; readonly after: Publication }
  | { readonly kind: 'rotation'; readonly before: Rotation | undefined; readonly after: Rotation }
  | { readonly kind: 'restore'; readonly before: RestoreRecord | undefined; readonly after: RestoreRecord }
  | { readonly kind: 'rollback'; readonly before: Rollback | undefined; readonly after: Rollback }
  | { readonly kind: 'snapshot'; readonly before: Snapshot | undefined; readonly after: Snapshot }
  | { readonly kind: 'export'; readonly before: ExportRecord | undefined; readonly after: ExportRecord }
  | { readonly kind: 'erasure'; readonly before: Erasure | undefined; readonly after: Erasure }
  | { readonly kind: 'collection'; readonly before: CollectionRecord | undefined; readonly after: CollectionRecord }
  | { readonly kind: 'drill'; readonly before: Drill | undefined; readonly after: Drill }
  | { readonly kind: 'replication'; readonly before: ReplicationRecord | undefined; readonly after: ReplicationRecord }
  | { readonly kind: 'request'; readonly before: RequestRecord | undefined; readonly after: RequestRecord }
  /** Lists of changed partitions, job runs that are not ours, entries that expired. */
  | { readonly kind: 'other' };

type Image = NonNullable<DynamoDBRecord['dynamodb']>['NewImage'];

const itemOf = (image: Image): Item | undefined =>
  image === undefined ? undefined : unmarshall(image as Record<string, AttributeValue>);

const map = <T>(item: Item | undefined, translate: (item: Item) => T): T | undefined =>
  item === undefined ? undefined : translate(item);

/** The stream has to carry new and old images. @throws BL5001 where an image is no entry. */
export const ledgerChangeOf = (record: DynamoDBRecord): LedgerChange => {
  const after = itemOf(record.dynamodb?.NewImage);
  const before = itemOf(record.dynamodb?.OldImage);
  switch (after?.kind) {
    case ITEM_KIND.run:
      return { kind: 'run', before: map(before, toRun), after: toRun(after) };
    case ITEM_KIND.target:
      return { kind: 'target', before: map(before, toTarget), after: toTarget(after) };
    case ITEM_KIND.publication:
      return { kind: 'publication', before: map(before, toPublication), after: toPublication(after) };
    case ITEM_KIND.restore:
      return { kind: 'restore', before: map(before, toRestore), after: toRestore(after) };
    case ITEM_KIND.rotation:
      return { kind: 'rotation', before: map(before, toRotation), after: toRotation(after) };
    case ITEM_KIND.rollback:
      return { kind: 'rollback', before: map(before, toRollback), after: toRollback(after) };
    case ITEM_KIND.snapshot:
      return { kind: 'snapshot', before: map(before, toSnapshot), after: toSnapshot(after) };
    case ITEM_KIND.export:
      return { kind: 'export', before: map(before, toExport), after: toExport(after) };
    case ITEM_KIND.erasure:
      return { kind: 'erasure', before: map(before, toErasure), after: toErasure(after) };
    case ITEM_KIND.collection:
      return { kind: 'collection', before: map(before, toCollection), after: toCollection(after) };
    case ITEM_KIND.drill:
      return { kind: 'drill', before: map(before, toDrill), after: toDrill(after) };
    case ITEM_KIND.replication:
      return { kind: 'replication', before: map(before, toReplication), after: toReplication(after) };
    case ITEM_KIND.request:
      return { kind: 'request', before: map(before, toRequest), after: toRequest(after) };
    default:
      return { kind: 'other' };
  }
};

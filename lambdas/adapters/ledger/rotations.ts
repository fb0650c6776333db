/** The ledger's one entry about the rotation of lakeFS's key pair. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Rotations } from '../../rotation-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { rotationItem, toRotation } from './items.ts';
import { ROTATION_ITEM_KEY } from './keys.ts';
import { createTable } from './table.ts';

export const createRotations = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Rotations => {
  const table = createTable(options.client, options.tableName);
  return {
    async get() {
      const item = await table.get(ROTATION_ITEM_KEY);
      return item === undefined ? undefined : toRotation(item);
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => rotationItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', rotation: answer.stored === undefined ? undefined : toRotation(answer.stored) };
    },
  };
};

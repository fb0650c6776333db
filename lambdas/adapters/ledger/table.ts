/** The few calls to DynamoDB that the ledger needs, with their retries. */
import { randomUUID } from 'node:crypto';
import { type AttributeValue, ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { BranchlineError } from '../../domain/errors.ts';
import { callAws } from '../aws-errors.ts';
import { backoffMs, pause } from '../pause.ts';
import type { Item } from './items.ts';
import type { ItemKey } from './keys.ts';

/** DynamoDB: BatchGetItem takes at most 100 keys. */
const MAX_BATCH = 100;
const MAX_BATCH_TRIES = 8;

export interface Condition {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
}

type PutOutcome = { readonly outcome: 'written' } | { readonly outcome: 'refused'; readonly stored?: Item };

export type Query = Omit<QueryCommandInput, 'TableName' | 'ExclusiveStartKey'>;

export interface Table {
  get(key: ItemKey): Promise<Item | undefined>;
  /** In any order; absent ones are left out. */
  getAll(keys: readonly ItemKey[]): Promise<readonly Item[]>;
  put(item: Item): Promise<void>;
  /**
   * Time-line of two writers that both read version 3:
   *
   *     A  put version 4 where version = 3  → written
   *     B  put version 4 where version = 3  → refused, with A's item in the same answer: no second read, no gap to race in
   *     A' the same put, sent again by the SDK since its answer was lost → refused, with an item that carries A's own name
   *        in `writtenBy` → written
   */
  putWhere(makeItem: (writtenBy: string) => Item, condition: Condition): Promise<PutOutcome>;
  pages(query: Query): AsyncIterable<readonly Item[]>;
}

/** The document client translates answers, not errors (tried: the item arrives in DynamoDB's own notation). */
const storedItem = (error: ConditionalCheckFailedException): Item | undefined =>
  error.Item === undefined ? undefined : unmarshall(error.Item as Record<string, AttributeValue>);

export const createTable = (client: DynamoDBDocumentClient, tableName: string): Table => {
  const getBatch = async (keys: readonly ItemKey[]): Promise<Item[]> => {
    const found: Item[] = [];
    let rest: ItemKey[] = [...keys];
    for (let tries = 1; rest.length > 0; tries += 1) {
      const answer = await callAws(`dynamodb:BatchGetItem ${tableName}`, () =>
        client.send(new BatchGetCommand({ RequestItems: { [tableName]: { Keys: rest, ConsistentRead: true } } })),
      );
      found.push(...(answer.Responses?.[tableName] ?? []));
      rest = (answer.UnprocessedKeys?.[tableName]?.Keys ?? []) as unknown as ItemKey[];
      if (rest.length === 0) break;
      if (tries === MAX_BATCH_TRIES) {
        throw new BranchlineError(
          'BL4001',
          `dynamodb:BatchGetItem ${tableName}: ${String(rest.length)} keys still unprocessed after ${String(tries)} tries`,
        );
      }
      await pause(backoffMs(tries));
    }
    return found;
  };

  return {
    async get(key) {
      const answer = await callAws(`dynamodb:GetItem ${tableName}`, () =>
        client.send(new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true })),
      );
      return answer.Item;
    },

    async getAll(keys) {
      // The same key twice in one batch is an error to DynamoDB.
      const distinct = [...new Map(keys.map((key) => [`${key.pk} ${key.sk}`, key])).values()];
      const found: Item[] = [];
      for (let from = 0; from < distinct.length; from += MAX_BATCH) {
        found.push(...(await getBatch(distinct.slice(from, from + MAX_BATCH))));
      }
      return found;
    },

    async put(item) {
      await callAws(`dynamodb:PutItem ${tableName}`, () =>
        client.send(new PutCommand({ TableName: tableName, Item: item })),
      );
    },

    async putWhere(makeItem, condition) {
      const writtenBy = randomUUID();
      try {
        await client.send(
          new PutCommand({
            TableName: tableName,
            Item: makeItem(writtenBy),
            ConditionExpression: condition.expression,
            ...(condition.names === undefined ? {} : { ExpressionAttributeNames: condition.names }),
            ...(condition.values === undefined ? {} : { ExpressionAttributeValues: condition.values }),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return { outcome: 'written' };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) {
          return callAws(`dynamodb:PutItem ${tableName}`, () => Promise.reject(error));
        }
        const stored = storedItem(error);
        if (stored === undefined) return { outcome: 'refused' };
        return stored.writtenBy === writtenBy ? { outcome: 'written' } : { outcome: 'refused', stored };
      }
    },

    async *pages(query) {
      let start: Record<string, unknown> | undefined;
      do {
        const answer = await callAws(`dynamodb:Query ${tableName}`, () =>
          client.send(
            new QueryCommand({
              ...query,
              TableName: tableName,
              ...(start === undefined ? {} : { ExclusiveStartKey: start }),
            }),
          ),
        );
        yield answer.Items ?? [];
        start = answer.LastEvaluatedKey;
      } while (start !== undefined);
    },
  };
};

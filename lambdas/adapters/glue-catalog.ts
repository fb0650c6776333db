/**
 * AWS Glue's tables and partitions. A batch call answers 200 although it refused some of its entries: each of them is looked at.
 * No update makes a new table version: Glue keeps 100,000 of them, and a refresh a minute would use them up in ten weeks.
 */
import {
  AlreadyExistsException,
  BatchCreatePartitionCommand,
  BatchDeletePartitionCommand,
  BatchGetPartitionCommand,
  BatchUpdatePartitionCommand,
  ConcurrentModificationException,
  CreateDatabaseCommand,
  CreateTableCommand,
  DeleteDatabaseCommand,
  DeleteTableCommand,
  EntityNotFoundException,
  type ErrorDetail,
  GetTableCommand,
  type GlueClient,
  paginateGetPartitions,
  paginateGetTables,
  type Table,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import type { Catalog } from '../catalog-ports.ts';
import { inBatches, keyOfValues, MAX_BATCH } from '../domain/catalog/plan.ts';
import { awsFault, callAws } from './aws-errors.ts';
import { ofPartition, ofTable, toStoredPartition, toStoredTable } from './glue-shapes.ts';
import { backoffMs, pause } from './pause.ts';

const MAX_TRIES = 6;
/** Of single entries: Glue's own words for "not now". */
const PASSES =
  /^(Throttling|ThrottlingException|InternalServiceException|OperationTimeoutException|ConcurrentModificationException|ResourceNotReadyException)$/;

type Values = readonly string[];

interface Refusal {
  readonly values: Values;
  readonly code: string;
  readonly message: string;
}

const refusalOf = (values: Values | undefined, detail: ErrorDetail | undefined): Refusal => ({
  values: values ?? [],
  code: detail?.ErrorCode ?? 'unknown',
  message: detail?.ErrorMessage ?? '',
});

export interface GlueCatalogOptions {
  /** With adaptive retries: Glue's request rates are undocumented and low. */
  readonly client: GlueClient;
  /** Told of every call. */
  readonly onCall?: () => void;
}

export const createGlueCatalog = ({ client, onCall }: GlueCatalogOptions): Catalog => {
  /** What was read last of a table: an update has to say again what is not ours. */
  const read = new Map<string, Table>();
  const call = <T>(action: string, send: () => Promise<T>): Promise<T> => {
    onCall?.();
    return callAws(action, send);
  };

  /**
   * @param send the refusals of one call for these entries.
   * @param expected the code that the caller decides about.
   * @returns the entries that were refused for it.
   */
  const batch = async <T extends { readonly values: Values }>(
    action: string,
    entries: readonly T[],
    send: (entries: readonly T[]) => Promise<readonly Refusal[]>,
    expected: string,
  ): Promise<readonly T[]> => {
    const found: T[] = [];
    let rest = entries;
    for (let tries = 1; rest.length > 0; tries += 1) {
      const refusals = new Map((await send(rest)).map((refusal) => [keyOfValues(refusal.values), refusal]));
      const refused = rest.flatMap((entry) => {
        const refusal = refusals.get(keyOfValues(entry.values));
        return refusal === undefined ? [] : [{ entry, refusal }];
      });
      found.push(...refused.filter(({ refusal }) => refusal.code === expected).map(({ entry }) => entry));
      const others = refused.filter(({ refusal }) => refusal.code !== expected);
      const bad = others.find(({ refusal }) => tries === MAX_TRIES || !PASSES.test(refusal.code));
      if (bad !== undefined || refusals.size > refused.length) {
        const { code, message, values } = bad?.refusal ?? [...refusals.values()][0] ?? refusalOf(undefined, undefined);
        throw awsFault(`${action}, ${values.join('/')}`, Object.assign(new Error(message), { name: code }));
      }
      rest = others.map(({ entry }) => entry);
      if (rest.length > 0) await pause(backoffMs(tries, 200));
    }
    return found;
  };

  return {
    async getTable(database, name) {
      const action = `glue:GetTable ${database}.${name}`;
      const answer = await call(action, async () => {
        try {
          return await client.send(new GetTableCommand({ DatabaseName: database, Name: name }));
        } catch (error) {
          if (error instanceof EntityNotFoundException) return undefined;
          throw error;
        }
      });
      if (answer?.Table === undefined) return undefined;
      read.set(`${database}.${name}`, answer.Table);
      return toStoredTable({ ...answer.Table, DatabaseName: database, Name: name });
    },

    async *listTables(DatabaseName) {
      try {
        for await (const page of paginateGetTables({ client, pageSize: 100 }, { DatabaseName })) {
          onCall?.();
          for (const table of page.TableList ?? []) yield toStoredTable({ ...table, DatabaseName });
        }
      } catch (error) {
        if (error instanceof EntityNotFoundException) return;
        throw awsFault(`glue:GetTables ${DatabaseName}`, error);
      }
    },

    async createTable(table) {
      const { database: DatabaseName, name } = table;
      const command = new CreateTableCommand({ DatabaseName, TableInput: ofTable(table) });
      for (let tries = 1; ; tries += 1) {
        const outcome = await call(`glue:CreateTable ${DatabaseName}.${name}`, async () => {
          try {
            await client.send(command);
            return 'created' as const;
          } catch (error) {
            if (error instanceof AlreadyExistsException) return 'exists' as const;
            if (error instanceof EntityNotFoundException && tries === 1) return 'no-database' as const;
            throw error;
          }
        });
        if (outcome !== 'no-database') return outcome;
        await call(`glue:CreateDatabase ${DatabaseName}`, async () => {
          try {
            await client.send(new CreateDatabaseCommand({ DatabaseInput: { Name: DatabaseName } }));
          } catch (error) {
            if (!(error instanceof AlreadyExistsException)) throw error;
          }
        });
      }
    },

    updateTable: (table, versionId) =>
      call(`glue:UpdateTable ${table.database}.${table.name}`, async () => {
        try {
          await client.send(
            new UpdateTableCommand({
              DatabaseName: table.database,
              TableInput: ofTable(table, read.get(`${table.database}.${table.name}`)),
              SkipArchive: true,
              ...(versionId === '' ? {} : { VersionId: versionId }),
            }),
          );
          return 'updated';
        } catch (error) {
          // Dropped meanwhile: as little the version that was read as another one.
          if (error instanceof ConcurrentModificationException || error instanceof EntityNotFoundException)
            return 'stale';
          throw error;
        }
      }),

    async *listPartitions(DatabaseName, TableName) {
      const action = `glue:GetPartitions ${DatabaseName}.${TableName}`;
      try {
        for await (const page of paginateGetPartitions({ client, pageSize: 1000 }, { DatabaseName, TableName })) {
          onCall?.();
          for (const partition of page.Partitions ?? []) yield toStoredPartition(partition);
        }
      } catch (error) {
        if (error instanceof EntityNotFoundException) return;
        throw awsFault(action, error);
      }
    },

    async getPartitions(DatabaseName, TableName, values) {
      const found = [];
      for (const some of inBatches(values, MAX_BATCH.get)) {
        let rest = some.map((each) => ({ Values: [...each] }));
        while (rest.length > 0) {
          const answer = await call(`glue:BatchGetPartition ${DatabaseName}.${TableName}`, async () => {
            try {
              return await client.send(
                new BatchGetPartitionCommand({ DatabaseName, TableName, PartitionsToGet: rest }),
              );
            } catch (error) {
              if (error instanceof EntityNotFoundException) return { Partitions: [], UnprocessedKeys: [] };
              throw error;
            }
          });
          const returned = answer.Partitions ?? [];
          found.push(...returned.map(toStoredPartition));
          // "Not returned" (Glue API) is said of what is not there and of what is left for the next call: as long as some come, more may.
          rest = returned.length === 0 ? [] : (answer.UnprocessedKeys ?? []).map(({ Values = [] }) => ({ Values }));
        }
      }
      return found;
    },

    createPartitions(table, partitions) {
      const { database: DatabaseName, name: TableName } = table;
      const action = `glue:BatchCreatePartition ${DatabaseName}.${TableName}`;
      const send = async (some: typeof partitions): Promise<readonly Refusal[]> => {
        const PartitionInputList = some.map((partition) => ofPartition(table, partition));
        const input = { DatabaseName, TableName, PartitionInputList };
        const { Errors } = await call(action, () => client.send(new BatchCreatePartitionCommand(input)));
        return (Errors ?? []).map(({ PartitionValues, ErrorDetail }) => refusalOf(PartitionValues, ErrorDetail));
      };
      return batch(action, partitions, send, 'AlreadyExistsException');
    },

    updatePartitions(table, partitions) {
      const { database: DatabaseName, name: TableName } = table;
      const action = `glue:BatchUpdatePartition ${DatabaseName}.${TableName}`;
      const send = async (some: typeof partitions): Promise<readonly Refusal[]> => {
        const Entries = some.map((partition) => ({
          PartitionValueList: [...partition.values],
          PartitionInput: ofPartition(table, partition),
        }));
        const command = new BatchUpdatePartitionCommand({ DatabaseName, TableName, Entries });
        const { Errors } = await call(action, () => client.send(command));
        return (Errors ?? []).map(({ PartitionValueList, ErrorDetail }) => refusalOf(PartitionValueList, ErrorDetail));
      };
      return batch(action, partitions, send, 'EntityNotFoundException');
    },

    async removeTable(DatabaseName, Name) {
      await call(`glue:DeleteTable ${DatabaseName}.${Name}`, async () => {
        try {
          await client.send(new DeleteTableCommand({ DatabaseName, Name }));
        } catch (error) {
          if (!(error instanceof EntityNotFoundException)) throw error;
        }
      });
    },

    async removeDatabase(Name) {
      await call(`glue:DeleteDatabase ${Name}`, async () => {
        try {
          await client.send(new DeleteDatabaseCommand({ Name }));
        } catch (error) {
          if (!(error instanceof EntityNotFoundException)) throw error;
        }
      });
    },

    async removePartitions(DatabaseName, TableName, values) {
      const action = `glue:BatchDeletePartition ${DatabaseName}.${TableName}`;
      const send = async (some: readonly { values: Values }[]): Promise<readonly Refusal[]> => {
        const PartitionsToDelete = some.map((each) => ({ Values: [...each.values] }));
        const command = new BatchDeletePartitionCommand({ DatabaseName, TableName, PartitionsToDelete });
        const { Errors } = await call(action, () => client.send(command));
        return (Errors ?? []).map(({ PartitionValues, ErrorDetail }) => refusalOf(PartitionValues, ErrorDetail));
      };
      const entries = values.map((each) => ({ values: each }));
      await batch(action, entries, send, 'EntityNotFoundException');
    },
  };
};

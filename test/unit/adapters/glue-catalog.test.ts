import {
  AlreadyExistsException,
  BatchCreatePartitionCommand,
  BatchDeletePartitionCommand,
  BatchGetPartitionCommand,
  BatchUpdatePartitionCommand,
  ConcurrentModificationException,
  CreateDatabaseCommand,
  CreateTableCommand,
  EntityNotFoundException,
  GetPartitionsCommand,
  GetTableCommand,
  GlueClient,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createGlueCatalog } from '../../../lambdas/adapters/glue-catalog.ts';
import { ownParameters, sameForm, storageOf } from '../../../lambdas/domain/catalog/storage.ts';
import { column, tableOf } from '../domain/catalog/sample.ts';

const client = new GlueClient({ region: 'eu-west-1', maxAttempts: 1 });
const sdk = mockClient(client);
let calls = 0;
const catalog = createGlueCatalog({
  client,
  onCall: () => {
    calls += 1;
  },
});
const descriptor = tableOf([column('dt')]);
const table = {
  ...{ database: 'lake', name: 'sales', partitionKeys: [{ name: 'dt', type: 'string' }] },
  ...{ storage: storageOf(descriptor, 's3://m/lake/'), parameters: ownParameters(descriptor) },
};
const partition = (value: string) => ({ values: [value], location: `s3://m/${value}/`, prefix: `sales/dt=${value}/` });
const refused = (value: string, ErrorCode: string) => ({ PartitionValues: [value], ErrorDetail: { ErrorCode } });
const missing = new EntityNotFoundException({ message: 'not found', $metadata: {} });
const exists = new AlreadyExistsException({ message: 'there', $metadata: {} });

beforeEach(() => {
  sdk.reset();
  calls = 0;
});

describe('tables', () => {
  it('are undefined where Glue knows none, or not the database', async () => {
    sdk.on(GetTableCommand).rejects(missing);
    expect(await catalog.getTable('lake', 'sales')).toBeUndefined();
  });

  it('name where the files lie beside the manifests, where they are to, and partitions do too', async () => {
    sdk.on(CreateTableCommand).resolves({});
    sdk.on(BatchCreatePartitionCommand).resolves({});
    const told = { ...table, storage: storageOf({ ...descriptor, filesBelow: 's3://lake/data/' }, 's3://m/lake/') };
    await catalog.createTable(told);
    await catalog.createPartitions(told, [partition('1')]);
    const written = sdk.commandCalls(CreateTableCommand)[0]?.args[0].input.TableInput;
    expect(written?.StorageDescriptor?.AdditionalLocations).toEqual(['s3://lake/data/']);
    const [input] = sdk.commandCalls(BatchCreatePartitionCommand)[0]?.args[0].input.PartitionInputList ?? [];
    expect(input?.StorageDescriptor).toMatchObject({ Location: 's3://m/1/', AdditionalLocations: ['s3://lake/data/'] });
    sdk.on(GetTableCommand).resolves({ Table: { Name: 'sales', ...written, VersionId: '7' } });
    const found = (await catalog.getTable('lake', 'sales'))?.storage;
    if (found === undefined) throw new Error('no table');
    expect(sameForm(found, told.storage)).toBe(true);
    expect(sameForm(found, table.storage)).toBe(false);
  });

  it('come back as they were written', async () => {
    sdk.on(CreateTableCommand).resolves({});
    expect(await catalog.createTable(table)).toBe('created');
    const written = sdk.commandCalls(CreateTableCommand)[0]?.args[0].input.TableInput;
    expect(written).toMatchObject({ TableType: 'EXTERNAL_TABLE', StorageDescriptor: { NumberOfBuckets: -1 } });
    sdk.on(GetTableCommand).resolves({ Table: { Name: 'sales', ...written, VersionId: '7' } });
    expect(await catalog.getTable('lake', 'sales')).toEqual({ ...table, versionId: '7' });
    expect(calls).toBe(2);
  });

  it('bring their database along', async () => {
    sdk.on(CreateTableCommand).rejectsOnce(missing).resolves({});
    sdk.on(CreateDatabaseCommand).rejects(exists);
    expect(await catalog.createTable(table)).toBe('created');
    sdk.on(CreateTableCommand).rejects(exists);
    expect(await catalog.createTable(table)).toBe('exists');
  });

  it('are replaced where they are the version that was read, without a new version, and keep what is not ours', async () => {
    sdk.on(GetTableCommand).resolves({ Table: { Name: 'sales', Description: 'by hand', Owner: 'me', VersionId: '7' } });
    await catalog.getTable('lake', 'sales');
    sdk.on(UpdateTableCommand).resolves({});
    expect(await catalog.updateTable(table, '7')).toBe('updated');
    expect(sdk.commandCalls(UpdateTableCommand)[0]?.args[0].input).toMatchObject({
      ...{ VersionId: '7', SkipArchive: true },
      TableInput: { Description: 'by hand', Owner: 'me' },
    });
    sdk.on(UpdateTableCommand).rejects(new ConcurrentModificationException({ message: 'stale', $metadata: {} }));
    expect(await catalog.updateTable(table, '7')).toBe('stale');
    sdk.on(UpdateTableCommand).rejects(new EntityNotFoundException({ message: 'dropped', $metadata: {} }));
    expect(await catalog.updateTable(table, '7')).toBe('stale');
  });
});

describe('partitions', () => {
  it('are listed over pages', async () => {
    sdk
      .on(GetPartitionsCommand)
      .resolvesOnce({
        Partitions: [{ Values: ['1'], StorageDescriptor: { Location: 's3://m/1/' } }],
        NextToken: 'more',
      })
      .resolvesOnce({ Partitions: [{ Values: ['2'], Parameters: { 'branchline.prefix': 'sales/dt=2/' } }] });
    const found = await Array.fromAsync(catalog.listPartitions('lake', 'sales'));
    expect(found.map(({ values, location, prefix }) => [values, location, prefix])).toEqual([
      [['1'], 's3://m/1/', undefined],
      [['2'], '', 'sales/dt=2/'],
    ]);
    sdk.on(GetPartitionsCommand).rejects(missing);
    expect(await Array.fromAsync(catalog.listPartitions('lake', 'sales'))).toEqual([]);
  });

  it('are asked for again where Glue left some out', async () => {
    sdk
      .on(BatchGetPartitionCommand)
      .resolvesOnce({ Partitions: [{ Values: ['1'] }], UnprocessedKeys: [{ Values: ['2'] }] })
      .resolvesOnce({ Partitions: [{ Values: ['2'] }], UnprocessedKeys: [{ Values: ['3'] }] })
      .resolves({ Partitions: [], UnprocessedKeys: [{ Values: ['3'] }] });
    const found = await catalog.getPartitions('lake', 'sales', [['1'], ['2'], ['3']]);
    expect(found.map(({ values }) => values)).toEqual([['1'], ['2']]);
    expect(sdk.commandCalls(BatchGetPartitionCommand)[1]?.args[0].input.PartitionsToGet).toEqual([{ Values: ['2'] }]);
  });

  it('that are there already come back from a creation', async () => {
    sdk.on(BatchCreatePartitionCommand).resolves({ Errors: [refused('2', 'AlreadyExistsException')] });
    expect(await catalog.createPartitions(table, [partition('1'), partition('2')])).toEqual([partition('2')]);
    const input = sdk.commandCalls(BatchCreatePartitionCommand)[0]?.args[0].input.PartitionInputList?.[0];
    expect(input).toMatchObject({
      ...{ Values: ['1'], Parameters: { 'branchline.prefix': 'sales/dt=1/' } },
      StorageDescriptor: { Location: 's3://m/1/', Columns: [{ Name: 'id', Type: 'bigint' }] },
    });
  });

  it('that are not there come back from an update', async () => {
    const Errors = [{ PartitionValueList: ['1'], ErrorDetail: { ErrorCode: 'EntityNotFoundException' } }];
    sdk.on(BatchUpdatePartitionCommand).resolves({ Errors });
    expect(await catalog.updatePartitions(table, [partition('1')])).toEqual([partition('1')]);
  });

  it('that are gone are as good as removed', async () => {
    sdk.on(BatchDeletePartitionCommand).resolves({ Errors: [refused('1', 'EntityNotFoundException')] });
    await expect(catalog.removePartitions('lake', 'sales', [['1'], ['2']])).resolves.toBeUndefined();
  });

  it('that Glue refuses for a moment are tried again, and only they', async () => {
    sdk
      .on(BatchCreatePartitionCommand)
      .resolvesOnce({ Errors: [refused('2', 'InternalServiceException'), refused('3', 'AlreadyExistsException')] })
      .resolves({});
    const created = await catalog.createPartitions(table, [partition('1'), partition('2'), partition('3')]);
    expect(created).toEqual([partition('3')]);
    const again = sdk.commandCalls(BatchCreatePartitionCommand)[1]?.args[0].input.PartitionInputList;
    expect(again?.map(({ Values }) => Values)).toEqual([['2']]);
  });

  it.each([
    ['InvalidInputException', 'BL4001'],
    ['AccessDeniedException', 'BL4002'],
  ])('that Glue refuses with %s in an answer of 200 are a fault', async (name, code) => {
    sdk.on(BatchCreatePartitionCommand).resolves({ Errors: [refused('1', name)] });
    await expect(catalog.createPartitions(table, [partition('1')])).rejects.toMatchObject({ code });
    expect(sdk.commandCalls(BatchCreatePartitionCommand)).toHaveLength(1);
  });

  it('and so is a refusal that names none of them', async () => {
    sdk.on(BatchDeletePartitionCommand).resolves({ Errors: [refused('9', 'EntityNotFoundException')] });
    await expect(catalog.removePartitions('lake', 'sales', [['1']])).rejects.toMatchObject({ code: 'BL4001' });
  });
});

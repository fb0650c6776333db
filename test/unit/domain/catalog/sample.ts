import type { PartitionColumn, TableDescriptor } from '../../../../lambdas/domain/catalog/table.ts';

export const column = (key: string, type = 'string'): PartitionColumn => ({ key, name: key.toLowerCase(), type });

export const tableOf = (
  partitionColumns: readonly PartitionColumn[],
  more: Partial<TableDescriptor> = {},
): TableDescriptor => ({
  repository: 'lake',
  target: 'main',
  name: 'sales',
  path: 'sales/',
  database: 'lake',
  tableName: 'sales',
  format: 'parquet',
  columns: [{ name: 'id', type: 'bigint' }],
  partitionColumns,
  ...more,
});

import { describe, expect, it } from 'vitest';
import { TABLE_FORMATS } from '../../../../lambdas/contract.ts';
import { isSymlinkTable, sameForm, storageOf } from '../../../../lambdas/domain/catalog/storage.ts';
import { column, tableOf } from './sample.ts';

/** Source: Athena user guide: "Parquet SerDe", "ORC SerDe", "Hive JSON SerDe", "Open CSV SerDe". */
const SERDE = {
  parquet: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
  orc: 'org.apache.hadoop.hive.ql.io.orc.OrcSerde',
  json: 'org.apache.hive.hcatalog.data.JsonSerDe',
  csv: 'org.apache.hadoop.hive.serde2.OpenCSVSerde',
} as const;

describe.each(TABLE_FORMATS)('a table of %s', (format) => {
  const table = { ...tableOf([column('dt')]), format };
  const storage = storageOf(table, 's3://m/x/');

  it('is one of symlinks, with the serializer of the files that they point to', () => {
    expect(storage).toMatchObject({
      inputFormat: 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat',
      outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
      serde: SERDE[format],
    });
    expect(isSymlinkTable(storage)).toBe(true);
  });

  it('has its own form, wherever it lies', () => {
    expect(sameForm(storage, storageOf(table, 's3://elsewhere/'))).toBe(true);
    for (const other of TABLE_FORMATS.filter((each) => each !== format))
      expect(sameForm(storage, storageOf({ ...table, format: other }, 's3://m/x/'))).toBe(false);
  });
});

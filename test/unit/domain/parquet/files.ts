/** Parquet files for tests, written by a writer that is not ours. */
import type { SchemaElement } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';

/** A file with these columns, as bytes. */
export const parquetFile = (
  columnData: readonly ColumnSource[],
  options: { readonly schema?: readonly SchemaElement[]; readonly rowGroupSize?: number } = {},
): Uint8Array => {
  const { schema, rowGroupSize } = options;
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [...columnData],
      ...(schema === undefined ? {} : { schema: [...schema] }),
      ...(rowGroupSize === undefined ? {} : { rowGroupSize }),
    }),
  );
};

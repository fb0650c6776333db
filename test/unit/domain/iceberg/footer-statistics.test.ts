import type { SchemaElement } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { fileStatistics, zonedColumns } from '../../../../lambdas/domain/iceberg/footer-statistics.ts';
import { parseFooter } from '../../../../lambdas/domain/parquet/footer.ts';
import { parquetFile } from '../parquet/files.ts';

/** A file with one point in time, which is annotated so. */
const zonedIn = (annotation: Partial<SchemaElement>): readonly string[] => {
  const element: SchemaElement = { name: 'At', type: 'INT64', repetition_type: 'OPTIONAL', ...annotation };
  const bytes = parquetFile([{ name: 'At', data: [1n] }], { schema: [{ name: 'root', num_children: 1 }, element] });
  return zonedColumns(fileStatistics(bytes, parseFooter(bytes, 'a.parquet'), 'a.parquet'));
};

const logical = (unit: 'MILLIS' | 'MICROS' | 'NANOS', isAdjustedToUTC: boolean): Partial<SchemaElement> => ({
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC, unit },
});

describe('a point in time has a zone', () => {
  it.each([
    ['in microseconds in UTC', logical('MICROS', true), ['at']],
    ['in microseconds of no zone', logical('MICROS', false), []],
    ['in microseconds as older writers say it', { converted_type: 'TIMESTAMP_MICROS' }, ['at']],
    // Engines refuse these as `timestamptz`.
    ['in milliseconds in UTC', logical('MILLIS', true), []],
    ['in nanoseconds in UTC', logical('NANOS', true), []],
    ['in milliseconds as older writers say it', { converted_type: 'TIMESTAMP_MILLIS' }, []],
    ['in a plain number', {}, []],
  ] as const)('%s: %o', (_, annotation, zoned) => {
    expect(zonedIn(annotation as Partial<SchemaElement>)).toEqual(zoned);
  });
});

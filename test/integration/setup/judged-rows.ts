/** Rows that readers of tables are judged by: with decimals, points in time of two units, nulls, and a column that comes with a later file. */
import { parquetReadObjects, type SchemaElement } from 'hyparquet';
import type { Harness } from '../../../local/harness.ts';
import { parquetFile } from '../../unit/domain/parquet/files.ts';

export const NULL_VALUE = '__HIVE_DEFAULT_PARTITION__';

export interface Row {
  readonly id: number;
  readonly name: string | null;
  readonly amount: number | null;
  /** Seconds since 1970. */
  readonly at: number;
  /** The same, in a column of milliseconds. */
  readonly seen: number;
  /** Comes with a later file. */
  readonly note?: string;
}

export const row = (id: number, name: string | null, amount: number | null = id / 4): Row => ({
  ...{ id, name, amount, at: 1_790_000_000 + id, seen: 1_780_000_000 + id },
});

const COLUMN = {
  id: { name: 'id', type: 'INT64', repetition_type: 'OPTIONAL' },
  name: { name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  amount: {
    ...{ name: 'amount', type: 'INT32', converted_type: 'DECIMAL', precision: 9, scale: 2 },
    repetition_type: 'OPTIONAL',
  },
  at: {
    ...{ name: 'at', type: 'INT64', repetition_type: 'OPTIONAL' },
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  seen: { name: 'seen', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'OPTIONAL' },
  note: { name: 'note', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
} as const satisfies Readonly<Record<keyof Row, SchemaElement>>;

export const file = (...rows: readonly Row[]): Uint8Array => {
  const names = Object.keys(COLUMN).filter((name) => rows.some((each) => name in each)) as (keyof Row)[];
  return parquetFile(
    names.map((name) => ({
      name,
      data: rows.map((each) => {
        const value = each[name] ?? null;
        if (name === 'at' || name === 'seen') return new Date(each[name] * 1000);
        return name === 'id' ? BigInt(each.id) : value;
      }),
    })),
    { schema: [{ name: 'root', num_children: names.length }, ...names.map((name) => COLUMN[name])] },
  );
};

export const asText = (values: readonly unknown[]): string =>
  values.map((value) => (value === null || value === undefined ? 'null' : String(value as string))).join(' ');

/** By lakeFS alone: each file below the prefix is read, and its partition is what its path says. */
export const readDirectly = async (
  harness: Harness,
  prefix: string,
  commit: string,
  withNote: boolean,
): Promise<readonly string[]> => {
  const rows: string[] = [];
  for (const path of (await harness.listing(commit, prefix)).keys()) {
    const [, dt, region] = /^dt=([^/]+)\/region=([^/]+)\/[^_.][^/]*$/.exec(path.slice(prefix.length)) ?? [];
    if (dt === undefined || region === undefined) continue;
    const content = await harness.lakefs.getObject(harness.repository, commit, path);
    if (content === undefined) throw new Error(`${path} is gone`);
    for (const read of await parquetReadObjects({ file: new Uint8Array(content).buffer })) {
      const { id, name, amount, note } = read;
      const seconds = ([read['at'], read['seen']] as readonly Date[]).map((time) => time.getTime() / 1000);
      const where = [dt, region === NULL_VALUE ? null : region];
      rows.push(asText([...where, id, name, amount, ...seconds, ...(withNote ? [note] : [])]));
    }
  }
  return rows.sort();
};

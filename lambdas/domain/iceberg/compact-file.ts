/**
 * What a manifest says about a data file, in a tenth of the memory: the numbers and bounds of its columns lie as Avro writes them until
 * they are written. A first publication holds all files of a table.
 */
import { avroCodec } from './avro-binary.ts';
import { type DataFile, METRIC_FIELDS, type PackedFile } from './manifest-file.ts';
import type { Metrics } from './metrics.ts';

type Columns = Omit<Metrics, 'record_count'>;

/** Counts and sizes in bytes: of no file any comes near 51 bits. */
const METRICS = avroCodec({ type: 'record', name: 'metrics', fields: METRIC_FIELDS }, { isSmall: true });

export class CompactFile implements PackedFile {
  readonly content = 0;
  readonly file_format = 'PARQUET';
  readonly file_path: string;
  readonly partition: DataFile['partition'];
  readonly record_count: number;
  readonly file_size_in_bytes: number;
  readonly #columns: Buffer;

  constructor(file: DataFile) {
    this.file_path = file.file_path;
    this.partition = file.partition;
    this.record_count = file.record_count;
    this.file_size_in_bytes = file.file_size_in_bytes;
    this.#columns = METRICS.encode([file]);
  }

  get #unpacked(): Columns {
    const [columns] = METRICS.decode(this.#columns);
    return columns as Columns;
  }
  get column_sizes(): Columns['column_sizes'] {
    return this.#unpacked.column_sizes;
  }
  get value_counts(): Columns['value_counts'] {
    return this.#unpacked.value_counts;
  }
  get null_value_counts(): Columns['null_value_counts'] {
    return this.#unpacked.null_value_counts;
  }
  get lower_bounds(): Columns['lower_bounds'] {
    return this.#unpacked.lower_bounds;
  }
  get upper_bounds(): Columns['upper_bounds'] {
    return this.#unpacked.upper_bounds;
  }

  /** All of it at once. */
  unpack(): DataFile {
    const { content, file_format, file_path, partition, record_count, file_size_in_bytes } = this;
    return { content, file_format, file_path, partition, record_count, file_size_in_bytes, ...this.#unpacked };
  }
}

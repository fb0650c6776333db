/** Footers of Parquet files: read once, and kept for whoever needs them next. */
import type { EpochMs } from './domain/run.ts';

/** Where a file lies. `ref` is a commit: a branch might move between two reads. */
export interface FileAt {
  readonly repository: string;
  readonly ref: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface Footers {
  /**
   * The end of a file that holds its footer; `undefined` where the file is not there.
   * @throws BL7004 where it is no Parquet file, or its footer is encrypted or too long.
   */
  read(file: FileAt): Promise<Uint8Array | undefined>;
}

/**
 * Footers that settle-run read, for the refresh that shows the run: hints, which may be gone. They hold the least and greatest values of
 * columns, so they go when they have been used, or after a day. Keys are relative to the root of all of them.
 */
export interface FooterNotes {
  put(key: string, content: Uint8Array): Promise<void>;
  /** `undefined` where there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly writtenAt: EpochMs }>;
  /** One that is not there is as good as removed. */
  remove(key: string): Promise<void>;
}

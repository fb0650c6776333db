/** What exports need from outside besides `Ports`. */
import type { ExportRecord } from './domain/export.ts';
import type { Target } from './domain/target.ts';
import type { Ports } from './ports.ts';

/** A place in S3, and how objects are written to it. */
export interface Place {
  readonly bucket: string;
  readonly kmsKeyArn?: string | undefined;
  readonly storageClass?: string | undefined;
}

export interface CopySource {
  /** `s3://bucket/key` */
  readonly address: string;
  readonly sizeBytes: number;
  /** As lakeFS gives it; kept with the copy, so that a comparison can tell another content of the same size. */
  readonly checksum: string;
}

export interface DestinationObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
}

/** Buckets that exports write to. Throws BL4001 and BL4002; throttling is waited out inside. */
export interface Destination {
  /** Inside S3, without passing the bytes through; in parts above 5 GB. BL9003 where the source is not there. */
  copy(source: CopySource, place: Place, key: string): Promise<{ readonly etag: string }>;
  put(place: Place, key: string, content: string): Promise<void>;
  get(place: Place, key: string): Promise<string | undefined>;
  /** Sorted by the bytes of the key. */
  list(place: Place, prefix: string, after?: string): AsyncIterable<DestinationObject>;
  /** The checksum that `copy` left with the object. */
  checksumOf(place: Place, key: string): Promise<string | undefined>;
  /** At most 1,000 keys. One that is not there is as good as removed. */
  remove(place: Place, keys: readonly string[]): Promise<void>;
}

export interface Exports {
  get(name: string): Promise<ExportRecord | undefined>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: ExportRecord): Promise<{ outcome: 'written' } | { outcome: 'stale'; record: ExportRecord | undefined }>;
}

export interface ExportQueue {
  /** Asks for a run of one export. `again` makes a repeat distinct within the deduplication window. */
  wake(name: string, again: string): Promise<void>;
  /** Asks for whatever follows this target. */
  wakeTarget(target: Pick<Target, 'repository' | 'branch' | 'version'>): Promise<void>;
}

/** What one execution is asked to do. Its input, as far as the state machine reads it. */
export interface MapOrder {
  readonly export: string;
  readonly run: string;
  readonly bucket: string;
  /** Keys of the chunks begin so. */
  readonly todo: string;
  /** Where it leaves what it says of its workers; without a slash at the end. */
  readonly results: string;
  readonly concurrency: number;
  readonly toleratedFailurePercent: number;
}

export type MapState =
  | { readonly state: 'running' }
  | { readonly state: 'ended'; readonly endedAt: number; readonly said: string };

export interface ExecutionRef {
  readonly export: string;
  readonly name: string;
}

/** What a job run of Spark is told: all else lies in S3. */
export interface SparkOrder {
  /** `s3://bucket/key` */
  readonly uri: string;
}

/** Whoever has the chunks of an export copied by many workers. Throws BL4001 and BL4002. */
export interface ExportEngine<Order> {
  /** Safe to repeat while it runs. `taken`: one of that name has ended already. */
  start(execution: ExecutionRef, order: Order): Promise<'started' | 'taken'>;
  /** `undefined` for one that is not known, or not any more. */
  look(execution: ExecutionRef): Promise<MapState | undefined>;
  stop(execution: ExecutionRef, reason: string): Promise<void>;
}

/** Executions of the state machine. */
export type ExportMaps = ExportEngine<MapOrder>;
/** Runs of the Spark jobs of exports, one at a time for each. BL8320 where there is no such job. */
export type ExportJobs = ExportEngine<SparkOrder>;

export interface ExportPorts extends Ports {
  readonly destination: Destination;
  readonly exports: Exports;
  readonly exportQueue: ExportQueue;
  readonly exportMaps: ExportMaps;
  readonly exportJobs: ExportJobs;
  readonly pause: (ms: number) => Promise<void>;
}

/** For who looks and wakes, and has no rights at any destination. */
export type WakingExportPorts = Omit<ExportPorts, 'destination' | 'exportMaps' | 'exportJobs' | 'pause'>;

/**
 * What refreshing the catalog needs from outside besides `Ports`. Glue's tables and the manifests are behind ports of their own;
 * how a table is shown (by symlinks today) is behind `Publisher`, which knows nothing of how changes were found.
 */
import type { TableColumns } from './domain/catalog/columns.ts';
import type { Description } from './domain/catalog/description.ts';
import type { PublishedPartition, WantedPartition } from './domain/catalog/plan.ts';
import type { Preview } from './domain/catalog/preview.ts';
import type { Publication } from './domain/catalog/publication.ts';
import type { Storage } from './domain/catalog/storage.ts';
import type { Column, Kind, TableDescriptor } from './domain/catalog/table.ts';
import type { Unnamed } from './domain/catalog/unnamed.ts';
import type { EpochMs } from './domain/run.ts';
import type { Target } from './domain/target.ts';
import type { FooterNotes } from './footer-ports.ts';
import type { LakePorts } from './ports.ts';

export interface CatalogTable {
  readonly database: string;
  readonly name: string;
  readonly partitionKeys: readonly Column[];
  readonly storage: Storage;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of a view: its text as engines store it. A view has no files. */
  readonly view?: string;
}

/** As Glue holds it. `versionId` says what a later update expects to replace. */
export type StoredTable = CatalogTable & { readonly versionId: string };

export type StoredPartition = Omit<PublishedPartition, 'isInForm'> & { readonly storage: Storage };

/**
 * AWS Glue's tables and partitions. Throttling is waited out inside, and so is what Glue refuses for a moment inside an answer
 * of 200; anything else is thrown as BL4001 or BL4002. No call makes a new table version.
 */
export interface Catalog {
  getTable(database: string, name: string): Promise<StoredTable | undefined>;
  /** Of every kind and owner. None where there is no such database. */
  listTables(database: string): AsyncIterable<StoredTable>;
  /** Makes the database too, where there is none. */
  createTable(table: CatalogTable): Promise<'created' | 'exists'>;
  /** `stale` where the table is no longer the version that was read, or is there no more. What we do not write (description, owner) is kept. */
  updateTable(table: CatalogTable, versionId: string): Promise<'updated' | 'stale'>;
  listPartitions(database: string, table: string): AsyncIterable<StoredPartition>;
  /** Those of the given ones that Glue names, in any order. */
  getPartitions(
    database: string,
    table: string,
    values: readonly (readonly string[])[],
  ): Promise<readonly StoredPartition[]>;
  /** @returns those that were there already, and are left as they are. */
  createPartitions(table: CatalogTable, partitions: readonly WantedPartition[]): Promise<readonly WantedPartition[]>;
  /** @returns those that are not there, and are not made. */
  updatePartitions(table: CatalogTable, partitions: readonly WantedPartition[]): Promise<readonly WantedPartition[]>;
  /** One that is not there is as good as removed. */
  removePartitions(database: string, table: string, values: readonly (readonly string[])[]): Promise<void>;
  /** One that is not there is as good as removed. */
  removeTable(database: string, name: string): Promise<void>;
  /** With all its tables. One that is not there is as good as removed. */
  removeDatabase(database: string): Promise<void>;
}

/** What readers of the catalog need of it, without the right to change anything. */
export type CatalogReader = Pick<Catalog, 'getTable' | 'listPartitions'>;

export interface StoredManifest {
  readonly key: string;
  readonly sizeBytes: number;
  readonly writtenAt: EpochMs;
}

/** Where manifests are kept. Keys are relative to the root of all manifests. */
export interface Manifests {
  /** `s3://bucket/…` of a key or prefix. */
  uri(key: string): string;
  put(key: string, content: string): Promise<void>;
  /** `undefined` where there is none. */
  get(key: string): Promise<string | undefined>;
  list(prefix: string): AsyncIterable<StoredManifest>;
  remove(key: string): Promise<void>;
}

/** Where the metadata of Iceberg tables is kept. Keys are relative to the root of all of it. */
export interface IcebergStore {
  /** `s3://bucket/…` of a key. */
  uri(key: string): string;
  /** The key of a URI; `undefined` for one that lies elsewhere. */
  keyOf(uri: string): string | undefined;
  put(key: string, content: Uint8Array): Promise<void>;
  /** `undefined` where there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * What this process itself has put there lately, without a call. Names are never given twice, so it is what was put; it may have been
   * removed since.
   */
  recall(key: string): Uint8Array | undefined;
  list(prefix: string): AsyncIterable<StoredManifest>;
  remove(key: string): Promise<void>;
}

/** For those who only look. */
export type IcebergReader = Pick<IcebergStore, 'uri' | 'keyOf' | 'get'>;

type OfBranch = Pick<Publication, 'repository' | 'branch'>;
type OfTarget = Pick<TableDescriptor, 'repository' | 'target' | 'name'>;

/** The ledger's entries about what readers see. */
export interface Publications {
  get(repository: string, branch: string): Promise<Publication | undefined>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: Publication): Promise<{ outcome: 'written' } | { outcome: 'stale'; publication: Publication | undefined }>;
  /** Columns that were inferred for a table, under a name that says what they are. */
  putColumns(table: OfTarget, digest: string, columns: TableColumns): Promise<void>;
  getColumns(table: OfTarget, digest: string): Promise<TableColumns | undefined>;
  /** What the files of `_lakefs_tables/` say, under a name that tells the list from others. */
  putDescriptions(of: OfBranch, digest: string, descriptions: readonly Description[]): Promise<void>;
  /** `undefined` where the list is not there as a whole. */
  getDescriptions(of: OfBranch, digest: string): Promise<readonly Description[] | undefined>;
  /** Manifests that nobody names; written before the entry says of when they are and how many. */
  putUnnamed(table: OfTarget, unnamed: Unnamed): Promise<void>;
  /** `undefined` where the list does not add up. */
  getUnnamed(table: OfTarget, of: { readonly since: EpochMs; readonly count: number }): Promise<Unnamed | undefined>;
}

export interface Refreshes {
  /** Asks refresh-catalog to look at this target. `again` makes a repeat distinct within the deduplication window. */
  wake(target: Pick<Target, 'repository' | 'branch' | 'version'>, again?: string): Promise<void>;
}

export interface CatalogPorts extends LakePorts {
  readonly catalog: Catalog;
  readonly manifests: Manifests;
  readonly iceberg: IcebergStore;
  /** Only `refresh-catalog` uses them up. */
  readonly footerNotes?: Omit<FooterNotes, 'put'>;
  readonly publications: Publications;
  readonly refreshes: Refreshes;
  pause(ms: number): Promise<void>;
}

/** The ledger's entries about previews. */
export interface Previews {
  get(name: string): Promise<Preview | undefined>;
  /** Those that are not dropped, oldest first. */
  list(): AsyncIterable<Preview>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: Preview): Promise<{ outcome: 'written' | 'stale' }>;
}

export interface PreviewPorts extends CatalogPorts {
  readonly previews: Previews;
  /** What the names of all databases of previews begin with. */
  readonly previewDatabases: string;
  /** The manifests of one preview, with keys of its own. */
  previewManifests(name: string): Manifests;
}

/** One data file, where lakeFS keeps it and where it lies in the repository. */
export interface SourceFile {
  readonly path: string;
  readonly address: string;
  readonly sizeBytes: number;
}

/** All visible files of one partition at the commit that is published. None: the partition is gone. */
export interface SourcePartition {
  readonly values: readonly string[];
  /** Where they lie in the repository; one a line where several directories spell the same values. */
  readonly prefix: string;
  readonly files: readonly SourceFile[];
}

/** What a publisher is given: shared by all publishers, however they show a table. */
export interface TableWork {
  readonly table: TableDescriptor;
  /** The commit that the partitions are of. */
  readonly commit: string;
  readonly partitions: AsyncIterable<SourcePartition>;
  /** What is not among the partitions is to go. */
  readonly isWhole: boolean;
  /** No step is begun after that. */
  readonly until: EpochMs;
  /** Only prepare it, where the kind of table has one step that shows all: the caller shows several tables together. */
  readonly holdsBack?: boolean;
  /** The table is to become what the configuration says, whatever it is in Glue. */
  readonly switches?: boolean;
  /** Of an Iceberg table of which changes alone are given: the snapshot that they follow, where it is known. */
  readonly follows?: string | undefined;
  /** What Glue has under the name of the table, where somebody has just looked, or is looking. */
  readonly found?: { readonly table: StoredTable | undefined };
  readonly looking?: Promise<StoredTable | undefined> | undefined;
}

export interface PartitionCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export type PublishOutcome =
  | ({
      readonly outcome: 'published';
      /** Manifests that Glue names and that were gone, or cut short; written again. Known where the whole table was compared. */
      readonly restored: number;
      /** So many partitions are there now. Known where the whole table was compared. */
      readonly partitions?: number;
      /** Of an Iceberg table: the snapshot that readers see now. */
      readonly snapshot?: string;
      /** Of an Iceberg table: the state that somebody else had made of it, and that this follows. */
      readonly foreign?: string;
      /** It was left what it is in Glue, which is not what the configuration says. */
      readonly keeps?: Kind;
    } & PartitionCounts)
  /** The time is up. The same work goes on where this left off: what is right already is not done again. */
  | ({ readonly outcome: 'unfinished' } & PartitionCounts)
  /** What the catalog holds does not fit the changes alone: the whole table has to be compared. */
  | { readonly outcome: 'drifted'; readonly what: string };

/** Everything is written, and nothing of it is shown yet. Only where the caller holds back. */
export interface Prepared {
  readonly outcome: 'prepared';
  /** One call to Glue. */
  show(): Promise<PublishOutcome>;
  /** Removes what nobody needs any more; to be called when it is shown. */
  tidy(): Promise<void>;
}

export type Publisher = (ports: CatalogPorts, work: TableWork) => Promise<PublishOutcome | Prepared>;

/** The ledger's entry about what readers see of a target, and what is to be done next about each table. Pure. */
import type { Cause, EpochMs } from '../run.ts';
import type { Target } from '../target.ts';
import type { SchemaChange } from './columns.ts';
import { digestOfTable, type Kind, type TableDescriptor } from './table.ts';

/** One refresh of one table that changed something. */
export interface Refresh {
  /** Absent for the first publication. */
  readonly from?: string;
  readonly to: string;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** Whether the whole table was compared. */
  readonly compared: boolean;
  readonly endedAt: EpochMs;
  readonly durationMs: number;
}

/** Files that are shown and that readers cannot read. */
export interface Misfits {
  /** When the newest of them was found. */
  readonly at: EpochMs;
  /** The first of them. */
  readonly found: readonly SchemaChange[];
}

export interface PublishedTable {
  /** Readers see the files of this commit. Later commits that change nothing of the table count as shown, without a call to Glue. */
  readonly commit?: string;
  /** A refresh to this commit has begun and has not ended: it is ended before another begins. */
  readonly towards?: string;
  /** What that refresh has done in earlier invocations. */
  readonly soFar?: { readonly added: number; readonly changed: number; readonly removed: number };
  /** Of the descriptor that Glue's table was made by. */
  readonly descriptor: string;
  /** Names the columns that were inferred; they lie in an entry of their own. */
  readonly columns?: string;
  /** When the newest comparison of the whole table that has ended began. */
  readonly comparedAt?: EpochMs;
  /** A person asked for a comparison then; it is owed until one that began later has ended. */
  readonly compareAskedAt?: EpochMs;
  /** Partitions that Glue names, as counted by the newest comparison and every refresh since. */
  readonly partitions?: number;
  /** Of an Iceberg table: the snapshot that shows the rows of `commit`. */
  readonly snapshot?: string;
  /** When somebody else was last found to have written to the Iceberg table, and the snapshot that was undone. */
  readonly foreign?: { readonly at: EpochMs; readonly snapshot: string };
  /** Glue shows it by the other kind than the configuration asks for, until somebody asks for the switch. */
  readonly keeps?: Kind;
  /** Somebody asked for the switch then; it is owed until the table is of the configured kind. */
  readonly switchAskedAt?: EpochMs;
  /** When the catalog was last found to be other than the ledger says, and in what. */
  readonly drift?: { readonly at: EpochMs; readonly what: string };
  readonly refresh?: Refresh;
  /** Absent where all that was looked at fits. */
  readonly misfits?: Misfits;
  /** Of a table with given columns: the newest commit by hand whose files were compared, by the time that it was found. */
  readonly handSeen?: EpochMs;
  /** Where Glue shows or showed it, as `database.table`: each of them may go on naming its manifests. */
  readonly shownAs?: readonly string[];
  /** When manifests were last looked for that nobody names, and how many there were. */
  readonly unnamed?: { readonly since: EpochMs; readonly count: number };
  /** A table for Spark: it goes from Glue when it leaves the configuration. */
  readonly spark?: true;
  /** Where its files lie in the repository. Absent in entries of earlier versions. */
  readonly path?: string;
  /** Since when nobody asks for the table any more. Glue keeps it as it was, and its files are kept with it. */
  readonly left?: { readonly since: EpochMs; readonly lookedAt?: EpochMs };
  /** Why the table could not be refreshed, until it can. */
  readonly failure?: Failure;
}

export interface Failure extends Cause {
  readonly since: EpochMs;
  /** The newest try. */
  readonly triedAt?: EpochMs;
}

/** What is known of the files in `_lakefs_tables/`. */
export interface Described {
  /** They are read as they are at this commit. */
  readonly commit: string;
  /** Names the list of them, which lies in an entry of its own. */
  readonly digest: string;
  /** Files of which no table is shown, or an earlier one, with the reason. */
  readonly refused?: Readonly<Record<string, Refusal>>;
}

export interface Refusal extends Failure {
  /** The table that is shown by what the file said before. */
  readonly table?: string;
}

export interface Publication {
  readonly schemaVersion: number;
  readonly version: number;
  readonly repository: string;
  readonly branch: string;
  /** All tables show this commit; absent before the first publication. */
  readonly commit?: string;
  readonly publishedAt?: EpochMs;
  /** From the moment that the commit was verified to the one that all tables showed it. */
  readonly lagMs?: number;
  /** One writer at a time: refresh, repair and clean-up. */
  readonly lease?: { readonly owner: string; readonly expiresAt: EpochMs };
  readonly tables: Readonly<Record<string, PublishedTable>>;
  /** Absent before the first look, and where none is asked for. */
  readonly described?: Described;
  readonly updatedAt: EpochMs;
}

/**
 * How long one writer may work. Longer than any function that writes may run (5 minutes): whoever finds an expired lease may
 * take its holder for dead.
 */
export const PUBLICATION_LEASE_MS = 360_000;

/** A table is compared in full so often, though nothing seems wrong: somebody may have edited it. */
export const COMPARE_EVERY_MS = 24 * 3_600_000;

/**
 * Between two refreshes of a target at least: the first promotion of many is shown at once, those that follow it closely are
 * shown together. A hundred in a minute cost a dozen refreshes, and nobody waits longer than that.
 */
const PACE_MS = 5_000;

/** How long to wait before the next refresh begins. */
export const paceOf = (publication: Publication | undefined, now: EpochMs): number =>
  publication?.publishedAt === undefined ? 0 : Math.min(PACE_MS, Math.max(0, publication.publishedAt + PACE_MS - now));

export type TableStep =
  | { readonly step: 'none' }
  /** Everything that Glue names against everything that the commit holds. */
  | { readonly step: 'compare'; readonly to: string }
  /** Only what differs between two commits. */
  | { readonly step: 'follow'; readonly from: string; readonly to: string };

/** One file may be told of by several columns. */
export const filesOf = ({ found }: Misfits): number => new Set(found.map(({ file }) => file)).size;

const isSaid = (known: readonly SchemaChange[], { file, column, after }: SchemaChange): boolean =>
  known.some((each) => each.file === file && each.column === column && each.after === after);

/** @returns nothing where there are none any more. */
export const misfitsNow = (
  before: Misfits | undefined,
  found: readonly SchemaChange[],
  now: EpochMs,
): Misfits | undefined => {
  if (found.length === 0) return undefined;
  const isKnown = before !== undefined && found.every((change) => isSaid(before.found, change));
  return { at: isKnown ? before.at : now, found };
};

export const stepOfTable = (
  table: TableDescriptor,
  record: PublishedTable | undefined,
  verified: string,
  options: { readonly compare: boolean; readonly now: EpochMs },
): TableStep => {
  const isKnown = record?.commit !== undefined && record.descriptor === digestOfTable(table, record.columns);
  const comparedAt = record?.comparedAt ?? 0;
  const isAsked = comparedAt < (record?.compareAskedAt ?? 0) || record?.switchAskedAt !== undefined;
  const isDue = isAsked || options.now - comparedAt >= COMPARE_EVERY_MS;
  // What has begun is ended first: until then each partition is of one of two commits that the table names, not of three.
  const to = record?.towards ?? verified;
  if (!isKnown || options.compare || isDue) return { step: 'compare', to };
  if (record.towards === undefined && record.commit === verified) return { step: 'none' };
  return { step: 'follow', from: record.commit, to };
};

/** What readers are to see of a target. */
export interface Wanted {
  readonly tables: readonly TableDescriptor[];
  /** The commits of the target describe tables themselves: those of another commit may be others. */
  readonly isDescribed: boolean;
}

const isRead = ({ isDescribed }: Wanted, publication: Publication | undefined, target: Target): boolean =>
  !isDescribed || publication?.described?.commit === target.verifiedCommit;

/** Whether every table shows the verified commit, and none is due for a comparison. */
export const isPublished = (
  wanted: Wanted,
  publication: Publication | undefined,
  target: Target,
  now: EpochMs,
): boolean =>
  isRead(wanted, publication, target) &&
  wanted.tables.every((table) => {
    const step = stepOfTable(table, publication?.tables[table.name], target.verifiedCommit, { compare: false, now });
    return step.step === 'none';
  });

/** Since when readers wait for the verified commit; `undefined` where they see it. */
export const behindSince = (
  wanted: Wanted,
  publication: Publication | undefined,
  target: Target,
): EpochMs | undefined => {
  const shows = (table: TableDescriptor): boolean => {
    const record = publication?.tables[table.name];
    return record?.commit === target.verifiedCommit && record.towards === undefined;
  };
  const isCurrent = isRead(wanted, publication, target) && wanted.tables.every(shows);
  return isCurrent ? undefined : (target.verifiedAt ?? target.updatedAt);
};

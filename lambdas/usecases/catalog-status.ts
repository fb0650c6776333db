/** What readers see of each table, as the ledger tells it: no call to Glue, lakeFS or S3. */
import {
  behindSince,
  type Failure,
  type Misfits,
  type PublishedTable,
  type Refresh,
  stepOfTable,
} from '../domain/catalog/publication.ts';
import type { Kind, TableDescriptor } from '../domain/catalog/table.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ChosenTarget } from './catalog-tables.ts';

export interface TableStatus {
  readonly repository: string;
  readonly target: string;
  readonly table: string;
  readonly database: string;
  readonly tableName: string;
  readonly state:
    | 'shown'
    /** Readers see an earlier commit than the verified one. */
    | 'behind'
    /** Not shown yet. */
    | 'unpublished'
    /** Shown, and a comparison is owed: a person asked for it, or the daily one is due. */
    | 'to-compare'
    | 'failed';
  /** Readers see the rows of this commit. */
  readonly commit?: string;
  readonly verifiedCommit?: string;
  /** A refresh to this commit has begun. */
  readonly towards?: string;
  /** How long readers have been waiting for the verified commit. */
  readonly lagSeconds: number;
  /** Partitions that Glue names; absent for an unpartitioned table. */
  readonly partitions?: number;
  /** Glue shows it by the other kind than the configuration asks for, until `switch` is asked for. */
  readonly keeps?: Kind;
  /** The switch is on its way since. */
  readonly switchAskedAt?: EpochMs;
  readonly comparedAt?: EpochMs;
  readonly compareAskedAt?: EpochMs;
  /** When somebody's change of the catalog was last put right, and what it was. */
  readonly drift?: { readonly at: EpochMs; readonly what: string };
  readonly refresh?: Refresh;
  /** Files that are shown and that readers cannot read: their columns do not fit. */
  readonly misfits?: Misfits;
  readonly failure?: Failure;
}

/** A file in `_lakefs_tables/` of which no table is shown, or by what it said before. */
export interface RefusedDescription {
  readonly repository: string;
  readonly target: string;
  readonly file: string;
  /** The table that is shown by what the file said before. */
  readonly table?: string;
  readonly code: string;
  readonly message: string;
  readonly since: EpochMs;
}

/** A table that nobody asks for any more. Glue keeps it as it was. */
export interface LeftTable {
  readonly repository: string;
  readonly target: string;
  readonly table: string;
  /** As `database.table`. */
  readonly shownAs: readonly string[];
  /** Readers go on seeing the rows of this commit. */
  readonly commit?: string;
  readonly since: EpochMs;
}

const stateOf = (
  { target }: ChosenTarget,
  table: TableDescriptor,
  record: PublishedTable | undefined,
  now: EpochMs,
): TableStatus['state'] => {
  if (record?.failure !== undefined) return 'failed';
  if (record?.commit === undefined || target === undefined) return 'unpublished';
  if (record.commit !== target.verifiedCommit || record.towards !== undefined) return 'behind';
  const { step } = stepOfTable(table, record, target.verifiedCommit, { compare: false, now });
  return step === 'none' ? 'shown' : 'to-compare';
};

export const statusOf = (chosen: ChosenTarget, now: EpochMs): readonly TableStatus[] => {
  const { repository, branch, target, publication } = chosen;
  return chosen.tables.map((table) => {
    const record = publication?.tables[table.name];
    const since =
      target === undefined ? undefined : behindSince({ tables: [table], isDescribed: false }, publication, target);
    const { commit, towards, partitions, comparedAt, compareAskedAt, drift, refresh, failure, misfits } = record ?? {};
    const { keeps, switchAskedAt } = record ?? {};
    return {
      ...{ repository, target: branch, table: table.name, database: table.database, tableName: table.tableName },
      state: stateOf(chosen, table, record, now),
      ...(commit === undefined ? {} : { commit }),
      ...(target === undefined ? {} : { verifiedCommit: target.verifiedCommit }),
      ...(towards === undefined ? {} : { towards }),
      lagSeconds: since === undefined ? 0 : Math.max(0, Math.round((now - since) / 1000)),
      ...(partitions === undefined || table.partitionColumns.length === 0 ? {} : { partitions }),
      ...(keeps === undefined ? {} : { keeps }),
      ...(switchAskedAt === undefined ? {} : { switchAskedAt }),
      ...(comparedAt === undefined ? {} : { comparedAt }),
      ...(compareAskedAt === undefined ? {} : { compareAskedAt }),
      ...(drift === undefined ? {} : { drift }),
      ...(refresh === undefined ? {} : { refresh }),
      ...(misfits === undefined ? {} : { misfits }),
      ...(failure === undefined ? {} : { failure }),
    };
  });
};

export const refusedIn = ({ repository, branch, publication }: ChosenTarget): readonly RefusedDescription[] =>
  Object.entries(publication?.described?.refused ?? {}).map(([file, { code, message, since, table }]) => ({
    ...{ repository, target: branch, file, code, message, since },
    ...(table === undefined ? {} : { table }),
  }));

export const leftIn = ({ repository, branch, publication }: ChosenTarget): readonly LeftTable[] =>
  Object.entries(publication?.tables ?? {}).flatMap(([table, { left, commit, shownAs = [] }]) =>
    left === undefined
      ? []
      : [
          {
            ...{ repository, target: branch, table, shownAs, since: left.since },
            ...(commit === undefined ? {} : { commit }),
          },
        ],
  );

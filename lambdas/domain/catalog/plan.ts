/** From the partitions that Glue names to those that it should: what to create, update and delete. Pure. */

/** Values of a partition as a key of maps. */
export const keyOfValues = (values: readonly string[]): string => JSON.stringify(values);

export interface PublishedPartition {
  readonly values: readonly string[];
  readonly location: string;
  /** Where its files come from, as we noted it; absent where somebody else made the partition. */
  readonly prefix?: string;
  /** What we noted of its files. */
  readonly files?: string;
  /** Columns and format are those of the table. */
  readonly isInForm: boolean;
}

export interface WantedPartition {
  readonly values: readonly string[];
  readonly location: string;
  readonly prefix: string;
  /** Tells its files there from others; for a location that does not tell. */
  readonly files?: string;
}

export type PartitionStep = 'create' | 'update' | 'none';

export const stepOf = (published: PublishedPartition | undefined, wanted: WantedPartition): PartitionStep => {
  if (published === undefined) return 'create';
  const isThere = published.location === wanted.location && published.prefix === wanted.prefix && published.isInForm;
  return isThere && published.files === wanted.files ? 'none' : 'update';
};

export interface PartitionPlan {
  readonly create: readonly WantedPartition[];
  readonly update: readonly WantedPartition[];
  readonly remove: readonly (readonly string[])[];
}

/**
 * @param gone values of partitions that are looked at and have no files (any more); those that Glue does not name are none to
 *   remove.
 */
export const planPartitions = (
  published: ReadonlyMap<string, PublishedPartition>,
  wanted: readonly WantedPartition[],
  gone: readonly (readonly string[])[],
): PartitionPlan => {
  const of = (step: PartitionStep): WantedPartition[] =>
    wanted.filter((partition) => stepOf(published.get(keyOfValues(partition.values)), partition) === step);
  return {
    create: of('create'),
    update: of('update'),
    remove: gone.filter((values) => published.has(keyOfValues(values))),
  };
};

/** Source: Glue API: BatchCreatePartition and BatchUpdatePartition 100, BatchDeletePartition 25, BatchGetPartition 1,000 a call. */
export const MAX_BATCH = { create: 100, update: 100, remove: 25, get: 1000 } as const;

export const inBatches = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

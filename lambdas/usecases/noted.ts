/**
 * What the refresh of a table found out about its files, for the table for Spark beside it: neither lakeFS nor Glue is asked for the
 * same again. It is known within one invocation; without it everything is asked anew.
 */
import type { Prepared, PublishOutcome, SourcePartition } from '../catalog-ports.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';

export interface Noted {
  /** Absent where the whole table was looked at. */
  readonly from?: string | undefined;
  readonly to: string;
  /** No partition came or went between the two. */
  readonly isSame: boolean;
  /** One file stands for all of a partition. */
  readonly partitions: readonly SourcePartition[];
}

/** Some megabytes. More are asked for again. */
const MAX_NOTED = 20_000;

type Step = Pick<Noted, 'from' | 'to'>;

export class Notes {
  /** By where the files lie. */
  readonly #of = new Map<string, Noted>();
  #passed: SourcePartition[] = [];
  #isAll = false;

  async *noting(partitions: AsyncIterable<SourcePartition>): AsyncIterable<SourcePartition> {
    this.#passed = [];
    this.#isAll = false;
    for await (const partition of partitions) {
      if (this.#passed.length < MAX_NOTED) this.#passed.push({ ...partition, files: partition.files.slice(0, 1) });
      yield partition;
    }
    this.#isAll = this.#passed.length < MAX_NOTED;
  }

  /** @param outcome what the publisher did to the partitions that passed; Iceberg has its own idea of which of them are one. */
  note({ path, iceberg }: TableDescriptor, outcome: PublishOutcome | Prepared, step: Step): void {
    const isEven = outcome.outcome === 'published' && outcome.added + outcome.removed === 0;
    const isSame = step.from !== undefined && iceberg === undefined && isEven;
    // What did not come to the end has not seen all.
    if (this.#isAll) this.#of.set(path, { from: step.from, to: step.to, isSame, partitions: this.#passed });
    this.#isAll = false;
  }

  /** For the same step of a table for Spark. One whose locations name commits has to see all files. */
  get({ path, spark }: TableDescriptor, step: Step): Noted | undefined {
    const noted = spark === undefined || spark.pin === true ? undefined : this.#of.get(path);
    return noted?.to === step.to && noted.from === step.from ? noted : undefined;
  }
}

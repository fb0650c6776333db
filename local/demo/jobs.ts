/** The demo's Glue jobs: real Python-shell jobs that write the sample table as Parquet. */
import { join } from 'node:path';
import type { Harness } from '../harness.ts';
import { PROJECT } from '../paths.ts';

const SCRIPT = join(PROJECT, 'glue', 'jobs', 'sample_table.py');

export const JOB = {
  sales: 'demo-sales',
  /** A second job that writes to the same table. */
  corrections: 'demo-sales-corrections',
  clicks: 'demo-clicks',
} as const;

export const TABLE = { sales: 'sales', clicks: 'clicks' } as const;

/** What one run writes: `hours` partitions of each day, one Parquet file in each. */
export interface Work {
  readonly table: string;
  /** First day, `YYYY-MM-DD`. */
  readonly from: string;
  readonly days: number;
  readonly hours: number;
  /** Dies after so many files. */
  readonly dieAfter?: number;
}

export const argumentsFor = (work: Work): Record<string, string> => ({
  '--table': work.table,
  '--from': work.from,
  '--days': String(work.days),
  '--hours': String(work.hours),
  ...(work.dieAfter !== undefined && { '--die_after': String(work.dieAfter) }),
});

export const createJobs = async (harness: Harness): Promise<void> => {
  for (const job of Object.values(JOB)) await harness.createJob(job, { file: SCRIPT });
};

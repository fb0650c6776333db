/**
 * The name of a run branch: a pure function of job, run id and attempt. The Python package derives the same names;
 * `test/fixtures/branch-names.json` holds both to it.
 *
 * lakeFS allows letters, digits, `_` and `-` and no leading `-` (tried on a real server). Two runs never share a name:
 * the plain form can be read back from the right (attempt, rerun, run id without `-`, job), and the digest form has a
 * `--` where a plain name cannot.
 */
import { createHash } from 'node:crypto';
import { RUN_BRANCH_PREFIX } from '../contract.ts';

export const MAX_BRANCH_LENGTH = 100;
const SLUG_LENGTH = 40;
const DIGEST_LENGTH = 24;

const isPlainJob = (job: string): boolean => /^[A-Za-z0-9_-]+$/.test(job) && !job.endsWith('-');

const isPlainRunId = (runId: string): boolean => {
  const match = /^([A-Za-z0-9_]+)(-r[0-9]+)?$/.exec(runId);
  // A run id such as `r1` or `a1` would read like the suffix of a rerun or of an attempt.
  return match?.[1] !== undefined && !/^[ar][0-9]+$/.test(match[1]);
};

const slugOf = (job: string): string => {
  const slug = job
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, SLUG_LENGTH)
    .replace(/-+$/, '');
  return slug === '' ? 'job' : slug;
};

/** `run-<job>-<run id>`, with `-a<N>` for attempt N > 0; a digest where job or run id are long or odd. */
export const branchNameOf = (job: string, runId: string, attempt: number): string => {
  const suffix = attempt > 0 ? `-a${String(attempt)}` : '';
  const plain = `${RUN_BRANCH_PREFIX}${job}-${runId}${suffix}`;
  if (isPlainJob(job) && isPlainRunId(runId) && plain.length <= MAX_BRANCH_LENGTH) return plain;
  const digest = createHash('sha256').update(`${job}\n${runId}`, 'utf8').digest('hex').slice(0, DIGEST_LENGTH);
  return `${RUN_BRANCH_PREFIX}${slugOf(job)}--x${digest}${suffix}`;
};

/** Glue gives a retry the id of the first attempt and `_attempt_N`. */
export const splitJobRunId = (jobRunId: string): { readonly root: string; readonly attempt: number } => {
  const match = /^(.+)_attempt_([0-9]{1,6})$/.exec(jobRunId);
  return match?.[1] === undefined ? { root: jobRunId, attempt: 0 } : { root: match[1], attempt: Number(match[2]) };
};

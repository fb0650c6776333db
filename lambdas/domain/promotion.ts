/** Constants and small decisions of the promotion. Pure. */
import { COMMIT_KIND, METADATA } from '../contract.ts';
import type { CommitRequest } from './lakefs.ts';
import type { EpochMs, Run } from './run.ts';

/**
 * How long one owner may decide about a promotion. Longer than promote-run's time-out (150 s), shorter than its queue's
 * visibility time-out: while it stands nobody else decides; after it, only what the target's log says counts.
 */
export const LEASE_MS = 180_000;

/** How often a conflict is resolved by policy before a person has to look. */
export const MAX_RESOLUTIONS = 5;

export const leaseStands = (run: Run, now: EpochMs): boolean => run.lease !== undefined && run.lease.expiresAt > now;

/**
 * Whether what was found out about `seen` may be written down: the entry still awaits its promotion, of the same work, and nobody
 * else has the right to decide meanwhile.
 */
export const mayDecide = (current: Run, seen: Run, now: EpochMs): boolean =>
  (current.state === 'COMMITTED' || current.state === 'PROMOTING') &&
  current.runCommit === seen.runCommit &&
  (current.lease?.owner === seen.lease?.owner || !leaseStands(current, now));

/** From where the promotion is judged: the base commit, or the head on which a conflict was resolved. */
export const promotionBaseOf = (run: Run): string => run.promotionBase ?? run.baseCommit;

/** Link to the job run in the Glue console, as the console itself writes it. */
export const consoleUrl = (region: string, job: string, jobRunId: string): string =>
  `https://${region}.console.aws.amazon.com/gluestudio/home?region=${region}#/job/${encodeURIComponent(job)}/run/${encodeURIComponent(jobRunId)}`;

/** Provenance for every commit that is made on behalf of a run. */
export const provenance = (
  run: Run,
  kind: (typeof COMMIT_KIND)[keyof typeof COMMIT_KIND],
  region: string,
): Record<string, string> => ({
  [METADATA.kind]: kind,
  [METADATA.runId]: run.runId,
  [METADATA.attempt]: String(run.attempt),
  [METADATA.job]: run.job,
  [METADATA.pipeline]: run.pipeline,
  [METADATA.baseCommit]: run.baseCommit,
  ...(run.argumentsDigest === undefined ? {} : { [METADATA.argumentsDigest]: run.argumentsDigest }),
  ...(run.jobRunId === undefined
    ? {}
    : { [METADATA.jobRunId]: run.jobRunId, [METADATA.consoleUrl]: consoleUrl(region, run.job, run.jobRunId) }),
});

export const runCommitRequest = (run: Run, region: string): CommitRequest => ({
  message: `${run.job}: run ${run.runId}${run.attempt > 0 ? `, attempt ${String(run.attempt)}` : ''}`,
  metadata: provenance(run, COMMIT_KIND.run, region),
});

export const promotionRequest = (run: Run, region: string): CommitRequest => ({
  message: `Promote ${run.job}, run ${run.runId}${run.attempt > 0 ? `, attempt ${String(run.attempt)}` : ''}`,
  metadata: provenance(run, COMMIT_KIND.promotion, region),
});

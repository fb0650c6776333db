/** What a change of a run means in numbers. */
import { METRIC } from '../contract.ts';
import { isSettled, isWaiting, type Run } from '../domain/run.ts';
import { countOutcome, seconds } from './observability.ts';

export const measureRun = (before: Run | undefined, after: Run): void => {
  if (before?.state === after.state || !(isSettled(after.state) || isWaiting(after.state))) return;
  countOutcome(after.state);
  // A run that comes back because its target was rolled forward again was promoted long ago.
  if (after.state === 'PROMOTED' && before?.state !== 'ROLLED_BACK' && after.jobEndedAt !== undefined) {
    seconds(METRIC.promotionSeconds, Math.max(0, (after.settledAt ?? after.updatedAt) - after.jobEndedAt) / 1000);
  }
};

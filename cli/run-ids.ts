/** Run ids made here, so that a start whose answer was lost can be repeated. Same form as those that start-run makes. */
import { randomBytes } from 'node:crypto';
import type { EpochMs } from '../lambdas/domain/run.ts';

export const newRunId = (now: EpochMs): string => {
  const time = new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase();
  return `r${time}_${randomBytes(4).toString('hex')}`;
};

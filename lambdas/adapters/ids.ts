/** Fresh names. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock, Ids } from '../ports.ts';

/**
 * A run id sorts by time and has no `-`, so that its branch keeps the plain form: `r20261124t150405_ab12cd34`.
 */
export const createIds = (clock: Clock): Ids => ({
  runId() {
    const time = new Date(clock.now()).toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase();
    return `r${time}_${randomBytes(4).toString('hex')}`;
  },
  owner: () => randomUUID(),
});

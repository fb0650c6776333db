/** Until when the current invocation may work. A container serves one invocation at a time. */
import type { EpochMs } from '../domain/run.ts';

/** Left for reporting: what was not done has to be told before the function is stopped. */
const RESERVE_MS = 2_000;

let until: EpochMs = Number.POSITIVE_INFINITY;

export const setDeadline = (remainingMs: number): void => {
  until = Date.now() + remainingMs - RESERVE_MS;
};

export const deadline = (): EpochMs => until;

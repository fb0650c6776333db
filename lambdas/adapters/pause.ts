/** Waiting between two tries: exponential, with full jitter, so that many callers do not come back together. */

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @param tries how many tries have failed, 1 for the first. */
export const backoffMs = (tries: number, baseMs = 50, capMs = 2_000): number =>
  Math.random() * Math.min(capMs, baseMs * 2 ** tries);

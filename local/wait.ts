/** Waiting for what happens elsewhere: asked again and again until a deadline, never by a fixed sleep, and by a clock that nobody sets. */

export interface WaitOptions {
  /** For the message: `run x is PROMOTED`. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly everyMs?: number;
}

/**
 * The first answer that is not undefined.
 * @throws where the deadline passes first; the message holds `lastSeen()` where given.
 */
export const waitFor = async <T>(
  ask: () => Promise<T | undefined>,
  options: WaitOptions,
  lastSeen: () => string = () => '',
): Promise<T> => {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) {
      const seen = lastSeen();
      throw new Error(
        `waited ${String(options.timeoutMs / 1000)} s in vain until ${options.what}${seen === '' ? '' : `; last seen: ${seen}`}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 200));
  }
};

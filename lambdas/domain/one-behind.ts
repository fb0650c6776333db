/** Work that is done while the next is made ready. */

export interface OneBehind {
  /** Begins it when what went before it is done, and does not wait for it. @throws what went before threw; then it is not begun. */
  next(work: () => Promise<void>): Promise<void>;
  /** @throws what the last of them threw. */
  done(): Promise<void>;
}

/** @returns and throws what `use` does, not before everything that it began has ended. */
export const withOneBehind = async <T>(use: (behind: OneBehind) => Promise<T>): Promise<T> => {
  let last = Promise.resolve();
  const ended = (): Promise<void> => last.catch(() => undefined);
  try {
    return await use({
      async next(work) {
        await last;
        last = work();
        // The next call throws it.
        void ended();
      },
      done: () => last,
    });
  } finally {
    await ended();
  }
};

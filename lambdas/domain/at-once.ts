/** Many things some at a time. */

/**
 * Does `work` with each of them, at most so many at once: as soon as one is done the next is begun.
 * @throws what the first of them throws; those under way go on meanwhile.
 */
export const atOnce = async <T>(most: number, all: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> => {
  const left = all[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: most }, worker));
};

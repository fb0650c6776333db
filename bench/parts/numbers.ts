export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** A quarter of the values are no larger. Noise of the machine only ever adds to a time, so this one is mostly free of it. */
export const lowerQuartile = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) / 4)] ?? 0;

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** Milliseconds that `work` takes, and its answer. */
export const timed = async <T>(work: () => Promise<T>): Promise<readonly [number, T]> => {
  const start = performance.now();
  const answer = await work();
  return [performance.now() - start, answer];
};

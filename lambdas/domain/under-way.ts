/** Work that is begun and not waited for, until all of it has to be done. */

export interface UnderWay {
  begin(work: Promise<unknown>): void;
  /** @throws what the first of them to fail throws; the others go on meanwhile. */
  done(): Promise<void>;
}

export const underWay = (): UnderWay => {
  let all: Promise<unknown>[] = [];
  return {
    begin(work) {
      // `done` throws it. Who fails before that and never asks is told of that failure alone.
      work.catch(() => undefined);
      all.push(work);
    },
    async done() {
      const some = all;
      all = [];
      await Promise.all(some);
    },
  };
};

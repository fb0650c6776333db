/** Bytes that are held in memory as long as there is room: the newest of them. */

export interface NewestBytes {
  get(key: string): Uint8Array | undefined;
  /** What is held under the key already stays. */
  put(key: string, content: Uint8Array): void;
}

export const newestBytes = (mostBytes: number): NewestBytes => {
  const held = new Map<string, Uint8Array>();
  // A map that loses its first entries takes long to find the next one.
  let order: string[] = [];
  let oldest = 0;
  let bytes = 0;
  return {
    get: (key) => held.get(key),
    put(key, content) {
      if (held.has(key)) return;
      held.set(key, content);
      order.push(key);
      for (bytes += content.length; bytes > mostBytes; oldest += 1) {
        const first = order[oldest] ?? '';
        bytes -= held.get(first)?.length ?? 0;
        held.delete(first);
      }
      if (oldest > order.length / 2) [order, oldest] = [order.slice(oldest), 0];
    },
  };
};

/** Pages of at most 1,000 as one sequence; a page is fetched when the one before has been read. */

/** What lakeFS allows; more is answered 400. */
export const PAGE_SIZE = 1000;

export interface Page<W> {
  readonly pagination: { readonly has_more: boolean; readonly next_offset: string };
  readonly results: readonly W[];
}

/**
 * @param fetchPage receives the offset of the page, `undefined` for the first.
 * @param limit at most so many results are wanted.
 * @param offsetOf where the next page begins, where that is not what the page says itself.
 * @param start where the first page begins.
 */
export async function* pages<W, T>(
  fetchPage: (after: string | undefined, amount: number) => Promise<Page<W>>,
  convert: (wire: W) => T,
  limit = Number.MAX_SAFE_INTEGER,
  offsetOf: (page: Page<W>) => string = ({ pagination }) => pagination.next_offset,
  start?: string,
): AsyncIterable<T> {
  let left = limit;
  let after = start;
  while (left > 0) {
    const page = await fetchPage(after, Math.min(PAGE_SIZE, left));
    for (const wire of page.results) yield convert(wire);
    left -= page.results.length;
    if (!page.pagination.has_more || page.results.length === 0) return;
    after = offsetOf(page);
  }
}

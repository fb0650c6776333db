/**
 * Listing runs. An index tells *which* runs, the table tells *what* they are: indexes lag behind by moments, and decisions
 * follow from what is listed here, so every run is read again by its key, consistently, and held against the filter once more.
 */
import { LEDGER_INDEX } from '../../contract.ts';
import { formatRunKey, isSettled, needsCleanUp, type Run, type RunState } from '../../domain/run.ts';
import type { RunFilter } from '../../ports.ts';
import { toRun } from './items.ts';
import { CLEAN_UP, type ItemKey, RUNS_LIST, sortKeyOf, stateKeyOf } from './keys.ts';
import type { Query, Table } from './table.ts';

/** Which partitions of which index hold all runs that the filter can match. */
const sourcesOf = ({ states, needsCleanUp: onlyCleanUp }: RunFilter): readonly Query[] => {
  const query = (index: { name: string; partitionKey: string }, value: string): Query => ({
    IndexName: index.name,
    KeyConditionExpression: '#partition = :partition',
    ExpressionAttributeNames: { '#partition': index.partitionKey },
    ExpressionAttributeValues: { ':partition': value },
    ScanIndexForward: false,
  });
  if (onlyCleanUp === true) return [query(LEDGER_INDEX.state, CLEAN_UP)];
  // Settled runs that owe nothing are only in the index of all runs.
  if (states === undefined || states.some(isSettled)) return [query(LEDGER_INDEX.recent, RUNS_LIST)];
  return [...new Set(states)].map((state) => query(LEDGER_INDEX.state, stateKeyOf(state)));
};

/** Leaves out on the server what need not travel. States in the sparse index are told by its partition. */
const withFilter = (query: Query, filter: RunFilter): Query => {
  const names: Record<string, string> = { ...query.ExpressionAttributeNames };
  const values: Record<string, unknown> = { ...query.ExpressionAttributeValues };
  const clauses: string[] = [];
  for (const field of ['job', 'repository', 'target'] as const) {
    if (filter[field] === undefined) continue;
    names[`#${field}`] = field;
    values[`:${field}`] = filter[field];
    clauses.push(`#${field} = :${field}`);
  }
  if (filter.states !== undefined && query.IndexName === LEDGER_INDEX.recent.name) {
    names['#state'] = 'state';
    clauses.push(`#state IN (${filter.states.map((_, at) => `:state${String(at)}`).join(', ')})`);
    for (const [at, state] of filter.states.entries()) values[`:state${String(at)}`] = state;
  }
  return {
    ...query,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
    ...(clauses.length === 0 ? {} : { FilterExpression: clauses.join(' AND ') }),
    // Without a filter expression so many items are enough; with one, nobody knows how many have to be read.
    ...(clauses.length === 0 && filter.limit !== undefined ? { Limit: filter.limit } : {}),
  };
};

const matches = (run: Run, filter: RunFilter): boolean =>
  (filter.states === undefined || (filter.states as readonly RunState[]).includes(run.state)) &&
  (filter.job === undefined || run.job === filter.job) &&
  (filter.repository === undefined || run.repository === filter.repository) &&
  (filter.target === undefined || run.target === filter.target) &&
  (filter.needsCleanUp !== true || needsCleanUp(run));

async function* fromSource(table: Table, query: Query): AsyncIterable<Run> {
  for await (const page of table.pages(query)) {
    const keys = page.map((item) => ({ pk: item.pk, sk: item.sk }) as ItemKey);
    const runs = (await table.getAll(keys)).map(toRun);
    yield* runs.sort((a, b) => (sortKeyOf(a) < sortKeyOf(b) ? 1 : -1));
  }
}

/** Newest first over all sources, reading no page before it is needed. */
async function* merged(sources: readonly AsyncIterable<Run>[]): AsyncIterable<Run> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
  for (;;) {
    let newest = -1;
    for (const [at, head] of heads.entries()) {
      const best = heads[newest];
      if (head.done === true) continue;
      if (best === undefined || best.done === true || sortKeyOf(head.value) > sortKeyOf(best.value)) newest = at;
    }
    const [head, iterator] = [heads[newest], iterators[newest]];
    if (head === undefined || head.done === true || iterator === undefined) return;
    yield head.value;
    heads[newest] = await iterator.next();
  }
}

export async function* listRuns(table: Table, filter: RunFilter): AsyncIterable<Run> {
  if (filter.states?.length === 0 || filter.limit === 0) return;
  const sources = sourcesOf(filter).map((query) => fromSource(table, withFilter(query, filter)));
  // A run that moves while it is listed may turn up in two partitions of the index.
  const seen = new Set<string>();
  for await (const run of merged(sources)) {
    const key = formatRunKey(run);
    if (seen.has(key) || !matches(run, filter)) continue;
    seen.add(key);
    yield run;
    if (filter.limit !== undefined && seen.size >= filter.limit) return;
  }
}

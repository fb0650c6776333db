/** Holds the list of what would go against everything that is shown: whatever lakeFS's job says, what somebody sees is not deleted. */
import type { CollectionPorts } from '../collection-ports.ts';
import type { AddressSet } from '../domain/address-set.ts';
import { MAX_EXAMPLES, type Marked, type Sighting } from '../domain/collection.ts';
import { everythingStored, readList, readReceipt } from './collection-lists.ts';
import { everythingShown, lookAtAll, SAVE_EVERY_MS } from './collection-refs.ts';
import type { CollectionWorker } from './collection-worker.ts';

export const listOf = async (ports: CollectionPorts, worker: CollectionWorker): Promise<AddressSet> => {
  const { id } = worker.current;
  const receipt = await readReceipt(ports, worker.namespace, { id, phase: 'mark' });
  return readList(ports, worker.namespace, { id, objects: receipt?.objects ?? 0 });
};

/** How much it is, and how old, as S3 says. `undefined` where the time was up. */
export const measure = async (
  ports: CollectionPorts,
  worker: CollectionWorker,
  list: AddressSet,
): Promise<Marked | undefined> => {
  const found = { objects: 0, bytes: 0, oldest: Number.POSITIVE_INFINITY, newest: 0 };
  const examples: string[] = [];
  const isWhole = await everythingStored(ports, worker.namespace, {
    isTimeUp: () => worker.isTimeUp(),
    take: ({ address, sizeBytes, writtenAt }) => {
      if (!list.has(address)) return;
      found.objects += 1;
      found.bytes += sizeBytes;
      found.oldest = Math.min(found.oldest, writtenAt);
      found.newest = Math.max(found.newest, writtenAt);
      if (examples.length < MAX_EXAMPLES) examples.push(address);
    },
  });
  if (!isWhole) return undefined;
  const { objects, bytes, oldest, newest } = found;
  return {
    ...{ objects, bytes, gone: Math.max(0, list.size - objects), examples },
    ...(objects === 0 ? {} : { oldest, newest }),
  };
};

export type Examination =
  | { readonly outcome: 'safe' }
  | { readonly outcome: 'unfinished' }
  | { readonly outcome: 'shown'; readonly sightings: readonly Sighting[] };

/** Commits that were looked at before are left out; what is staged on branches is looked at each time. */
export const examine = async (
  ports: CollectionPorts,
  worker: CollectionWorker,
  list: AddressSet,
): Promise<Examination> => {
  const { current } = worker;
  const all = await everythingShown(ports, worker);
  const done = new Set(current.examined ?? []);
  const reached = new Map(Object.entries(current.examinedTo ?? {}));
  const sightings: Sighting[] = [];
  let savedAt = ports.clock.now();
  const save = async (): Promise<void> => {
    savedAt = ports.clock.now();
    await worker.save({ examined: [...done], examinedTo: Object.fromEntries(reached) });
  };
  const outcome = await lookAtAll(all, {
    ...{ done, reached },
    isTimeUp: () => worker.isTimeUp(),
    look: async ({ where }, page) => {
      for (const { path, address } of page) {
        if (!list.has(address)) continue;
        if (sightings.length < MAX_EXAMPLES) sightings.push({ where, path, address });
      }
      return sightings.length === 0;
    },
    ended: async () => {
      if (ports.clock.now() - savedAt >= SAVE_EVERY_MS) await save();
    },
  });
  if (sightings.length > 0) return { outcome: 'shown', sightings };
  if (outcome !== 'whole' || done.size > (current.examined?.length ?? 0)) await save();
  return { outcome: outcome === 'whole' ? 'safe' : 'unfinished' };
};

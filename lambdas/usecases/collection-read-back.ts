/** After a sweep every ref is read back, and what it shows is looked for in S3: whatever is missing is told, nothing is put right by itself. */
import type { CollectionPorts } from '../collection-ports.ts';
import { AddressSet } from '../domain/address-set.ts';
import { atOnce } from '../domain/at-once.ts';
import { MAX_EXAMPLES, type ReadBack, type Sighting } from '../domain/collection.ts';
import { listOf } from './collection-examine.ts';
import { everythingStored, rootOfNamespace } from './collection-lists.ts';
import { everythingShown, lookAtAll, SAVE_EVERY_MS, type Showing, type ShownObject } from './collection-refs.ts';
import type { CollectionWorker } from './collection-worker.ts';

const HEADS_AT_ONCE = 16;
const NOTHING: ReadBack = { refs: 0, objects: 0, missing: 0, outside: 0, left: 0, sightings: [] };

interface Count {
  readonly objects: number;
  readonly outside: number;
  readonly missing: readonly Sighting[];
  /** Besides those that are named. */
  readonly more: number;
}
const NO_COUNT: Count = { objects: 0, outside: 0, missing: [], more: 0 };

const sum = (a: ReadBack, b: ReadBack): ReadBack => ({
  refs: a.refs + b.refs,
  objects: a.objects + b.objects,
  missing: a.missing + b.missing,
  outside: a.outside + b.outside,
  left: a.left + b.left,
  sightings: [...a.sightings, ...b.sightings].slice(0, MAX_EXAMPLES),
});

/** What is there is listed, a thousand objects a call; only what that list lacks is asked for one by one. */
const inventory = async (
  ports: CollectionPorts,
  worker: CollectionWorker,
  swept: AddressSet,
): Promise<{ readonly stored: AddressSet; readonly left: number } | undefined> => {
  const stored = new AddressSet();
  let left = 0;
  const isWhole = await everythingStored(ports, worker.namespace, {
    isTimeUp: () => worker.isTimeUp(),
    take: ({ address }) => {
      stored.add(address);
      if (swept.has(address)) left += 1;
    },
  });
  return isWhole ? { stored, left } : undefined;
};

/** @returns what was found; `undefined` where the time was up, and the next invocation goes on. */
export const readBack = async (ports: CollectionPorts, worker: CollectionWorker): Promise<ReadBack | undefined> => {
  const { current } = worker;
  const found = await inventory(ports, worker, await listOf(ports, worker));
  if (found === undefined) return undefined;
  const { stored, left } = found;
  const root = rootOfNamespace(worker.namespace);
  const all = await everythingShown(ports, worker);
  const done = new Set(current.checked ?? []);
  const reached = new Map(Object.entries(current.checkedTo ?? {}));
  let so: ReadBack = { ...(current.readBack ?? NOTHING), left };
  /** What may change is looked at each time anew, and so counted apart. */
  let loose = NOTHING;
  let savedAt = ports.clock.now();
  const counts = new Map<Showing, Count>();
  const save = async (): Promise<void> => {
    savedAt = ports.clock.now();
    // What was found so far of those that go on counts from now on.
    for (const [showing, { objects, outside, missing, more }] of counts) {
      if (showing.key === undefined) continue;
      counts.delete(showing);
      so = sum(so, { refs: 0, objects, outside, missing: missing.length + more, left: 0, sightings: missing });
    }
    await worker.save({ checked: [...done], checkedTo: Object.fromEntries(reached), readBack: so });
  };
  /** An object that several refs show, and that is there after all, is asked for once. */
  const known = new Map<string, boolean>();
  const isThere = async (address: string): Promise<boolean> => {
    const before = known.get(address);
    if (before !== undefined) return before;
    const answer = await ports.storage.exists(address);
    known.set(address, answer);
    return answer;
  };
  const look = async (showing: Showing, page: readonly ShownObject[]): Promise<void> => {
    const { where } = showing;
    const inside = page.filter(({ address }) => address.startsWith(root));
    const doubtful = inside.filter(({ address }) => !stored.has(address));
    const gone: Sighting[] = [];
    await atOnce(HEADS_AT_ONCE, doubtful, async ({ path, address }) => {
      if (!(await isThere(address))) gone.push({ where, path, address });
    });
    // Looked up now: what was counted before may have been written down while S3 was asked.
    const { objects, outside, missing, more } = counts.get(showing) ?? NO_COUNT;
    const room = Math.max(0, MAX_EXAMPLES - missing.length);
    counts.set(showing, {
      objects: objects + page.length,
      outside: outside + page.length - inside.length,
      missing: [...missing, ...gone.slice(0, room)],
      more: more + Math.max(0, gone.length - room),
    });
  };
  const outcome = await lookAtAll(all, {
    ...{ done, reached },
    isTimeUp: () => worker.isTimeUp(),
    look: async (showing, page) => {
      await look(showing, page);
      return true;
    },
    ended: async (showing) => {
      const { objects, outside, missing, more } = counts.get(showing) ?? NO_COUNT;
      counts.delete(showing);
      const one = { refs: 1, objects, outside, missing: missing.length + more, left: 0, sightings: missing };
      if (showing.key === undefined) loose = sum(loose, one);
      else so = sum(so, one);
      if (ports.clock.now() - savedAt >= SAVE_EVERY_MS) await save();
    },
  });
  if (outcome === 'whole') return sum(so, loose);
  await save();
  return undefined;
};

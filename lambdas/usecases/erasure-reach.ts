/** Who still reaches the objects, by their addresses: whatever a path is called, and however old the commit is. */
import { atOnce } from '../domain/at-once.ts';
import { type Held, type Holder, MAX_ERASURE_EXAMPLES, stepFor } from '../domain/erasure.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import type { Place } from './erasure-holders.ts';
import type { ErasureMemory, ShownThere } from './erasure-memory.ts';
import { timeIsUp } from './erasure-search.ts';
import { unlessGone } from './unless-gone.ts';

const AT_ONCE = 8;
/** Counting ends there: so many copies of something are no chance. */
const MAX_ALIKE = 10_000;

/** Told of each sighting; the path is absent where only the address is known. */
export type OnSighting = (holder: Holder, address: string, path?: string) => void;

/** A commit that several hold is listed once. */
const byRef = (places: readonly Place[]): readonly (readonly Place[])[] => [
  ...Map.groupBy(
    places.filter(({ ref }) => ref !== undefined),
    ({ ref = '' }) => ref,
  ).values(),
];

const prefixesOf = (places: readonly Place[]): readonly string[] => {
  const all = [...new Set(places.map(({ prefix }) => prefix))].sort();
  return all.filter((prefix) => !all.some((other) => other !== prefix && prefix.startsWith(other)));
};

/** What a branch shows with what is staged on it may be another thing each time. */
const isFixed = (places: readonly Place[]): boolean => places.every(({ holder }) => holder.kind !== 'staged');

/** @throws BL8607 where the time was up: what was not looked at may hold anything. What was looked at is in the memory. */
export const lookThrough = async (
  ports: ErasurePorts,
  repository: string,
  places: readonly Place[],
  { memory, until, take }: { readonly memory: ErasureMemory; readonly until: EpochMs; take: OnSighting },
): Promise<void> => {
  const guard = (): void => {
    if (ports.clock.now() >= until) throw timeIsUp(repository, 'looking at the refs');
  };
  /** Of a commit it goes on where the last look stopped. */
  const look = async (ref: string, prefix: string, fixed: boolean): Promise<readonly ShownThere[]> => {
    const { objects, alike } = memory;
    const before = fixed ? memory.partOf(ref, prefix) : undefined;
    const found: ShownThere[] = [...(before?.found ?? [])];
    const after = before === undefined ? {} : { after: before.after };
    let seen = 0;
    for await (const object of ports.lakefs.listObjects(repository, ref, { prefix, ...after })) {
      const { physicalAddress: address, path } = object;
      if (objects.isAlike(object) && alike.size < MAX_ALIKE) alike.set(address, path);
      if (objects.has(address)) {
        objects.add(address, object);
        found.push({ address, path });
      }
      seen += 1;
      if (seen % 1000 > 0) continue;
      if (fixed) memory.part(ref, prefix, { after: path, found: [...found] });
      guard();
      await memory.saveIfDue();
    }
    return found;
  };
  await atOnce(AT_ONCE, byRef(places), async (same) => {
    const ref = same[0]?.ref ?? '';
    guard();
    const fixed = isFixed(same);
    await unlessGone(async () => {
      for (const prefix of prefixesOf(same)) {
        const known = fixed ? memory.shownBy(ref, prefix) : undefined;
        const found = known ?? (await look(ref, prefix, fixed));
        if (known === undefined && fixed) memory.looked(ref, prefix, found);
        for (const { address, path } of found)
          for (const place of same) if (path.startsWith(place.prefix)) take(place.holder, address, path);
      }
      await memory.saveIfDue();
    });
  });
  for (const { holder, files } of places) {
    if (files === undefined) continue;
    for await (const page of files()) {
      guard();
      for (const address of page) if (memory.objects.has(address)) take(holder, address);
    }
  }
};

const keyOf = ({ kind, name }: Holder): string => `${kind} ${name}`;

/** Sightings, counted by who holds. */
export class Sightings {
  readonly #held = new Map<string, { holder: Holder; addresses: Set<string>; examples: string[] }>();

  readonly take: OnSighting = (holder, address, path) => {
    const key = keyOf(holder);
    const entry = this.#held.get(key) ?? { holder, addresses: new Set<string>(), examples: [] };
    this.#held.set(key, entry);
    entry.addresses.add(address);
    const what = path ?? address;
    if (entry.examples.length < MAX_ERASURE_EXAMPLES && !entry.examples.includes(what)) entry.examples.push(what);
  };

  get held(): readonly Held[] {
    const sorted = [...this.#held.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, { holder, addresses, examples }]) => ({
      ...{ holder, does: stepFor(holder), objects: addresses.size, examples: examples.sort() },
    }));
  }
}

/** Who still reaches the objects, by their addresses: whatever a path is called, and however old the commit is. */
import { atOnce } from '../domain/at-once.ts';
import { type ErasedObjects, type Held, type Holder, MAX_ERASURE_EXAMPLES, stepFor } from '../domain/erasure.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { ObjectStats } from '../domain/lakefs.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import type { Place } from './erasure-holders.ts';
import { timeIsUp } from './erasure-search.ts';

const AT_ONCE = 8;

/** Told of each sighting; `object` is absent where only the address is known. */
export type OnSighting = (holder: Holder, address: string, object?: ObjectStats) => void;

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

/** @throws BL8607 where the time was up: what was not looked at may hold anything. */
export const lookThrough = async (
  ports: ErasurePorts,
  repository: string,
  places: readonly Place[],
  {
    objects,
    until,
    take,
    alike,
  }: {
    readonly objects: Pick<ErasedObjects, 'has' | 'isAlike'>;
    readonly until: EpochMs;
    take: OnSighting;
    /** Told of other objects with the same content. */
    alike?(object: ObjectStats): void;
  },
): Promise<void> => {
  const guard = (): void => {
    if (ports.clock.now() >= until) throw timeIsUp(repository, 'looking at the refs');
  };
  await atOnce(AT_ONCE, byRef(places), async (same) => {
    const ref = same[0]?.ref ?? '';
    guard();
    try {
      for (const prefix of prefixesOf(same)) {
        let seen = 0;
        for await (const object of ports.lakefs.listObjects(repository, ref, { prefix })) {
          seen += 1;
          if (seen % 1000 === 0) guard();
          if (objects.isAlike(object)) alike?.(object);
          if (!objects.has(object.physicalAddress)) continue;
          for (const place of same)
            if (object.path.startsWith(place.prefix)) take(place.holder, object.physicalAddress, object);
        }
      }
    } catch (error) {
      // Its branch went since it was listed: it shows nothing any more.
      if (!isBranchlineError(error, 'BL3004')) throw error;
    }
  });
  for (const { holder, files } of places) {
    if (files === undefined) continue;
    for await (const page of files()) {
      guard();
      for (const address of page) if (objects.has(address)) take(holder, address);
    }
  }
};

const keyOf = ({ kind, name }: Holder): string => `${kind} ${name}`;

/** Sightings, counted by who holds. */
export class Sightings {
  readonly #held = new Map<string, { holder: Holder; addresses: Set<string>; examples: string[] }>();

  readonly take: OnSighting = (holder, address, object) => {
    const key = keyOf(holder);
    const entry = this.#held.get(key) ?? { holder, addresses: new Set<string>(), examples: [] };
    this.#held.set(key, entry);
    entry.addresses.add(address);
    const what = object?.path ?? address;
    if (entry.examples.length < MAX_ERASURE_EXAMPLES && !entry.examples.includes(what)) entry.examples.push(what);
  };

  get held(): readonly Held[] {
    const sorted = [...this.#held.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, { holder, addresses, examples }]) => ({
      ...{ holder, does: stepFor(holder), objects: addresses.size, examples: examples.sort() },
    }));
  }
}

/** Looks whether objects are in the replica, with the size that they have: single ones by their names, many of one folder by its listing. */
import { atOnce } from '../domain/at-once.ts';
import { type MissingObject, MOST_MISSING, type Walk } from '../domain/replication.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ReplicationPorts } from '../replication-ports.ts';

/** From here on a folder is listed. */
const MANY = 20;
/** Objects of listed folders that are remembered. */
const MOST_REMEMBERED = 200_000;
const PAGE = 1000;
const AT_ONCE = 8;

const folderOf = (address: string): string => address.slice(0, address.lastIndexOf('/') + 1);

/** Where the objects of a storage namespace lie, and where their replicas do. Both with a slash at the end. */
export interface Sides {
  readonly source: string;
  readonly replica: string;
}

export interface ReplicaLook {
  /** Those that are not there, or of another size. */
  missing(objects: readonly MissingObject[]): Promise<MissingObject[]>;
}

/** For one pass: what was listed is remembered. An object that has arrived stays. */
export const lookAtReplica = ({ replica }: Pick<ReplicationPorts, 'replica'>, sides: Sides): ReplicaLook => {
  const remembered = new Map<string, Map<string, number>>();
  let count = 0;
  const there = (address: string): string => `${sides.replica}${address.slice(sides.source.length)}`;

  const list = async (folder: string): Promise<Map<string, number>> => {
    const sizes = new Map<string, number>();
    for await (const { address, sizeBytes } of replica.list(there(folder))) sizes.set(address, sizeBytes);
    if (count + sizes.size > MOST_REMEMBERED) {
      remembered.clear();
      count = 0;
    }
    remembered.set(folder, sizes);
    count += sizes.size;
    return sizes;
  };
  const sizeOf = async (address: string): Promise<number | undefined> => {
    for await (const found of replica.list(there(address)))
      return found.address === there(address) ? found.sizeBytes : undefined;
    return undefined;
  };

  return {
    async missing(objects) {
      const folders = Map.groupBy(objects, ({ address }) => folderOf(address));
      const lacking = new Set<MissingObject>();
      await atOnce(AT_ONCE, folders, async ([folder, inside]) => {
        // A listing of a moment ago shows too little at most.
        const known = remembered.get(folder) ?? (inside.length < MANY ? undefined : await list(folder));
        for (const object of inside) {
          const { address, sizeBytes } = object;
          const size = known === undefined ? await sizeOf(address) : known.get(there(address));
          if (size !== sizeBytes) lacking.add(object);
        }
      });
      return objects.filter((object) => lacking.has(object));
    },
  };
};

export interface Seen extends MissingObject {
  /** By which the walk goes on. */
  readonly key: string;
}

/**
 * Takes a walk on: first what was missing, then what follows.
 * @param follow what comes behind a key, in order. The same objects at every call, or more.
 */
export const walkOn = async (
  walk: Walk,
  follow: (after: string) => AsyncIterable<Seen>,
  { look, sides, isTimeUp }: { readonly look: ReplicaLook; readonly sides: Sides; isTimeUp(): boolean },
): Promise<Walk> => {
  const missing = await look.missing(walk.missing);
  let next: Walk = { ...walk, missing };
  if (next.isAtEnd) return next;
  if (missing.length >= MOST_MISSING) return next;
  let page: Seen[] = [];
  const take = async (): Promise<void> => {
    const inside = page.filter(({ address }) => address.startsWith(sides.source));
    const lacking = await look.missing(inside);
    // None is forgotten: the walk ends before the first one that does not fit.
    const [tooMany] = lacking.slice(MOST_MISSING - next.missing.length);
    const end = tooMany === undefined ? page.length : page.indexOf(tooMany as Seen);
    const taken = page.slice(0, end);
    next = {
      ...next,
      after: taken.at(-1)?.key ?? next.after,
      objects: next.objects + taken.length,
      outside: next.outside + taken.filter(({ address }) => !address.startsWith(sides.source)).length,
      missing: [
        ...next.missing,
        ...lacking
          .filter((each) => taken.includes(each as Seen))
          .map(({ address, sizeBytes }) => ({ address, sizeBytes })),
      ],
    };
    page = [];
  };
  for await (const seen of follow(walk.after)) {
    page.push(seen);
    if (page.length < PAGE) continue;
    await take();
    if (next.missing.length >= MOST_MISSING || isTimeUp()) return next;
  }
  const left = page.length;
  const before = next.objects;
  if (left > 0) await take();
  return next.objects - before === left ? { ...next, isAtEnd: true } : next;
};

export const untilTime =
  ({ clock }: Pick<ReplicationPorts, 'clock'>, until: EpochMs): (() => boolean) =>
  () =>
    clock.now() >= until;

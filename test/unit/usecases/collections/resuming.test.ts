/** A commit of more objects than one invocation can look at: the next one goes on behind the last path, before a sweep and after it. */
import { describe, expect, it } from 'vitest';
import type { Collection } from '../../../../lambdas/domain/collection.ts';
import { collectGarbage } from '../../../../lambdas/usecases/collect-garbage.ts';
import { type CollectionWorld, makeCollectionWorld, work } from '../../../fakes/collections.ts';
import { DAY } from './stage.ts';

const FILES = 9000;
/** Listing the storage takes one for each object: as many as there are, and some pages of the commit. */
const LOOKS = FILES + 16;
const name = (serial: number): string => `stock/${String(serial).padStart(5, '0')}`;

const stage = async (): Promise<CollectionWorld> => {
  const world = await makeCollectionWorld({ sweep: 'automatic' });
  await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 7, branches: {} });
  const files = Array.from({ length: FILES }, (_, serial) => [name(serial), 'x'] as const);
  await world.change({ old: 'old', ...Object.fromEntries(files) });
  world.clock.advance(DAY);
  await world.change({ old: null });
  world.clock.advance(10 * DAY);
  return world;
};

/** The time is up when the clock was looked at so often; a look at the storage takes none. */
const once = async (world: CollectionWorld, looks: number): Promise<Collection> => {
  let looked = 0;
  const start = world.clock.now();
  const clock = { ...world.clock, now: () => (looked++ < looks ? start : start + 1) };
  const answer = await collectGarbage({ ...world, clock }, { action: 'run', repository: 'lake' }, start + 1);
  await work(world);
  // Whoever comes next finds the lease given back.
  world.clock.advance(60_000);
  if (!('collection' in answer)) throw new Error(answer.outcome);
  return answer.collection;
};

/** Where listings of the head began, by state. */
const toTheEnd = async (world: CollectionWorld, looks: number) => {
  const head = (await world.lakefs.getBranch('lake', 'main'))?.commitId;
  const starts: (string | undefined)[] = [];
  const { listObjects } = world.lakefs;
  world.lakefs.listObjects = (repository, ref, options) => {
    if (ref === head) starts.push(options.after);
    return listObjects.call(world.lakefs, repository, ref, options);
  };
  for (let turn = 0; turn < 80; turn += 1) {
    const collection = await once(world, looks);
    if (['DONE', 'FAILED'].includes(collection.state)) return { collection, starts };
  }
  throw new Error('it comes to no end');
};

describe('a commit that is too large for one invocation', () => {
  it('is compared and read back piece by piece, each object once', async () => {
    const world = await stage();
    const { collection, starts } = await toTheEnd(world, LOOKS);
    expect(collection).toMatchObject({ state: 'DONE', readBack: { refs: 1, objects: FILES, missing: 0, left: 0 } });
    expect(starts.filter((after) => after !== undefined).length).toBeGreaterThan(1);
    expect(world.data()).toHaveLength(FILES);
  });

  it('is not swept while what nobody has looked at yet shows something of the list', async () => {
    const world = await stage();
    const { storage } = world;
    // As if lakeFS's job took the last file for garbage.
    const last = (await Array.fromAsync(world.lakefs.listObjects('lake', 'main', { prefix: name(FILES - 1) })))[0];
    const read = storage.read.bind(storage);
    storage.read = async (address) => {
      const text = await read(address);
      if (text === undefined) return text;
      if (address.endsWith('/marked/part-0'))
        return `${text}${(last?.physicalAddress ?? '').slice('s3://bucket/lake/'.length)}\n`;
      return address.endsWith('-mark.json')
        ? text.replace(/"objects":(\d+)/, (_, count) => `"objects":${String(Number(count) + 1)}`)
        : text;
    };
    const { collection } = await toTheEnd(world, LOOKS);
    expect(collection).toMatchObject({ state: 'FAILED', cause: { code: 'BL8506' } });
    expect(world.data()).toHaveLength(FILES + 1);
  });

  it('tells of each object that is missing, wherever it was when the time was up', async () => {
    const world = await stage();
    const shown = await Array.fromAsync(world.lakefs.listObjects('lake', 'main', {}));
    const lost = [0, 2500, FILES - 1].map((at) => shown[at]?.physicalAddress ?? '');
    for (const address of lost) world.storage.objects.delete(address);
    const { collection } = await toTheEnd(world, LOOKS);
    expect(collection).toMatchObject({ state: 'FAILED', readBack: { objects: FILES, missing: 3 } });
    expect(collection.readBack?.sightings.map(({ address }) => address).sort()).toEqual(lost.sort());
  });
});

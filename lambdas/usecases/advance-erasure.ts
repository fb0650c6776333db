/** The steps of an erasure. Each looks at what is there and does what is left: interrupted anywhere, the next one does the rest. */
import type { Collection } from '../domain/collection.ts';
import { type Holder, longestRetentionDays, retainedUntil } from '../domain/erasure.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { beginCollectionOf } from './begin-collection.ts';
import { placesOf } from './erasure-holders.ts';
import { prove, writeReport } from './erasure-proof.ts';
import { lookThrough } from './erasure-reach.ts';
import { removeFromBranch, removeFromTarget, removeScratch, type Waiting } from './erasure-removal.ts';
import {
  expirePreview,
  expireRun,
  removeAllCopies,
  removeTag,
  removeTagKeeper,
  retireSnapshot,
} from './erasure-retire.ts';
import type { ErasureWorker } from './erasure-worker.ts';
import { namespaceOf } from './plan-erasure.ts';

/** `again`: the entry says what is next. `later`: it waits for somebody or some time. */
type Next = 'again' | 'later';

const MAX_WAITS = 20;
const DAY_MS = 86_400_000;

interface Seen {
  readonly holder: Holder;
  readonly paths: Set<string>;
}

/** By holder what it shows. What a branch shows because it is committed there is not staged. */
const holdersOfObjects = async (ports: ErasurePorts, worker: ErasureWorker): Promise<readonly Seen[]> => {
  const { repository, memory, until } = worker;
  const { places } = await placesOf(ports, repository);
  const seen = new Map<string, Seen>();
  await lookThrough(ports, repository.name, places, {
    ...{ memory, until },
    take(holder, address, path) {
      const key = `${holder.kind} ${holder.name}`;
      const entry = seen.get(key) ?? { holder, paths: new Set<string>() };
      seen.set(key, entry);
      entry.paths.add(path ?? address);
    },
  });
  return [...seen.values()];
};

const wait = async (worker: ErasureWorker, reasons: readonly string[], now: number): Promise<Next> => {
  const since = worker.erasure.waits?.since ?? now;
  await worker.save({ waits: { since, for: reasons.slice(0, MAX_WAITS) } });
  return 'later';
};

/** Heads first: a snapshot that is made meanwhile holds nothing any more. */
const isHead = ({ holder: { kind } }: Seen): boolean => kind === 'target' || kind === 'branch';

const retire = async (ports: ErasurePorts, worker: ErasureWorker, { holder, paths }: Seen): Promise<Waiting> => {
  switch (holder.kind) {
    case 'target':
      return removeFromTarget(ports, worker, holder.name, [...paths].sort());
    case 'branch':
      return removeFromBranch(ports, worker, holder.name, [...paths].sort());
    case 'run':
      if (holder.run.startsWith(worker.erasure.id)) return `run ${holder.run} is to be promoted`;
      return holder.hasEnded ? expireRun(ports, worker, holder) : `run ${holder.run} has not ended`;
    case 'tag':
      return removeTag(ports, worker, holder);
    case 'tag-keeper':
      return removeTagKeeper(ports, worker, holder);
    case 'snapshot':
      return retireSnapshot(ports, worker, holder);
    case 'preview':
      return expirePreview(ports, worker, holder);
    case 'staged':
      return `branch ${holder.name} shows the objects as it is: commit or reset what is staged`;
    case 'table':
      return `table ${holder.name} still shows the objects`;
    case 'iceberg':
      return `earlier snapshots of table ${holder.name} name the objects: they expire when its history has passed`;
  }
};

const removing = async (ports: ErasurePorts, worker: ErasureWorker): Promise<Next> => {
  await removeScratch(ports, worker);
  const seen = await holdersOfObjects(ports, worker);
  const committed = new Set(
    seen.flatMap(({ holder: { kind, name } }) => (kind === 'branch' || kind === 'run' ? name : [])),
  );
  const others = seen.filter(({ holder }) => holder.kind !== 'staged' || !committed.has(holder.name));
  const heads = others.filter(isHead);
  const waits: string[] = [];
  for (const each of heads.length > 0 ? heads : others) {
    const reason = await retire(ports, worker, each);
    if (reason !== undefined) waits.push(reason);
  }
  if (waits.length === 0 && heads.length === 0) waits.push(...(await removeAllCopies(ports, worker)));
  if (waits.length > 0) return wait(worker, waits, ports.clock.now());
  // Something was done: whether nothing is left the next look tells.
  if (seen.length > 0) {
    await worker.save({ waits: undefined });
    return 'again';
  }
  const now = ports.clock.now();
  const names: string[] = [];
  for await (const { id } of ports.lakefs.listBranches(worker.repository.name, '')) names.push(id);
  const rules =
    (await ports.lakefs.getGarbageCollection(worker.repository.name)) ?? worker.repository.garbageCollection;
  const until = retainedUntil(now, longestRetentionDays(rules, names));
  await worker.save({ state: 'RETAINING', removedAt: now, retainedUntil: until, waits: undefined });
  return 'again';
};

/** Somebody brought them back: a rollback, a branch on an old commit. */
const isReachedAgain = async (ports: ErasurePorts, worker: ErasureWorker): Promise<boolean> => {
  if ((await holdersOfObjects(ports, worker)).length === 0) return false;
  const back = { removedAt: undefined, retainedUntil: undefined, collection: undefined, proof: undefined };
  await worker.save({ state: 'REMOVING', waits: undefined, ...back });
  return true;
};

const retaining = async (ports: ErasurePorts, worker: ErasureWorker): Promise<Next> => {
  if (ports.clock.now() < (worker.erasure.retainedUntil ?? 0)) return 'later';
  if (!(await isReachedAgain(ports, worker))) await worker.save({ state: 'COLLECTING' });
  return 'again';
};

const FAILED: readonly Collection['state'][] = ['FAILED', 'DISCARDED'];

const collecting = async (ports: ErasurePorts, worker: ErasureWorker): Promise<Next> => {
  const { erasure, repository } = worker;
  const record = await ports.collections.get(repository.name);
  const wanted = erasure.collection?.id;
  const current = record?.current;
  if (wanted === undefined) {
    if (current !== undefined && current.requestedAt < (erasure.retainedUntil ?? 0))
      return wait(
        worker,
        [`collection ${current.id} began too early to delete the objects: it has to end first`],
        ports.clock.now(),
      );
    const begun = await beginCollectionOf(ports, repository.name, `erasure ${erasure.id} of ${erasure.requestedBy}`);
    await worker.save({ collection: { id: begun.id, tries: 1 }, waits: undefined });
    return 'later';
  }
  if (current?.id === wanted) {
    const reasons = current.waits?.for.map(({ message }) => message) ?? [];
    const told =
      current.state === 'MARKED' && current.approved === undefined && current.sweep === 'approval'
        ? [`collection ${wanted} wants approval: branchline gc approve ${repository.name} ${wanted}`]
        : reasons;
    return told.length > 0 ? wait(worker, told, ports.clock.now()) : 'later';
  }
  const ended = record?.past.find(({ id }) => id === wanted);
  if (ended !== undefined && FAILED.includes(ended.state)) {
    await worker.save({ collection: undefined });
    return wait(worker, [`collection ${wanted} is ${ended.state}: ${ended.cause?.message ?? ''}`], ports.clock.now());
  }
  await worker.save({ state: 'PROVING', waits: undefined });
  return 'again';
};

const proving = async (ports: ErasurePorts, worker: ErasureWorker): Promise<Next> => {
  if (await isReachedAgain(ports, worker)) return 'again';
  const waits = await removeAllCopies(ports, worker);
  if (waits.length > 0) return wait(worker, waits, ports.clock.now());
  const { answers, ...proof } = await prove(ports, worker);
  const root = await namespaceOf(ports, worker.repository.name);
  const now = ports.clock.now();
  const outside = answers.filter(({ address, isServed }) => isServed && !address.startsWith(root));
  if (outside.length > 0 && outside.length === proof.left) {
    await worker.save({ proof });
    const told = outside.map(({ address }) => `${address} lies outside the storage namespace: delete it by hand`);
    return wait(worker, told, now);
  }
  if (proof.left > 0) {
    // Young commits, or rules that changed: another collection in a day.
    const since = worker.erasure.waits?.since ?? now;
    const reason = `${String(proof.left)} objects are still in S3: collected again in a day`;
    await worker.save({ proof, state: 'RETAINING', retainedUntil: now + DAY_MS, collection: undefined });
    await worker.save({ waits: { since, for: [reason, ...proof.examples].slice(0, MAX_WAITS) } });
    return 'later';
  }
  if (proof.versions > 0) {
    const until = proof.versionsUntil;
    const told =
      until === undefined
        ? `no lifecycle rule removes earlier versions of ${String(proof.versions)} objects: delete them`
        : `the bucket removes earlier versions of ${String(proof.versions)} objects by ${new Date(until).toISOString()}`;
    await worker.save({ proof });
    return until === undefined || now > until + DAY_MS ? wait(worker, [told], now) : 'later';
  }
  await worker.save({ proof, waits: undefined });
  const report = await writeReport(ports, worker, { answers, ...proof });
  await worker.memory.forget();
  await worker.save({ state: 'DONE', report, endedAt: ports.clock.now() });
  return 'later';
};

const STEPS = { REMOVING: removing, RETAINING: retaining, COLLECTING: collecting, PROVING: proving } as const;

/** What is done is looked at again; more often than that it goes on with the next invocation. */
const MAX_ROUNDS = 20;

export const advanceErasureOf = async (ports: ErasurePorts, worker: ErasureWorker): Promise<void> => {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { state } = worker.erasure;
    if (state === 'DONE' || state === 'CANCELLED' || ports.clock.now() >= worker.until) return;
    try {
      if ((await STEPS[state](ports, worker)) === 'later') return;
    } catch (error) {
      // Whoever is slow or away is named in the entry; the next look tries again.
      if (!isBranchlineError(error) || error.code === 'BL4003') throw error;
      // What was looked at so far is not looked at again.
      if (error.code === 'BL8607') await worker.memory.save();
      await wait(worker, [error.message], ports.clock.now());
      return;
    }
  }
};

/** The steps of a garbage collection. Each may be interrupted anywhere and is repeated as it is: the entry says what is next. */
import type { CollectionPorts } from '../collection-ports.ts';
import type { Blocker } from '../domain/collection.ts';
import { hasEnded, isStale, type Sighting } from '../domain/collection.ts';
import { type ErrorCode, isBranchlineError } from '../domain/errors.ts';
import { examine, listOf, measure } from './collection-examine.ts';
import { blockersOf } from './collection-guards.ts';
import { adoptJob, driveJob, type JobOutcome, type Phase } from './collection-jobs.ts';
import { readBack } from './collection-read-back.ts';
import { keepTags } from './collection-tags.ts';
import type { CollectionWorker } from './collection-worker.ts';

/** `again`: the entry says what is next. `later`: it waits for somebody, for a job, or the time is up. */
type Next = 'again' | 'later';

const fail = async (worker: CollectionWorker, code: ErrorCode, message: string): Promise<Next> => {
  await worker.save({ state: 'FAILED', cause: { code, message } });
  return 'later';
};

/** @returns whether nothing is in the way. */
const isFree = async (ports: CollectionPorts, worker: CollectionWorker): Promise<boolean> => {
  const { settings, repository, current } = worker;
  const blockers: readonly Blocker[] = await blockersOf(ports, repository.name, settings.minAgeSeconds);
  if (blockers.length === 0) {
    if (current.waits !== undefined) await worker.save({ waits: undefined });
    return true;
  }
  const since = current.waits?.since ?? ports.clock.now();
  await worker.save({ waits: { since, for: blockers.slice(0, 20) } });
  return false;
};

const waiting = async (ports: CollectionPorts, worker: CollectionWorker): Promise<Next> => {
  if (!(await isFree(ports, worker))) return 'later';
  if (worker.settings.tags === 'keep') await keepTags(ports, worker.repository.name);
  await worker.save({ state: 'MARKING', mark: { intendedAt: ports.clock.now(), tries: 1 } });
  return 'again';
};

const jobOf = async (
  ports: CollectionPorts,
  worker: CollectionWorker,
  phase: Phase,
): Promise<JobOutcome | undefined> => {
  const job = await driveJob(ports, worker, phase);
  return job.outcome === 'running' ? undefined : job;
};

const marking = async (ports: CollectionPorts, worker: CollectionWorker): Promise<Next> => {
  const job = await jobOf(ports, worker, 'mark');
  if (job === undefined) return 'later';
  if (job.outcome === 'failed') return fail(worker, 'BL8504', job.message);
  if (job.outcome === 'ended') await worker.save({ state: 'EXAMINING', markId: job.receipt.mark_id });
  return 'again';
};

const told = (sightings: readonly Sighting[]): string =>
  sightings
    .slice(0, 5)
    .map(({ where, path }) => `${where} shows ${path}`)
    .join('; ');

/** @returns whether nobody shows anything of it; otherwise the entry says why it goes no further. */
const isSafe = async (ports: CollectionPorts, worker: CollectionWorker): Promise<boolean> => {
  const found = await examine(ports, worker, await listOf(ports, worker));
  if (found.outcome === 'shown') {
    const { id, sweeping } = worker.current;
    const cause = { code: 'BL8506', message: `collection ${id}: ${told(found.sightings)}` };
    // An earlier try may have deleted some of it.
    await worker.save({ state: (sweeping?.tries ?? 1) > 1 ? 'CHECKING' : 'FAILED', cause });
  }
  return found.outcome === 'safe';
};

const examining = async (ports: CollectionPorts, worker: CollectionWorker): Promise<Next> => {
  if (worker.current.marked === undefined) {
    const marked = await measure(ports, worker, await listOf(ports, worker));
    if (marked === undefined) return 'later';
    await worker.save({ marked });
  }
  if (worker.current.marked?.objects === 0) {
    await worker.save({ state: 'DONE', markedAt: ports.clock.now() });
    return 'later';
  }
  if (!(await isSafe(ports, worker))) return 'later';
  await worker.save({ state: 'MARKED', markedAt: ports.clock.now() });
  return 'again';
};

const marked = async (ports: CollectionPorts, worker: CollectionWorker): Promise<Next> => {
  const { current, settings } = worker;
  if (isStale(current, settings.approveWithinSeconds, ports.clock.now())) {
    const message = 'nobody approved it in time, or it waited too long: another mark begins from what is there then';
    await worker.save({ state: 'DISCARDED', cause: { code: 'BL8508', message } });
    return 'later';
  }
  if (current.sweep === 'approval' && current.approved === undefined) return 'later';
  if (!(await isFree(ports, worker))) return 'later';
  await worker.save({ state: 'SWEEPING', sweeping: { intendedAt: ports.clock.now(), tries: 1 } });
  return 'again';
};

/**
 * The entry says SWEEPING before anything is looked at for the last time: a rollback writes its own entry, then looks at this one. Of two
 * that come at once one at least sees the other.
 */
const sweeping = async (ports: CollectionPorts, worker: CollectionWorker): Promise<Next> => {
  // One that was begun and not written down goes on: what it deletes was examined before it began.
  if (!(await adoptJob(ports, worker, 'sweep'))) {
    if (!(await isFree(ports, worker))) {
      await worker.save({ state: 'MARKED', sweeping: undefined });
      return 'later';
    }
    if (!(await isSafe(ports, worker))) return 'later';
  }
  const job = await jobOf(ports, worker, 'sweep');
  if (job === undefined) return 'later';
  const cause = job.outcome === 'failed' ? { code: 'BL8505', message: job.message } : undefined;
  await worker.save({ state: 'CHECKING', cause });
  return 'again';
};

const checking = async (ports: CollectionPorts, worker: CollectionWorker): Promise<Next> => {
  const found = await readBack(ports, worker);
  if (found === undefined) return 'later';
  const { cause } = worker.current;
  const missing =
    found.missing === 0
      ? undefined
      : {
          code: 'BL8507',
          message: `refs show objects that are not in S3, ${String(found.missing)} times in all: ${told(found.sightings)}`,
        };
  const why = missing ?? cause;
  await worker.save({ state: why === undefined ? 'DONE' : 'FAILED', readBack: found, cause: why });
  return 'later';
};

const STEP = {
  WAITING: waiting,
  MARKING: marking,
  EXAMINING: examining,
  MARKED: marked,
  SWEEPING: sweeping,
  CHECKING: checking,
} as const;

/** Goes on until it waits, ends, or the time is up. */
export const advance = async (ports: CollectionPorts, worker: CollectionWorker): Promise<void> => {
  for (;;) {
    const { current } = worker.record;
    if (current === undefined || hasEnded(current) || worker.isTimeUp()) return;
    const step = STEP[current.state as keyof typeof STEP];
    try {
      if ((await step(ports, worker)) === 'later') return;
    } catch (error) {
      // A list that is not whole is no list: nothing is swept by it.
      if (!isBranchlineError(error, 'BL8504')) throw error;
      await fail(worker, 'BL8504', error.message);
      return;
    }
  }
};

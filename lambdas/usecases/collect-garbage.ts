/** What people and the schedule ask of garbage collection. */
import type { CollectionPorts } from '../collection-ports.ts';
import type { GarbageCollectionConfig, RepositoryConfig } from '../contract.ts';
import {
  advanceCollection,
  type Collection,
  type CollectionRecord,
  type CollectionState,
  isDue,
} from '../domain/collection.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import type { CollectGarbageRequest } from '../payloads.ts';
import { advance } from './advance-collection.ts';
import { beginCollectionRecord as begin } from './begin-collection.ts';
import { type CollectionPlan, planCollection } from './collection-plan.ts';
import { takeCollection } from './collection-worker.ts';

export interface TendCollectionsReport {
  readonly begun: readonly string[];
  /** Repositories whose newest collection failed. */
  readonly failed: readonly string[];
  /** Objects that refs show and that are missing, as the newest collections found. */
  readonly missing: number;
  /** Since the oldest collection waits without a break. */
  readonly waitSeconds: number;
  readonly faults: readonly { readonly repository: string; readonly reason: string }[];
}

export interface CollectionAnswer {
  /** The state that the collection is in; `busy` where another invocation works on it. */
  readonly outcome: CollectionState | 'busy';
  readonly collection: Collection;
}

export interface CollectGarbageAnswers {
  readonly plan: { readonly outcome: 'planned'; readonly plans: readonly CollectionPlan[] };
  readonly run: CollectionAnswer | { readonly outcome: 'planned'; readonly plans: readonly CollectionPlan[] };
  readonly approve: CollectionAnswer;
  readonly discard: CollectionAnswer;
  readonly status: { readonly outcome: 'listed'; readonly records: readonly CollectionRecord[] };
  readonly tend: { readonly outcome: 'tended'; readonly report: TendCollectionsReport };
}
export type CollectGarbageAnswerTo<Action extends keyof CollectGarbageAnswers> = CollectGarbageAnswers[Action];
export type CollectGarbageAnswer = CollectGarbageAnswers[keyof CollectGarbageAnswers];

interface Chosen {
  readonly settings: GarbageCollectionConfig;
  readonly repositories: readonly RepositoryConfig[];
}

/** @throws BL8501 where nothing is set up, or the repository is not among those that are collected. */
const chosen = async (ports: CollectionPorts, repository?: string): Promise<Chosen> => {
  const { garbageCollection: settings, repositories } = await ports.config.load();
  if (settings === undefined || ports.jobs === undefined)
    throw new BranchlineError('BL8501', 'the configuration has no garbageCollection.clientJar');
  const known = repositories.filter(({ name }) => settings.repositories.includes(name));
  const found = known.filter(({ name }) => repository === undefined || name === repository);
  if (found.length > 0) return { settings, repositories: found };
  const names = known.map(({ name }) => name).join(', ') || 'none';
  throw new BranchlineError('BL8501', `repository "${repository ?? ''}" is not collected; collected: ${names}`);
};

export const collectGarbage = async (
  ports: CollectionPorts,
  request: CollectGarbageRequest,
  until: EpochMs,
): Promise<CollectGarbageAnswer> => {
  switch (request.action) {
    case 'plan':
      return plan(ports, request.repository);
    case 'run':
      return request.dryRun === true ? plan(ports, request.repository) : run(ports, request, until);
    case 'approve':
    case 'discard':
      return decide(ports, request, until);
    case 'status': {
      const { repositories } = await chosen(ports, request.repository);
      const records = await Promise.all(repositories.map(({ name }) => ports.collections.get(name)));
      return { outcome: 'listed', records: records.filter((record) => record !== undefined) };
    }
    case 'tend':
      return { outcome: 'tended', report: await tend(ports, until) };
  }
};

type Of<Action extends CollectGarbageRequest['action']> = Extract<CollectGarbageRequest, { action: Action }>;

const plan = async (
  ports: CollectionPorts,
  repository: string | undefined,
): Promise<CollectGarbageAnswerTo<'plan'>> => {
  const { settings, repositories } = await chosen(ports, repository);
  const plans: CollectionPlan[] = [];
  for (const each of repositories) plans.push(await planCollection(ports, each, settings));
  return { outcome: 'planned', plans };
};

const namespaceOf = async (ports: CollectionPorts, name: string): Promise<string> => {
  const found = await ports.lakefs.getRepository(name);
  if (found === undefined) throw new BranchlineError('BL3007', `repository "${name}" is not there`);
  return found.storageNamespace;
};

/** Takes the entry as far as it goes now. */
const goOn = async (
  ports: CollectionPorts,
  record: CollectionRecord,
  { settings, repository, until }: { settings: GarbageCollectionConfig; repository: RepositoryConfig; until: EpochMs },
): Promise<CollectionAnswer> => {
  const namespace = await namespaceOf(ports, repository.name);
  const worker = await takeCollection(ports, record, { settings, repository, namespace, until });
  if (worker === undefined) return answerOf(record, 'busy');
  try {
    await advance(ports, worker);
  } finally {
    await worker.release();
  }
  return answerOf(worker.record);
};

const answerOf = (record: CollectionRecord, outcome?: 'busy'): CollectionAnswer => {
  const collection = record.current ?? record.past[0];
  if (collection === undefined) throw new BranchlineError('BL5001', `no collection of ${record.repository}`);
  return { outcome: outcome ?? collection.state, collection };
};

const run = async (ports: CollectionPorts, request: Of<'run'>, until: EpochMs): Promise<CollectionAnswer> => {
  const { settings, repositories } = await chosen(ports, request.repository);
  const [repository] = repositories;
  if (repository === undefined) throw new BranchlineError('BL8501', 'no repository is collected');
  const { sweep = settings.sweep, requestedBy = 'a person' } = request;
  const record = await begin(ports, repository.name, { sweep, requestedBy });
  return goOn(ports, record, { settings, repository, until });
};

/** @throws BL8502 for another collection than the one under way, BL8508 where it is in no state for that. */
const decide = async (
  ports: CollectionPorts,
  request: Of<'approve'> | Of<'discard'>,
  until: EpochMs,
): Promise<CollectionAnswer> => {
  const { settings, repositories } = await chosen(ports, request.repository);
  const [repository] = repositories;
  const record = await ports.collections.get(request.repository);
  if (repository === undefined || record?.current?.id !== request.collection)
    throw new BranchlineError('BL8502', `${request.repository} has no collection ${request.collection} under way`);
  const { state } = record.current;
  const by = request.requestedBy ?? 'a person';
  const now = ports.clock.now();
  const isApproval = request.action === 'approve';
  const isFit = isApproval ? state === 'MARKED' : state !== 'SWEEPING' && state !== 'CHECKING';
  if (!isFit) throw new BranchlineError('BL8508', `collection ${request.collection} is ${state}`);
  const message = `discarded by ${by}`;
  const next = advanceCollection(
    record,
    isApproval ? { approved: { by, at: now } } : { state: 'DISCARDED', cause: { code: 'BL8508', message } },
    now,
  );
  if ((await ports.collections.put(next)).outcome === 'stale')
    throw new BranchlineError('BL4003', `the entry about collections of ${request.repository} changed meanwhile`);
  return isApproval ? goOn(ports, next, { settings, repository, until }) : answerOf(next);
};

export const SCHEDULE = 'schedule';

/** What fails for one repository holds none of the others up. */
const tend = async (ports: CollectionPorts, until: EpochMs): Promise<TendCollectionsReport> => {
  const { settings, repositories } = await chosen(ports);
  const report = { begun: [] as string[], faults: [] as { repository: string; reason: string }[] };
  const records: CollectionRecord[] = [];
  for (const repository of repositories) {
    const { name } = repository;
    try {
      let record = await ports.collections.get(name);
      if (isDue(record, settings.everySeconds, ports.clock.now())) {
        record = await begin(ports, name, { sweep: settings.sweep, requestedBy: SCHEDULE });
        report.begun.push(name);
      }
      if (record?.current !== undefined && ports.clock.now() < until)
        await goOn(ports, record, { settings, repository, until });
    } catch (error) {
      report.faults.push({ repository: name, reason: String(error) });
      ports.log.error('could not tend to a garbage collection', { repository: name, reason: String(error) });
    }
    const record = await ports.collections.get(name);
    if (record !== undefined) records.push(record);
  }
  const waits = records.flatMap(({ current }) => current?.waits?.since ?? []);
  return {
    ...report,
    failed: records.filter(({ past }) => past[0]?.state === 'FAILED').map(({ repository }) => repository),
    missing: records.reduce((sum, { past }) => sum + (past[0]?.readBack?.missing ?? 0), 0),
    waitSeconds: waits.length === 0 ? 0 : Math.round((ports.clock.now() - Math.min(...waits)) / 1000),
  };
};

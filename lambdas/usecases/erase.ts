/** What people and the schedule ask of erasures. */
import { SCHEMA_VERSION } from '../contract.ts';
import type { ErasedObjects, ErasurePlan, Selection } from '../domain/erasure.ts';
import {
  advanceErasure,
  digestOfSelection,
  type Erasure,
  type ErasureState,
  erasureId,
  hasEnded,
  NO_DEEDS,
  type Replacement,
} from '../domain/erasure-record.ts';
import { BranchlineError, type ErrorCode } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import type { EraseRequest } from '../payloads.ts';
import { advanceErasureOf } from './advance-erasure.ts';
import { keepObjects, takeErasure } from './erasure-worker.ts';
import { planErasure, requireRepository, surveyErasure } from './plan-erasure.ts';

export interface TendErasuresReport {
  /** That have not ended. */
  readonly open: readonly string[];
  /** Since the oldest of them waits for somebody without a break. */
  readonly waitSeconds: number;
  readonly faults: readonly { readonly erasure: string; readonly reason: string }[];
}

export interface ErasureAnswer {
  /** The state of the erasure; `busy` where another invocation works on it. */
  readonly outcome: ErasureState | 'busy';
  readonly erasure: Erasure;
}

export interface EraseAnswers {
  readonly plan: { readonly outcome: 'planned'; readonly plan: ErasurePlan };
  readonly run: ErasureAnswer;
  readonly cancel: ErasureAnswer;
  readonly status: { readonly outcome: 'listed'; readonly erasures: readonly Erasure[] };
  readonly tend: { readonly outcome: 'tended'; readonly report: TendErasuresReport };
}
export type EraseAnswerTo<Action extends keyof EraseAnswers> = EraseAnswers[Action];
export type EraseAnswer = EraseAnswers[keyof EraseAnswers];

type Of<Action extends EraseRequest['action']> = Extract<EraseRequest, { action: Action }>;

export const erase = async (ports: ErasurePorts, request: EraseRequest, until: EpochMs): Promise<EraseAnswer> => {
  switch (request.action) {
    case 'plan': {
      const { repository, selection } = request;
      return { outcome: 'planned', plan: await planErasure(ports, { repository, selection, until }) };
    }
    case 'run':
      return run(ports, request, until);
    case 'cancel':
      return cancel(ports, request);
    case 'status':
      return { outcome: 'listed', erasures: await status(ports, request) };
    case 'tend':
      return { outcome: 'tended', report: await tend(ports, until) };
  }
};

const openOf = async (ports: ErasurePorts, repository: string, selection: Selection): Promise<Erasure | undefined> => {
  const digest = digestOfSelection(selection);
  for await (const erasure of ports.erasures.list(repository))
    if (!hasEnded(erasure) && erasure.digest === digest) return erasure;
  return undefined;
};

/** @throws BL8612 where there is no such file, or it is one of those that are to go. */
const replacementsOf = async (
  { lakefs }: ErasurePorts,
  { repository, replacements = [] }: Of<'run'>,
  objects: ErasedObjects,
): Promise<readonly Replacement[]> => {
  const found: Replacement[] = [];
  for (const { path, ref, from } of replacements) {
    const commit = (await lakefs.getCommit(repository, ref))?.id;
    const refuse = (why: string): never => {
      throw new BranchlineError('BL8612', `${from} at ${ref} cannot replace ${path}: ${why}`);
    };
    if (commit === undefined) return refuse('there is no such ref');
    let address: string | undefined;
    for await (const object of lakefs.listObjects(repository, commit, { prefix: from })) {
      if (object.path === from) address = object.physicalAddress;
      break;
    }
    if (address === undefined) return refuse('it is not committed there');
    if (objects.has(address)) return refuse('it is to be erased itself');
    found.push({ path, ref: commit, from });
  }
  return found;
};

/** @throws BL8602, BL8603, BL8605 or BL8606 where it would not come to its end. */
const refuseHopeless = ({ repository, objects, held, refusals }: ErasurePlan, removeTags: boolean): void => {
  const [first] = refusals;
  if (first !== undefined) throw new BranchlineError(first.code as ErrorCode, first.message);
  if (objects === 0) throw new BranchlineError('BL8603', `nothing of repository "${repository}" is selected`);
  const tags = held.flatMap(({ holder }) => (holder.kind === 'tag' ? holder.name : []));
  if (tags.length > 0 && !removeTags)
    throw new BranchlineError('BL8606', `tags show the objects: ${tags.slice(0, 20).join(', ')}`);
};

const begin = async (ports: ErasurePorts, request: Of<'run'>, until: EpochMs): Promise<Erasure> => {
  const { repository, selection, reason, removeTags = false, requestedBy = 'a person' } = request;
  const { plan, objects } = await surveyErasure(ports, { repository, selection, until });
  refuseHopeless(plan, removeTags);
  const replacements = await replacementsOf(ports, request, objects);
  let now = ports.clock.now();
  // Two in one second are told apart: an id names runs and files.
  while ((await ports.erasures.get(repository, erasureId(now))) !== undefined) now += 1000;
  const id = erasureId(now);
  const erasure: Erasure = {
    ...{ schemaVersion: SCHEMA_VERSION, version: 1, repository, id, state: 'REMOVING' },
    ...{ requestedBy, reason, requestedAt: now, updatedAt: now, digest: digestOfSelection(selection) },
    objects: await keepObjects(ports, { repository, id }, objects),
    removeTags: plan.held.flatMap(({ holder }) => (holder.kind === 'tag' ? holder.name : [])),
    ...{ replacements, runs: {}, did: NO_DEEDS },
  };
  const answer = await ports.erasures.put(erasure);
  if (answer.outcome === 'written') return erasure;
  throw new BranchlineError('BL4003', `erasure ${id} of ${repository} was begun by another call`);
};

const goOn = async (ports: ErasurePorts, erasure: Erasure, until: EpochMs): Promise<ErasureAnswer> => {
  const repository = await requireRepository(ports, erasure.repository);
  const worker = await takeErasure(ports, erasure, { repository, until });
  if (worker === undefined) return { outcome: 'busy', erasure };
  try {
    await advanceErasureOf(ports, worker);
  } finally {
    await worker.release();
  }
  return { outcome: worker.erasure.state, erasure: worker.erasure };
};

/** @throws BL8611 where the name of the repository was not repeated. */
const run = async (ports: ErasurePorts, request: Of<'run'>, until: EpochMs): Promise<ErasureAnswer> => {
  const { repository, selection, confirm } = request;
  if (confirm !== repository)
    throw new BranchlineError('BL8611', `"${confirm}" is not the name of repository "${repository}"`);
  await requireRepository(ports, repository);
  const found = await openOf(ports, repository, selection);
  return goOn(ports, found ?? (await begin(ports, request, until)), until);
};

/** @throws BL8613 where there is none, BL8610 where it is too late. */
const cancel = async (ports: ErasurePorts, request: Of<'cancel'>): Promise<ErasureAnswer> => {
  const { repository, erasure: id, requestedBy = 'a person' } = request;
  const found = await ports.erasures.get(repository, id);
  if (found === undefined) throw new BranchlineError('BL8613', `repository "${repository}" has no erasure ${id}`);
  if (found.state !== 'REMOVING' && found.state !== 'RETAINING')
    throw new BranchlineError('BL8610', `erasure ${id} is ${found.state}`);
  const now = ports.clock.now();
  const cause = { code: 'BL8610', message: `cancelled by ${requestedBy}` };
  const change = { state: 'CANCELLED', cause, endedAt: now, waits: undefined, lease: undefined } as const;
  const next = advanceErasure(found, change, now);
  if ((await ports.erasures.put(next)).outcome === 'stale')
    throw new BranchlineError('BL4003', `erasure ${id} changed meanwhile`);
  return { outcome: 'CANCELLED', erasure: next };
};

const status = async (ports: ErasurePorts, { repository, erasure: id }: Of<'status'>): Promise<readonly Erasure[]> => {
  const names =
    repository === undefined ? (await ports.config.load()).repositories.map(({ name }) => name) : [repository];
  const found: Erasure[] = [];
  for (const name of names)
    for await (const erasure of ports.erasures.list(name))
      if (id === undefined || erasure.id === id) found.push(erasure);
  if (id !== undefined && found.length === 0) throw new BranchlineError('BL8613', `there is no erasure ${id}`);
  return found;
};

/** What fails for one erasure holds none of the others up. */
const tend = async (ports: ErasurePorts, until: EpochMs): Promise<TendErasuresReport> => {
  const open: string[] = [];
  const faults: { erasure: string; reason: string }[] = [];
  const waits: number[] = [];
  for (const erasure of await status(ports, { action: 'status' })) {
    if (hasEnded(erasure)) continue;
    let after = erasure;
    try {
      if (ports.clock.now() < until) after = (await goOn(ports, erasure, until)).erasure;
    } catch (error) {
      faults.push({ erasure: erasure.id, reason: String(error) });
      ports.log.error('could not tend to an erasure', { erasure: erasure.id, reason: String(error) });
    }
    if (hasEnded(after)) continue;
    open.push(after.id);
    if (after.waits !== undefined) waits.push(after.waits.since);
  }
  const oldest = waits.length === 0 ? undefined : Math.min(...waits);
  const waitSeconds = oldest === undefined ? 0 : Math.round((ports.clock.now() - oldest) / 1000);
  return { open, waitSeconds, faults };
};

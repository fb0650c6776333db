/** What an erasure would meet and do, without a change. */
import type { RepositoryConfig } from '../contract.ts';
import {
  type ErasedObjects,
  type ErasurePlan,
  type ExportHold,
  exportsOf,
  longestRetentionDays,
  MAX_ERASURE_EXAMPLES,
  retainedUntil,
  type Selection,
} from '../domain/erasure.ts';
import { digestOfSelection } from '../domain/erasure-record.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { repositoryOf } from '../domain/pipelines.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { rootOfNamespace } from './collection-lists.ts';
import { copiesOf } from './erasure-exports.ts';
import { placesOf } from './erasure-holders.ts';
import { ErasureMemory } from './erasure-memory.ts';
import { lookThrough, Sightings } from './erasure-reach.ts';
import { searchObjects } from './erasure-search.ts';

/** @throws BL8601 for a repository that is not configured. */
export const requireRepository = async (ports: ErasurePorts, name: string): Promise<RepositoryConfig> => {
  const config = await ports.config.load();
  const found = repositoryOf(config, name);
  if (found !== undefined) return found;
  const known = config.repositories.map((each) => each.name).join(', ');
  throw new BranchlineError('BL8601', `repository "${name}" is not in the configuration; there are: ${known}`);
};

export const namespaceOf = async (ports: ErasurePorts, name: string): Promise<string> => {
  const found = await ports.lakefs.getRepository(name);
  if (found === undefined) throw new BranchlineError('BL3007', `repository "${name}" is not there`);
  return rootOfNamespace(found.storageNamespace);
};

/** At the destinations of all exports of the repository. */
const exportHolds = async (
  ports: ErasurePorts,
  repository: string,
  memory: ErasureMemory,
  until: EpochMs,
): Promise<readonly ExportHold[]> => {
  const holds: ExportHold[] = [];
  for (const config of exportsOf(await ports.config.load(), repository)) {
    const { commit } = (await ports.exports.get(config.name)) ?? {};
    const keys = await copiesOf(ports, config, { memory, commit, until });
    const { name, bucket, prefix } = config;
    const examples = keys.slice(0, MAX_ERASURE_EXAMPLES);
    if (keys.length > 0) holds.push({ name, destination: `s3://${bucket}/${prefix}`, files: keys.length, examples });
  }
  return holds;
};

/** Why an erasure of this repository could not come to its end, whatever is selected. */
const collectionRefusals = async (ports: ErasurePorts, repository: string): Promise<ErasurePlan['refusals']> => {
  const { garbageCollection: settings } = await ports.config.load();
  if (settings?.repositories.includes(repository) === true) return [];
  const message = `repository "${repository}" is not collected: nothing would delete its objects`;
  return [{ code: 'BL8602', message }];
};

export interface Survey {
  readonly plan: ErasurePlan;
  readonly objects: ErasedObjects;
}

interface SurveyRequest {
  readonly repository: string;
  readonly selection: Selection;
  readonly until: EpochMs;
}

/** @throws BL8607 where the time was up: the same request goes on from there. */
export const surveyErasure = async (ports: ErasurePorts, request: SurveyRequest): Promise<Survey> => {
  const key = `${request.repository}/search-${digestOfSelection(request.selection)}.json`;
  const memory = await new ErasureMemory(ports, key).load();
  try {
    const found = await survey(ports, request, memory);
    await memory.forget();
    return found;
  } catch (error) {
    if (isBranchlineError(error, 'BL8607')) await memory.save();
    throw error;
  }
};

const survey = async (ports: ErasurePorts, request: SurveyRequest, memory: ErasureMemory): Promise<Survey> => {
  const { selection, until } = request;
  const repository = await requireRepository(ports, request.repository);
  const { name } = repository;
  const root = await namespaceOf(ports, name);
  const objects = await searchObjects(ports, name, selection, { until, memory });
  const { alike } = memory;
  const { places, snapshots } = await placesOf(ports, repository);
  const sightings = new Sightings();
  await lookThrough(ports, name, places, { memory, until, take: sightings.take });
  const { held } = sightings;
  const { all } = objects;
  const retaining = places.flatMap(({ holder: { kind, name: branch } }) =>
    kind === 'branch' || kind === 'target' ? branch : [],
  );
  const rules = (await ports.lakefs.getGarbageCollection(name)) ?? repository.garbageCollection;
  const days = longestRetentionDays(rules, retaining);
  const holding = new Set(held.flatMap(({ holder }) => (holder.kind === 'snapshot' ? holder.name : [])));
  const holds = held.flatMap(({ holder }) =>
    holder.kind === 'snapshot' && holder.hold !== undefined
      ? {
          code: 'BL8605',
          message: `snapshot ${holder.name} is held by ${holder.hold.by}: ${holder.hold.reason}`,
        }
      : [],
  );
  const plan: ErasurePlan = {
    repository: name,
    objects: all.length,
    bytes: all.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0),
    unseen: all.filter(({ checksum }) => checksum === undefined).length,
    alike: { objects: alike.size, examples: [...new Set(alike.values())].sort().slice(0, MAX_ERASURE_EXAMPLES) },
    outside: all.flatMap(({ address }) => (address.startsWith(root) ? [] : address)).slice(0, MAX_ERASURE_EXAMPLES),
    examples: all.slice(0, MAX_ERASURE_EXAMPLES),
    held,
    exports: await exportHolds(ports, name, memory, until),
    backups: snapshots.flatMap(({ id, backup }) => (holding.has(id) && backup !== undefined ? backup.uri : [])),
    storage: await ports.versions.facts(`${root}data/`),
    retention: { days, until: retainedUntil(ports.clock.now(), days) },
    refusals: [...(await collectionRefusals(ports, name)), ...holds],
  };
  return { plan, objects };
};

export const planErasure = async (...args: Parameters<typeof surveyErasure>): Promise<ErasurePlan> =>
  (await surveyErasure(...args)).plan;

/**
 * Copies by many workers: chunks are written down, a state machine or a Spark job hands them out, and they are done when none is left.
 * What either says of itself only decides when it is begun anew, and when nothing of it can write any more.
 */
import type { ExportConfig } from '../contract.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { type ExportRun, leftFolder, todoFolder, todoKey } from '../domain/export.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ExportPorts, MapState } from '../export-ports.ts';
import { copyPlanned, readLeft, writeTodo } from './copy-chunk.ts';
import { type ExportCopy, placeOfExport } from './export-copy.ts';
import {
  type Execution,
  engineFor,
  giveUpExecution,
  isThere,
  lookAtExecution,
  startExecution,
  stopExecution,
  withdrawOrder,
} from './export-engines.ts';
import type { ExportWriter } from './export-writer.ts';

/** As long as a worker may live (15 minutes), and a little more: so long one that was given up may still write. */
const WORKER_MS = 16 * 60_000;
/** It wakes us as its last step: its end is moments away. */
const LOOKS = 4;
const LOOK_EVERY_MS = 1000;
/** Step Functions and Glue keep what has ended for 90 days. Source: their developer guides, quotas and job runs. */
const FORGOTTEN_MS = 80 * 24 * 60 * 60_000;
const NAMED = 5;

/** Whether what is left belongs to many workers. */
export const isLarge = ({ scale }: ExportConfig, { copied, bytes }: Pick<ExportRun, 'copied' | 'bytes'>): boolean =>
  scale !== undefined && scale.engine !== 'lambda' && (copied >= scale.aboveObjects || bytes >= scale.aboveBytes);

export const planChunk = async (
  { destination }: ExportPorts,
  config: ExportConfig,
  run: ExportRun,
  copies: readonly ExportCopy[],
): Promise<void> => {
  const key = `${config.prefix}${todoKey(run.id, run.parts)}`;
  await destination.put(placeOfExport(config), key, writeTodo(copies));
};

const usesMany = ({ scale }: ExportConfig): boolean => scale !== undefined && scale.engine !== 'lambda';

/** What was planned for many by a configuration that has changed since: one function does it, chunk after chunk. */
const workOff = async (ports: ExportPorts, config: ExportConfig, run: ExportRun, until: EpochMs): Promise<void> => {
  for await (const { key } of ports.destination.list(placeOfExport(config), `${config.prefix}${todoFolder(run.id)}`)) {
    if (ports.clock.now() >= until) return;
    try {
      await copyPlanned(ports, { export: config.name, run: run.id, key, until });
    } catch (error) {
      // The time was up: what is left of the chunk is noted, and the next invocation goes on.
      if (!isBranchlineError(error, 'BL8111')) throw error;
      return;
    }
  }
};

const isAnyLeft = async ({ destination }: ExportPorts, config: ExportConfig, run: ExportRun): Promise<boolean> => {
  for await (const _ of destination.list(placeOfExport(config), `${config.prefix}${todoFolder(run.id)}`)) return true;
  return false;
};

export type FollowOutcome = 'done' | 'waiting' | 'unfinished';

/** A worker that was given up may write for so long. */
const hasPassed = ({ clock }: ExportPorts, since: EpochMs): boolean => clock.now() - since >= WORKER_MS;

/** @throws BL8110 where an execution ended and left some behind; the next call begins anew. */
export const followMap = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  run: ExportRun,
  until: EpochMs,
): Promise<FollowOutcome> => {
  const { execution } = run;
  if (execution !== undefined && (execution.givenUp === true || !isThere(config, execution))) {
    // State machine or job went with the configuration that wanted it.
    if (!(await isGivenUp(ports, writer, config, run, execution))) return 'waiting';
  } else if (execution?.engine === 'spark' && execution.endedAt === undefined) {
    return followSpark(ports, writer, config, run, execution);
  }
  if (!(await isAnyLeft(ports, config, run))) return 'done';
  if (!usesMany(config)) {
    await workOff(ports, config, run, until);
    return (await isAnyLeft(ports, config, run)) ? 'unfinished' : 'done';
  }
  if (execution === undefined || execution.endedAt !== undefined) {
    await begin(ports, writer, config, run);
    return 'waiting';
  }
  const seen = await lookLong(ports, config, execution);
  if (seen?.state === 'running') return 'waiting';
  if (seen === undefined && ports.clock.now() - execution.startedAt < FORGOTTEN_MS) {
    // Whoever wrote its name down died before he began it.
    await startExecution(ports, config, run, execution);
    return 'waiting';
  }
  if (!(await isAnyLeft(ports, config, run))) return 'done';
  return fail(ports, writer, config, run, execution, seen);
};

/** Unlike a worker of the map, which ends with its chunk, executors live as long as their job run: it has to be over. */
const followSpark = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  run: ExportRun,
  execution: Execution,
): Promise<FollowOutcome> => {
  const isLeft = await isAnyLeft(ports, config, run);
  const seen = await lookLong(ports, config, execution);
  if (seen?.state === 'running') return 'waiting';
  if (seen === undefined && isLeft && ports.clock.now() - execution.startedAt < FORGOTTEN_MS) {
    // Whoever wrote its name down died before he began it; or another run of the job had to end first.
    await startExecution(ports, config, run, execution);
    return 'waiting';
  }
  await withdrawOrder(ports, config, run, execution);
  if (seen === undefined && !hasPassed(ports, execution.startedAt)) return 'waiting';
  if (!(await isAnyLeft(ports, config, run))) return 'done';
  return fail(ports, writer, config, run, execution, seen);
};

const saveExecution = (writer: ExportWriter, run: ExportRun, execution: Execution) =>
  writer.save((record) => ({ ...record, run: { ...run, execution } }));

/** @throws BL8110, after noting that the next call is to begin another one. */
const fail = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  run: ExportRun,
  execution: Execution,
  seen: MapState | undefined,
): Promise<never> => {
  await saveExecution(writer, run, {
    ...execution,
    endedAt: seen?.state === 'ended' ? seen.endedAt : ports.clock.now(),
  });
  throw await leftBehind(ports, config, run, seen);
};

/** Of an execution that may not be there to be asked: it is given up, and after a while nothing of it can write any more. */
const isGivenUp = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  run: ExportRun,
  execution: Execution,
): Promise<boolean> => {
  if (execution.endedAt !== undefined) return hasPassed(ports, execution.endedAt);
  await giveUpExecution(ports, config, run, execution);
  await saveExecution(writer, run, { ...execution, endedAt: ports.clock.now(), givenUp: true });
  return false;
};

const lookLong = async (
  ports: ExportPorts,
  config: ExportConfig,
  execution: Execution,
): Promise<MapState | undefined> => {
  for (let looks = 1; ; looks += 1) {
    const seen = await lookAtExecution(ports, config, execution);
    if (seen?.state !== 'running' || looks === LOOKS) return seen;
    await ports.pause(LOOK_EVERY_MS);
  }
};

/** The name is written down first: whatever happens then, nobody begins a second one, or another run beside it. */
const begin = async (ports: ExportPorts, writer: ExportWriter, config: ExportConfig, run: ExportRun): Promise<void> => {
  for (let tries = (run.tries ?? 0) + 1; ; tries += 1) {
    // The digest tells runs apart that a ledger which was lost would number alike.
    const name = `${config.name}-${run.id}-${run.digest.slice(0, 8)}-${String(tries)}`;
    const execution: Execution = { name, ...engineFor(config, run), startedAt: ports.clock.now() };
    await saveExecution(writer, { ...run, tries }, execution);
    if ((await startExecution(ports, config, run, execution)) === 'started') return;
  }
};

const leftBehind = async (
  { destination }: ExportPorts,
  config: ExportConfig,
  run: ExportRun,
  seen: MapState | undefined,
): Promise<BranchlineError> => {
  const place = placeOfExport(config);
  let chunks = 0;
  for await (const _ of destination.list(place, `${config.prefix}${todoFolder(run.id)}`)) chunks += 1;
  const named: string[] = [];
  for await (const { key } of destination.list(place, `${config.prefix}${leftFolder(run.id)}`)) {
    const left = readLeft((await destination.get(place, key)) ?? '{"left":[]}');
    named.push(...left.slice(0, NAMED).map((each) => `${each.key} (${each.reason})`));
    if (named.length >= NAMED) break;
  }
  const said = seen?.state === 'ended' ? seen.said : 'it is not known any more';
  const which = named.length === 0 ? '' : `; such as ${named.slice(0, NAMED).join('; ')}`;
  return new BranchlineError(
    'BL8110',
    `${String(chunks)} of ${String(run.parts)} chunks were not copied by ${run.execution?.name ?? ''}: ${said}${which}`,
  );
};

/**
 * A run may be replaced by another only when nothing of it can write any more.
 * @param stop ends what is under way. @returns whether it is so.
 */
export const isQuiet = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  run: ExportRun,
  stop: boolean,
): Promise<boolean> => {
  const { execution } = run;
  if (execution === undefined) return true;
  if (!isThere(config, execution)) return isGivenUp(ports, writer, config, run, execution);
  if (execution.endedAt !== undefined) return hasPassed(ports, execution.endedAt);
  const seen = await lookAtExecution(ports, config, execution);
  if (seen === undefined) return hasPassed(ports, execution.startedAt);
  if (seen.state === 'ended') return hasPassed(ports, seen.endedAt);
  if (stop) await stopExecution(ports, config, run, execution);
  return false;
};

/**
 * Copies by many workers: chunks are written down, a state machine hands them out, and they are done when none is left. What the
 * state machine says of itself only decides when it is begun anew.
 */
import type { ExportConfig } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { type ExportRun, leftFolder, mapFolder, todoFolder, todoKey } from '../domain/export.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ExportPorts, MapOrder, MapState } from '../export-ports.ts';
import { copyPlanned, readLeft, writeTodo } from './copy-chunk.ts';
import { type ExportCopy, placeOfExport } from './export-copy.ts';
import type { ExportWriter } from './export-writer.ts';

/** As long as a worker may live (15 minutes), and a little more: so long one that was given up may still write. */
const WORKER_MS = 16 * 60_000;
/** It wakes us as its last step: its end is moments away. */
const LOOKS = 4;
const LOOK_EVERY_MS = 1000;
/** Step Functions keeps executions that have ended for 90 days. Source: Step Functions developer guide, quotas. */
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

const usesMap = ({ scale }: ExportConfig): boolean => scale !== undefined && scale.engine !== 'lambda';

/** What was planned for many by a configuration that has changed since: one function does it, chunk after chunk. */
const workOff = async (ports: ExportPorts, config: ExportConfig, run: ExportRun, until: EpochMs): Promise<void> => {
  for await (const { key } of ports.destination.list(placeOfExport(config), `${config.prefix}${todoFolder(run.id)}`)) {
    if (ports.clock.now() >= until) return;
    await copyPlanned(ports, { export: config.name, run: run.id, key, until });
  }
};

const isAnyLeft = async ({ destination }: ExportPorts, config: ExportConfig, run: ExportRun): Promise<boolean> => {
  for await (const _ of destination.list(placeOfExport(config), `${config.prefix}${todoFolder(run.id)}`)) return true;
  return false;
};

export type FollowOutcome = 'done' | 'waiting' | 'unfinished';

/** @throws BL8110 where an execution ended and left some behind; the next call begins anew. */
export const followMap = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  run: ExportRun,
  until: EpochMs,
): Promise<FollowOutcome> => {
  if (!(await isAnyLeft(ports, config, run))) return 'done';
  if (!usesMap(config)) {
    await workOff(ports, config, run, until);
    return (await isAnyLeft(ports, config, run)) ? 'unfinished' : 'done';
  }
  if (run.execution === undefined || run.execution.endedAt !== undefined) {
    await begin(ports, writer, config, run);
    return 'waiting';
  }
  const seen = await lookLong(ports, run.execution.name);
  if (seen?.state === 'running') return 'waiting';
  if (seen === undefined && ports.clock.now() - run.execution.startedAt < FORGOTTEN_MS) {
    // Whoever wrote its name down died before he began it.
    await ports.exportMaps.start(run.execution.name, orderOf(config, run));
    return 'waiting';
  }
  if (!(await isAnyLeft(ports, config, run))) return 'done';
  const execution = { ...run.execution, endedAt: seen?.endedAt ?? ports.clock.now() };
  await writer.save((record) => ({ ...record, run: { ...run, execution } }));
  throw await leftBehind(ports, config, run, seen);
};

const lookLong = async ({ exportMaps, pause }: ExportPorts, name: string): Promise<MapState | undefined> => {
  for (let looks = 1; ; looks += 1) {
    const seen = await exportMaps.look(name);
    if (seen?.state !== 'running' || looks === LOOKS) return seen;
    await pause(LOOK_EVERY_MS);
  }
};

const orderOf = ({ name, bucket, prefix, scale }: ExportConfig, { id }: ExportRun): MapOrder => ({
  ...{ export: name, run: id, bucket, todo: `${prefix}${todoFolder(id)}` },
  results: `${prefix}${mapFolder(id)}`.replace(/\/$/, ''),
  ...{ concurrency: scale?.concurrency ?? 1, toleratedFailurePercent: scale?.toleratedFailurePercent ?? 0 },
});

/** The name is written down first: whatever happens then, nobody begins a second one, or another run beside it. */
const begin = async (
  { exportMaps, clock }: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  run: ExportRun,
): Promise<void> => {
  for (let tries = (run.tries ?? 0) + 1; ; tries += 1) {
    // The digest tells runs apart that a ledger which was lost would number alike.
    const name = `${config.name}-${run.id}-${run.digest.slice(0, 8)}-${String(tries)}`;
    const begun = { ...run, tries, execution: { name, startedAt: clock.now() } };
    await writer.save((record) => ({ ...record, run: begun }));
    if ((await exportMaps.start(name, orderOf(config, run))) === 'started') return;
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
  { exportMaps, clock }: ExportPorts,
  { execution }: ExportRun,
  stop: boolean,
): Promise<boolean> => {
  if (execution === undefined) return true;
  const passed = (since: EpochMs): boolean => clock.now() - since >= WORKER_MS;
  if (execution.endedAt !== undefined) return passed(execution.endedAt);
  const seen = await exportMaps.look(execution.name);
  if (seen === undefined) return passed(execution.startedAt);
  if (seen.state === 'ended') return passed(seen.endedAt);
  if (stop) await exportMaps.stop(execution.name, 'the export was configured anew');
  return false;
};

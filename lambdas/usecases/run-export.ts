/**
 * Brings a destination to what a target or a tag holds. What leads here is only a wake-up: the ledger says how far the work is.
 * Interrupted anywhere, the next call goes on, and a consumer never finds the marker beside a half-done export.
 */
import type { ExportConfig } from '../contract.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { CHUNK_OBJECTS, type ExportRecord, type ExportRun, finished, MARKER, nextRun } from '../domain/export.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ExportPorts } from '../export-ports.ts';
import { followMap, isQuiet } from './export-map.ts';
import { commitToExport, exportNamed } from './export-named.ts';
import { type Order, pass } from './export-pass.ts';
import { seal } from './export-seal.ts';
import { type ExportWriter, takeExport } from './export-writer.ts';

export interface ExportOrder {
  readonly name: string;
  /** Everything against what lies at the destination, though the ledger says that all is well. */
  readonly compare?: boolean | undefined;
  /** The destination may hold objects that no export of ours has written; with `delete: true` they go. */
  readonly adopt?: boolean | undefined;
  /** No step is begun after that. */
  readonly until: EpochMs;
}

export interface RunExportAnswer {
  readonly outcome:
    | 'exported'
    | 'up-to-date'
    /** The target has no verified commit yet. */
    | 'nothing-to-export'
    /** Somebody else is at it, and looks for what is new when it is done. */
    | 'busy'
    /** The time was up: to be called again. */
    | 'unfinished'
    /** Many workers copy; whoever hands them their work wakes us at the end. */
    | 'waiting'
    /** Recorded with its cause; the next wake-up tries again. */
    | 'failed';
  readonly record?: ExportRecord;
}

/** @param size how many objects are copied between two entries in the ledger. */
export const runExport = async (
  ports: ExportPorts,
  order: ExportOrder,
  size: number = CHUNK_OBJECTS,
): Promise<RunExportAnswer> => {
  const config = await exportNamed(ports, order.name);
  const commit = await commitToExport(ports, config);
  if (commit === undefined) return { outcome: 'nothing-to-export' };
  const before = await ports.exports.get(order.name);
  const compare = order.compare === true;
  const isIdle = before !== undefined && before.lease === undefined && before.failure === undefined;
  if (isIdle && nextRun(config, before, commit, { compare, now: 0 }) === undefined) {
    return { outcome: 'up-to-date', record: before };
  }
  const writer = await takeExport(ports, order.name);
  if (writer === undefined) return { outcome: 'busy' };
  const outcome = await recorded(ports, writer, () => work(ports, writer, config, { ...order, compare, size }));
  await writer.release();
  // Who was woken between our last look and the release found us at it, and went.
  if (outcome === 'exported' && config.trigger === 'promotion') {
    const latest = await commitToExport(ports, config);
    if (latest !== writer.record.commit && ports.clock.now() < order.until) {
      return runExport(ports, { name: order.name, until: order.until }, size);
    }
    if (latest !== writer.record.commit) return { outcome: 'unfinished', record: writer.record };
  }
  return { outcome, record: writer.record };
};

type WorkOutcome = 'exported' | 'up-to-date' | 'unfinished' | 'waiting' | 'busy' | 'failed';

/** What a person or the platform has to mend ends in the ledger, with its cause; anything else is thrown, and comes back. */
const recorded = async (
  ports: ExportPorts,
  writer: ExportWriter,
  act: () => Promise<WorkOutcome>,
): Promise<WorkOutcome> => {
  try {
    return await act();
  } catch (error) {
    if (!isBranchlineError(error, 'BL4002', 'BL8110', 'BL8320', 'BL9002', 'BL9003', 'BL9004')) throw error;
    const { code, message } = error;
    ports.log.error('export failed', { export: writer.record.name, code, reason: message });
    const since = writer.record.failure?.since ?? ports.clock.now();
    await writer.save((record) => ({ ...record, failure: { code, message, since } }));
    return 'failed';
  }
};

const work = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  order: Order,
): Promise<WorkOutcome> => {
  const commit = (await commitToExport(ports, config)) ?? '';
  const now = ports.clock.now();
  const run = nextRun(config, writer.record, commit, { compare: order.compare, now });
  if (run === undefined) {
    await writer.save(({ failure: _, ...rest }) => rest);
    return 'up-to-date';
  }
  const previous = writer.record.run;
  if (run.id !== previous?.id) {
    // Workers of the run before would go on writing what it was to copy.
    if (previous !== undefined && !(await isQuiet(ports, writer, config, previous, previous.digest !== run.digest)))
      return order.compare ? 'busy' : 'waiting';
    await guardDestination(ports, writer.record, config, run, order.adopt === true);
    await writer.save((record) => ({ ...record, run, sequence: record.sequence + 1 }));
  }
  try {
    return await goOn(ports, writer, config, order);
  } catch (error) {
    // The commit that was exported last is not in lakeFS any more: everything is compared.
    if (!isBranchlineError(error, 'BL3004') || writer.record.run?.from === undefined) throw error;
    await writer.save(({ run: _, commit: __, ...rest }) => rest);
    return 'unfinished';
  }
};

/** A destination that holds what we know nothing of is not overwritten, still less emptied, without a word. */
const guardDestination = async (
  { destination }: ExportPorts,
  record: ExportRecord,
  config: ExportConfig,
  run: ExportRun,
  adopt: boolean,
): Promise<void> => {
  if (run.mode === 'follow' || adopt || record.digest === run.digest || record.run?.digest === run.digest) return;
  const { bucket, prefix, name } = config;
  const marker = await destination.get({ bucket }, `${prefix}${MARKER}`);
  const owner = marker === undefined ? undefined : ownerOf(marker);
  if (owner === name) return;
  for await (const { key } of destination.list({ bucket }, prefix)) {
    const whose = owner === undefined ? 'that no export has written' : `of export "${owner}"`;
    throw new BranchlineError('BL9002', `s3://${bucket}/${prefix} holds objects ${whose}, such as ${key}`);
  }
};

const ownerOf = (marker: string): string | undefined => {
  try {
    const said: unknown = JSON.parse(marker);
    return typeof said === 'object' && said !== null && 'export' in said ? String(said.export) : undefined;
  } catch {
    return undefined;
  }
};

/** From phase to phase; each ends with an entry in the ledger. */
const goOn = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  order: Order,
): Promise<WorkOutcome> => {
  for (;;) {
    const { run } = writer.record;
    if (run === undefined) return 'exported';
    if (ports.clock.now() >= order.until) return 'unfinished';
    if (run.phase === 'map') {
      const outcome = await followMap(ports, writer, config, run, order.until);
      if (outcome !== 'done') return outcome;
      const phase = config.delete && run.kept > 0 ? 'remove' : 'seal';
      await writer.save((record) => ({ ...record, run: { ...run, phase } }));
      continue;
    }
    if (run.phase !== 'seal') {
      const done = await pass(ports, writer, config, run, order);
      if (!done) return 'unfinished';
      continue;
    }
    const manifest = await seal(ports, config, run);
    await writer.save((record) => finished(record, run, ports.clock.now(), manifest));
  }
};

/**
 * Brings a destination to what a target or a tag holds. What leads here is only a wake-up: the ledger says how far the work is.
 * Interrupted anywhere, the next call goes on, and a consumer never finds the marker beside a half-done export.
 */
import type { ExportConfig } from '../contract.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { CHUNK_OBJECTS, type ExportRecord, type ExportRun, finished, MARKER, nextRun } from '../domain/export.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ExportPorts } from '../export-ports.ts';
import { copyChunk, type ExportCopy } from './export-copy.ts';
import { seal } from './export-seal.ts';
import { type ExportStep, stepsOf } from './export-source.ts';
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
    /** Recorded with its cause; the next wake-up tries again. */
    | 'failed';
  readonly record?: ExportRecord;
}

export const exportNamed = async (ports: ExportPorts, name: string): Promise<ExportConfig> => {
  const { exports = [] } = await ports.config.load();
  const found = exports.find((each) => each.name === name);
  if (found !== undefined) return found;
  const known = exports.map((each) => each.name).join(', ');
  throw new BranchlineError('BL9001', `no export "${name}"; configured are: ${known === '' ? 'none' : known}`);
};

/** The commit that is to be exported. @throws BL3004 for a tag that is not there. */
export const commitToExport = async (ports: ExportPorts, config: ExportConfig): Promise<string | undefined> => {
  const { repository, target, tag } = config;
  if (target !== undefined) return (await ports.ledger.getTarget(repository, target))?.verifiedCommit;
  for await (const { id } of ports.lakefs.log(repository, tag ?? '', { limit: 1 })) return id;
  return undefined;
};

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

type WorkOutcome = 'exported' | 'up-to-date' | 'unfinished' | 'failed';

/** What a person or the platform has to mend ends in the ledger, with its cause; anything else is thrown, and comes back. */
const recorded = async (
  ports: ExportPorts,
  writer: ExportWriter,
  act: () => Promise<WorkOutcome>,
): Promise<WorkOutcome> => {
  try {
    return await act();
  } catch (error) {
    if (!isBranchlineError(error, 'BL4002', 'BL9002', 'BL9003', 'BL9004')) throw error;
    const { code, message } = error;
    ports.log.error('export failed', { export: writer.record.name, code, reason: message });
    const since = writer.record.failure?.since ?? ports.clock.now();
    await writer.save((record) => ({ ...record, failure: { code, message, since } }));
    return 'failed';
  }
};

interface Order {
  readonly compare: boolean;
  readonly adopt?: boolean | undefined;
  readonly until: EpochMs;
  readonly size: number;
}

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
  if (run.id !== writer.record.run?.id) {
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
    if (run.phase === 'copy' || run.phase === 'remove') {
      const done = await pass(ports, writer, config, run, order);
      if (!done) return 'unfinished';
      continue;
    }
    const manifest = await seal(ports, config, run);
    await writer.save((record) => finished(record, run, ports.clock.now(), manifest));
  }
};

/** One pass over the steps: what is to be copied, then what is to be removed, so that no file is missing in between. */
const pass = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  start: ExportRun,
  { until, size }: Order,
): Promise<boolean> => {
  let run = start;
  let chunk: ExportStep[] = [];
  let passedOver = 0;
  const flush = async (next?: Partial<ExportRun>): Promise<void> => {
    const last = chunk.at(-1);
    if (last !== undefined || passedOver > 0) run = await open(ports, writer, config, run);
    const change = run.phase === 'copy' ? await copied(ports, config, run, chunk) : await removed(ports, config, chunk);
    run = add(run, { ...change, ...(run.phase === 'copy' ? { kept: passedOver } : {}) });
    run = { ...run, ...(last === undefined ? {} : { cursor: last.at }), ...next };
    if (next?.phase !== undefined) run = withoutCursor(run);
    chunk = [];
    passedOver = 0;
    const saved = run;
    await writer.save((record) => ({ ...record, run: saved }));
  };
  const wanted = run.phase === 'copy' ? 'copy' : 'remove';
  for await (const step of stepsOf(ports, config, run, wanted)) {
    if (step.does === wanted) chunk.push(step);
    // Counted once, in the pass of the copies.
    else if (step.does === 'remove') passedOver += 1;
    if (chunk.length < size) continue;
    await flush();
    if (ports.clock.now() >= until) return false;
  }
  // `kept` is what has left the lake; a removal takes it down again.
  const isRemoving = run.phase === 'copy' && config.delete && run.kept + passedOver > 0;
  if (run.opened === undefined && run.mode === 'follow' && chunk.length === 0 && passedOver === 0) {
    // Nothing in scope differs: the marker stays, and what it says of the content stays true.
    const untouched = run;
    await writer.save((record) => finished(record, untouched, ports.clock.now(), record.last?.manifest));
    return true;
  }
  await flush({ phase: isRemoving ? 'remove' : 'seal' });
  return true;
};

const withoutCursor = ({ cursor: _, ...run }: ExportRun): ExportRun => run;

const add = (run: ExportRun, change: Partial<Pick<ExportRun, 'copied' | 'removed' | 'kept' | 'bytes' | 'parts'>>) => ({
  ...run,
  copied: run.copied + (change.copied ?? 0),
  removed: run.removed + (change.removed ?? 0),
  kept: run.kept + (change.kept ?? 0),
  bytes: run.bytes + (change.bytes ?? 0),
  parts: run.parts + (change.parts ?? 0),
});

/** Something is about to change at the destination: from here on it has no marker. */
const open = async (
  { destination }: ExportPorts,
  writer: ExportWriter,
  { bucket, prefix }: ExportConfig,
  run: ExportRun,
): Promise<ExportRun> => {
  if (run.opened === true) return run;
  await destination.remove({ bucket }, [`${prefix}${MARKER}`]);
  const opened = { ...run, opened: true as const };
  await writer.save((record) => ({ ...record, run: opened }));
  return opened;
};

const copied = async (
  ports: ExportPorts,
  config: ExportConfig,
  run: ExportRun,
  chunk: readonly ExportStep[],
): Promise<Partial<ExportRun>> => {
  const copies = chunk.flatMap((step): ExportCopy[] =>
    step.does === 'copy' ? [{ key: step.key, source: step.source }] : [],
  );
  if (copies.length === 0) return {};
  await copyChunk(ports, config, { run: run.id, part: run.parts, copies });
  const bytes = copies.reduce((sum, { source }) => sum + source.sizeBytes, 0);
  return { copied: copies.length, bytes, parts: 1 };
};

const removed = async (
  { destination }: ExportPorts,
  { bucket, prefix }: ExportConfig,
  chunk: readonly ExportStep[],
): Promise<Partial<ExportRun>> => {
  if (chunk.length === 0) return {};
  await destination.remove(
    { bucket },
    chunk.map(({ key }) => `${prefix}${key}`),
  );
  return { removed: chunk.length, kept: -chunk.length };
};

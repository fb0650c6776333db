/** One pass of an export over what is to be done: what is copied or planned, then what is removed, with the ledger written in between. */
import type { ExportConfig } from '../contract.ts';
import { type ExportRun, finished, MARKER, PLANNED_BYTES } from '../domain/export.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ExportPorts } from '../export-ports.ts';
import { copyChunk, type ExportCopy } from './export-copy.ts';
import { isLarge, planChunk } from './export-map.ts';
import { type ExportStep, stepsOf } from './export-source.ts';
import type { ExportWriter } from './export-writer.ts';

export interface Order {
  readonly compare: boolean;
  readonly adopt?: boolean | undefined;
  readonly until: EpochMs;
  /** Objects that are copied between two entries in the ledger. */
  readonly size: number;
}

/** One pass over the steps: what is to be copied, then what is to be removed, so that no file is missing in between. */
export const pass = async (
  ports: ExportPorts,
  writer: ExportWriter,
  config: ExportConfig,
  start: ExportRun,
  { until, size }: Order,
): Promise<boolean> => {
  let run: ExportRun = start.phase === 'copy' && isLarge(config, start) ? { ...start, phase: 'plan' } : start;
  let chunk: ExportStep[] = [];
  let bytes = 0;
  let passedOver = 0;
  const flush = async (next?: ExportRun['phase']): Promise<void> => {
    const last = chunk.at(-1);
    if (last !== undefined || passedOver > 0) run = await open(ports, writer, config, run);
    const change =
      run.phase === 'remove' ? await removed(ports, config, chunk) : await copied(ports, config, run, chunk);
    run = add(run, { ...change, ...(run.phase === 'remove' ? {} : { kept: passedOver }) });
    run = { ...run, ...(last === undefined ? {} : { cursor: last.at }) };
    if (next !== undefined) run = { ...withoutCursor(run), phase: next };
    else if (run.phase === 'copy' && isLarge(config, run)) run = { ...run, phase: 'plan' };
    chunk = [];
    bytes = 0;
    passedOver = 0;
    const saved = run;
    await writer.save((record) => ({ ...record, run: saved }));
  };
  const isFull = (): boolean =>
    run.phase === 'plan'
      ? chunk.length >= (config.scale?.chunkObjects ?? size) || bytes >= PLANNED_BYTES
      : chunk.length >= size;
  const wanted = run.phase === 'remove' ? 'remove' : 'copy';
  for await (const step of stepsOf(ports, config, run, wanted)) {
    if (step.does === wanted) chunk.push(step);
    // Counted once, in the pass of the copies.
    else if (step.does === 'remove') passedOver += 1;
    bytes += step.does === 'copy' ? step.source.sizeBytes : 0;
    if (!isFull()) continue;
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
  await flush(run.phase === 'plan' ? 'map' : isRemoving ? 'remove' : 'seal');
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
  if (run.phase === 'plan') await planChunk(ports, config, run, copies);
  else await copyChunk(ports, config, { run: run.id, part: run.parts, copies });
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

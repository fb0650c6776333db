/**
 * One chunk of an export that many workers copy. It lies in S3 until the part of the manifest that it becomes is written; what a try did
 * not get done lies beside it, so that the next one copies that alone.
 */
import * as z from 'zod/mini';
import { BranchlineError } from '../domain/errors.ts';
import { digestOfExport, leftKey, partKey, partOfTodo, todoKey } from '../domain/export.ts';
import type { ExportPorts } from '../export-ports.ts';
import { copyAll, type ExportCopy, type LeftCopy, notCopied, placeOfExport, writePart } from './export-copy.ts';
import { exportNamed } from './export-named.ts';

export interface ChunkOrder {
  readonly export: string;
  readonly run: string;
  /** Of the chunk, in the destination's bucket. */
  readonly key: string;
  /** No copy is begun after that. */
  readonly until: number;
}

export interface ChunkAnswer {
  readonly outcome:
    | 'copied'
    /** By somebody before us. */
    | 'already-copied'
    /** The run is over, was replaced, or is still planned: nothing is done. */
    | 'stale';
  readonly copied: number;
}

const chunk = z.object({
  copies: z.array(
    z.object({
      key: z.string(),
      source: z.object({ address: z.string(), sizeBytes: z.number(), checksum: z.string() }),
    }),
  ),
});
const leftovers = z.object({ left: z.array(z.object({ key: z.string(), reason: z.string() })) });

type WorkerPorts = Pick<ExportPorts, 'config' | 'exports' | 'destination' | 'clock'>;

export const writeTodo = (copies: readonly ExportCopy[]): string => JSON.stringify({ copies });
export const readLeft = (text: string): readonly LeftCopy[] => leftovers.parse(JSON.parse(text)).left;

/** @throws BL9003 naming what could not be copied, BL8111 where the time was up: both after noting what is left. */
export const copyPlanned = async (ports: WorkerPorts, order: ChunkOrder): Promise<ChunkAnswer> => {
  const { destination, clock } = ports;
  const config = await exportNamed(ports, order.export);
  const record = await ports.exports.get(order.export);
  const run = record?.run;
  // While it is planned, a chunk may be written anew with other copies; when all were copied, nobody needs it.
  const isCurrent = run?.id === order.run && run.digest === digestOfExport(config) && run.phase === 'map';
  if (!isCurrent) return { outcome: 'stale', copied: 0 };
  const { prefix } = config;
  const part = partOfTodo(order.run, order.key.slice(prefix.length));
  if (part === undefined || !order.key.startsWith(prefix))
    throw new BranchlineError('BL1001', `key: found "${order.key}", expected a chunk of run ${order.run}`);
  const place = placeOfExport(config);
  const todo = await destination.get(place, order.key);
  if (todo === undefined) {
    if ((await destination.get(place, `${prefix}${partKey(order.run, part)}`)) !== undefined)
      return { outcome: 'already-copied', copied: 0 };
    throw new BranchlineError(
      'BL9004',
      `s3://${config.bucket}/${order.key} is not there, nor the part it should become`,
    );
  }
  const { copies } = chunk.parse(JSON.parse(todo));
  const noted = await destination.get(place, `${prefix}${leftKey(order.run, part)}`);
  const still = noted === undefined ? undefined : new Set(readLeft(noted).map(({ key }) => key));
  const wanted = still === undefined ? copies : copies.filter(({ key }) => still.has(key));
  const { left, fault } = await copyAll(ports, config, wanted, () => clock.now() < order.until);
  if (left.length > 0) {
    await destination.put(place, `${prefix}${leftKey(order.run, part)}`, JSON.stringify({ left }));
    if (fault !== undefined) throw fault;
    if (clock.now() < order.until) throw notCopied(left, copies.length);
    throw new BranchlineError(
      'BL8111',
      `${String(left.length)} of ${String(copies.length)} objects are still to be copied`,
    );
  }
  await writePart(ports, config, { run: order.run, part, copies });
  await destination.remove(place, [`${prefix}${todoKey(order.run, part)}`, `${prefix}${leftKey(order.run, part)}`]);
  return { outcome: 'copied', copied: wanted.length };
};

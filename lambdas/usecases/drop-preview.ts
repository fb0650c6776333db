/**
 * Removes previews: when a person says so, and by themselves when their time is over. The database goes first, so that no reader
 * finds partitions whose manifests are gone and takes them for empty. Safe to repeat from wherever it stopped.
 */
import type { PreviewPorts } from '../catalog-ports.ts';
import { isExpired, PREVIEW_STATE, type Preview } from '../domain/catalog/preview.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { takePreview } from './preview-entry.ts';

export interface DropAnswer {
  readonly outcome: 'dropped' | 'already-dropped' | 'busy' | 'unfinished' | 'would-drop';
  readonly preview: Preview;
}

export const dropPreview = async (
  ports: PreviewPorts,
  request: { readonly name: string; readonly dryRun?: boolean | undefined },
  until: EpochMs,
): Promise<DropAnswer> => {
  const preview = await ports.previews.get(request.name);
  if (preview === undefined) throw new BranchlineError('BL7007', `there is no preview "${request.name}"`);
  if (preview.state === PREVIEW_STATE.DROPPED) return { outcome: 'already-dropped', preview };
  return request.dryRun === true ? { outcome: 'would-drop', preview } : drop(ports, preview, until);
};

const drop = async (ports: PreviewPorts, preview: Preview, until: EpochMs): Promise<DropAnswer> => {
  const { lease: _, ...fields } = preview;
  const writer = await takePreview(ports, preview, { ...fields, state: PREVIEW_STATE.DROPPING });
  if (writer === undefined) return { outcome: 'busy', preview };
  await ports.catalog.removeDatabase(preview.database);
  const manifests = ports.previewManifests(preview.name);
  for await (const { key } of manifests.list('')) {
    if (ports.clock.now() >= until) return { outcome: 'unfinished', preview: await writer.settle({}) };
    await manifests.remove(key);
  }
  return { outcome: 'dropped', preview: await writer.settle({ state: PREVIEW_STATE.DROPPED }) };
};

export interface PreviewSweep {
  readonly dropped: number;
  readonly failures: number;
  readonly complete: boolean;
}

/** What has expired, and what a removal that died has left. One that cannot go must not keep the others. */
export const sweepPreviews = async (ports: PreviewPorts, until: EpochMs): Promise<PreviewSweep> => {
  let dropped = 0;
  let failures = 0;
  for await (const preview of ports.previews.list()) {
    if (ports.clock.now() >= until) return { dropped, failures, complete: false };
    if (!isExpired(preview, ports.clock.now())) continue;
    try {
      const { outcome } = await drop(ports, preview, until);
      if (outcome === 'dropped') dropped += 1;
    } catch (error) {
      if (!isBranchlineError(error)) throw error;
      failures += 1;
      ports.log.error('preview could not be removed', { preview: preview.name, reason: error.message });
    }
  }
  return { dropped, failures, complete: true };
};

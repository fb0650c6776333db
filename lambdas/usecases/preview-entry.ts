/** The ledger's entry of a preview, and the right to make or remove it while it is held. */
import type { PreviewPorts } from '../catalog-ports.ts';
import { PREVIEW_LEASE_MS, type Preview } from '../domain/catalog/preview.ts';
import { BranchlineError } from '../domain/errors.ts';

export type PreviewFields = Omit<Preview, 'version' | 'updatedAt' | 'lease'>;

export interface PreviewWriter {
  readonly entry: Preview;
  /** Writes and gives the right back. @throws BL4003 where somebody else took it meanwhile. */
  settle(changes: Partial<Preview>): Promise<Preview>;
}

/** @returns `undefined` while somebody else holds it, or was quicker. */
export const takePreview = async (
  ports: PreviewPorts,
  found: Preview | undefined,
  next: PreviewFields,
): Promise<PreviewWriter | undefined> => {
  const now = ports.clock.now();
  if (found?.lease !== undefined && found.lease.expiresAt > now) return undefined;
  const entry: Preview = {
    ...next,
    version: (found?.version ?? 0) + 1,
    updatedAt: now,
    lease: { owner: ports.ids.owner(), expiresAt: now + PREVIEW_LEASE_MS },
  };
  if ((await ports.previews.put(entry)).outcome === 'stale') return undefined;
  return {
    entry,
    async settle(changes) {
      const { lease: _, ...rest } = entry;
      const settled = { ...rest, ...changes, version: entry.version + 1, updatedAt: ports.clock.now() };
      if ((await ports.previews.put(settled)).outcome === 'written') return settled;
      throw new BranchlineError('BL4003', `preview ${entry.name} is being changed by another call`);
    },
  };
};

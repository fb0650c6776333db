/** The right to write to a destination, and the ledger's entry while it is held. One writer at a time. */
import { SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { EXPORT_LEASE_MS, type ExportRecord } from '../domain/export.ts';
import type { ExportPorts } from '../export-ports.ts';

export interface ExportWriter {
  readonly record: ExportRecord;
  /** @throws BL4003 where somebody else took the right meanwhile. */
  save(change: (record: ExportRecord) => ExportRecord): Promise<void>;
  release(): Promise<void>;
}

/** @returns `undefined` while somebody else holds it. */
export const takeExport = async (ports: ExportPorts, name: string): Promise<ExportWriter | undefined> => {
  const now = ports.clock.now();
  const found = await ports.exports.get(name);
  if (found?.lease !== undefined && found.lease.expiresAt > now) return undefined;
  let record: ExportRecord = {
    ...(found ?? { schemaVersion: SCHEMA_VERSION, version: 0, name, sequence: 0 }),
    version: (found?.version ?? 0) + 1,
    lease: { owner: ports.ids.owner(), expiresAt: now + EXPORT_LEASE_MS },
    updatedAt: now,
  };
  if ((await ports.exports.put(record)).outcome === 'stale') return undefined;

  const save = async (change: (record: ExportRecord) => ExportRecord): Promise<void> => {
    const next = { ...change(record), version: record.version + 1, updatedAt: ports.clock.now() };
    if ((await ports.exports.put(next)).outcome === 'stale') {
      throw new BranchlineError('BL4003', `somebody else works at export "${name}" now`);
    }
    record = next;
  };
  return {
    get record() {
      return record;
    },
    save,
    release: () => save(({ lease: _, ...rest }) => rest),
  };
};

/** The end of an export: its manifest, and then the marker, by which consumers know that the destination is whole. */
import { type ExportConfig, SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { type ExportRun, MARKER, manifestKey, partKey, partPrefix, redshiftKey } from '../domain/export.ts';
import type { ExportPorts } from '../export-ports.ts';
import { placeOfExport } from './export-copy.ts';

/** @returns where the manifest lies. @throws BL9004 where a part of it is missing: some chunk was never copied. */
export const seal = async (ports: ExportPorts, config: ExportConfig, run: ExportRun): Promise<string> => {
  const { destination, clock } = ports;
  const { bucket, prefix, name, repository } = config;
  const place = placeOfExport(config);
  const uri = (key: string): string => `s3://${bucket}/${prefix}${key}`;
  const parts = Array.from({ length: run.parts }, (_, part) => partKey(run.id, part));
  const there = new Set<string>();
  if (run.parts > 0) {
    for await (const { key } of destination.list(place, `${prefix}${partPrefix(run.id)}`)) there.add(key);
  }
  const missing = parts.filter((part) => !there.has(`${prefix}${part}`));
  if (missing.length > 0) {
    const some = missing.slice(0, 5).join(', ');
    throw new BranchlineError('BL9004', `${String(missing.length)} of ${String(run.parts)} parts are missing: ${some}`);
  }
  const manifest = {
    ...{ schemaVersion: SCHEMA_VERSION, export: name, repository, ref: config.target ?? config.tag },
    ...{ id: run.id, mode: run.mode, from: run.from, commit: run.to },
    ...{ copied: run.copied, removed: run.removed, kept: run.kept, bytes: run.bytes },
    endedAt: new Date(clock.now()).toISOString(),
    parts: parts.map(uri),
    redshift: parts.map((_, part) => uri(redshiftKey(run.id, part))),
  };
  await destination.put(place, `${prefix}${manifestKey(run.id)}`, `${JSON.stringify(manifest, null, 2)}\n`);
  const marker = { export: name, repository, commit: run.to, manifest: uri(manifestKey(run.id)) };
  await destination.put(place, `${prefix}${MARKER}`, `${JSON.stringify(marker)}\n`);
  return uri(manifestKey(run.id));
};

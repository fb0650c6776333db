/** What operators, pipelines and schedules ask of exports. */
import type { ExportPorts } from '../export-ports.ts';
import type { ExportRequest } from '../payloads.ts';
import {
  type ExportStatus,
  listExports,
  type PlanAnswer,
  planExport,
  type VerifyAnswer,
  verifyExport,
} from './look-at-export.ts';
import { type RunExportAnswer, runExport } from './run-export.ts';
import { goOnLater } from './run-exports.ts';

export type ExportAnswer =
  | RunExportAnswer
  | PlanAnswer
  | VerifyAnswer
  | { readonly outcome: 'listed'; readonly exports: readonly ExportStatus[] };

/** @throws BL9001 for an export that is not configured. */
export const exportOf = async (ports: ExportPorts, request: ExportRequest, until: number): Promise<ExportAnswer> => {
  if (request.action === 'list') return { outcome: 'listed', exports: await listExports(ports) };
  const { export: name } = request;
  if (request.action === 'verify') return verifyExport(ports, { name, until });
  const { compare = false, adopt = false, dryRun = false } = request;
  if (dryRun) return planExport(ports, { name, compare, until });
  const done = await runExport(ports, { name, compare, adopt, until });
  await goOnLater(ports, name, done);
  return done;
};

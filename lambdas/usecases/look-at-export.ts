/** What an export would do, whether its destination still is what the ledger says, and how all of them stand. Changes nothing. */
import type { ExportConfig } from '../contract.ts';
import { type ExportRecord, type ExportRun, nextRun } from '../domain/export.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ExportPorts } from '../export-ports.ts';
import { commitToExport, exportNamed } from './export-named.ts';
import { stepsOf } from './export-source.ts';

const EXAMPLES = 20;

/** What was found, with some of it by name. Keys are relative to the destination. */
export interface ExportFindings {
  readonly commit: string;
  readonly missing: number;
  readonly different: number;
  /** At the destination and not in the lake. */
  readonly surplus: number;
  /** Of what is missing or different. */
  readonly bytes: number;
  readonly examples: readonly string[];
  /** False where the time was up: there may be more. */
  readonly complete: boolean;
}

const look = async (
  ports: ExportPorts,
  config: ExportConfig,
  run: ExportRun,
  until: EpochMs,
): Promise<ExportFindings> => {
  const found = { missing: 0, different: 0, surplus: 0, bytes: 0 };
  const examples: string[] = [];
  const say = (what: string): void => {
    if (examples.length < EXAMPLES) examples.push(what);
  };
  let complete = true;
  for await (const step of stepsOf(ports, config, run)) {
    if (step.does === 'remove') {
      found.surplus += 1;
      say(`surplus ${step.key}`);
    } else {
      found[step.because === 'different' ? 'different' : 'missing'] += 1;
      found.bytes += step.source.sizeBytes;
      say(`${step.because} ${step.key}`);
    }
    if (ports.clock.now() < until) continue;
    complete = false;
    break;
  }
  return { commit: run.to, ...found, examples, complete };
};

const emptyRecord = (name: string): ExportRecord => ({
  ...{ schemaVersion: 1, version: 0, name, sequence: 0, updatedAt: 0 },
});

export type PlanAnswer =
  | ({ readonly outcome: 'would-export'; readonly mode: ExportRun['mode'] } & ExportFindings)
  | { readonly outcome: 'up-to-date' | 'nothing-to-export' };

export const planExport = async (
  ports: ExportPorts,
  { name, compare, until }: { readonly name: string; readonly compare: boolean; readonly until: EpochMs },
): Promise<PlanAnswer> => {
  const config = await exportNamed(ports, name);
  const commit = await commitToExport(ports, config);
  if (commit === undefined) return { outcome: 'nothing-to-export' };
  const record = (await ports.exports.get(name)) ?? emptyRecord(name);
  const run = nextRun(config, record, commit, { compare, now: ports.clock.now() });
  if (run === undefined) return { outcome: 'up-to-date' };
  return { outcome: 'would-export', mode: run.mode, ...(await look(ports, config, run, until)) };
};

export type VerifyAnswer =
  | ({ readonly outcome: 'whole' | 'drifted' } & ExportFindings)
  /** Nothing to hold the destination against; or a run is under way. */
  | { readonly outcome: 'never-exported' | 'running' };

/** Everything that lies at the destination against the commit that the ledger says it holds. */
export const verifyExport = async (
  ports: ExportPorts,
  { name, until }: { readonly name: string; readonly until: EpochMs },
): Promise<VerifyAnswer> => {
  const config = await exportNamed(ports, name);
  const record = await ports.exports.get(name);
  if (record?.run !== undefined) return { outcome: 'running' };
  if (record?.commit === undefined) return { outcome: 'never-exported' };
  const run = nextRun(config, record, record.commit, { compare: true, now: ports.clock.now() });
  if (run === undefined) return { outcome: 'never-exported' };
  const findings = await look(ports, config, run, until);
  // What an export without `delete` left behind on purpose is no drift.
  const isWhole = findings.missing + findings.different + (config.delete ? findings.surplus : 0) === 0;
  return { outcome: isWhole ? 'whole' : 'drifted', ...findings };
};

export interface ExportStatus {
  readonly name: string;
  readonly repository: string;
  readonly ref: string;
  readonly destination: string;
  readonly trigger: ExportConfig['trigger'];
  readonly state: 'up-to-date' | 'behind' | 'running' | 'failed' | 'never-exported';
  /** What is to be exported now. */
  readonly commit?: string;
  readonly record?: ExportRecord;
}

const stateOf = (
  config: ExportConfig,
  record: ExportRecord | undefined,
  commit: string | undefined,
): ExportStatus['state'] => {
  if (record?.failure !== undefined) return 'failed';
  if (record?.run !== undefined) return 'running';
  if (record?.commit === undefined) return 'never-exported';
  return commit !== undefined && nextRun(config, record, commit, { compare: false, now: 0 }) !== undefined
    ? 'behind'
    : 'up-to-date';
};

export const listExports = async (ports: ExportPorts): Promise<readonly ExportStatus[]> => {
  const { exports = [] } = await ports.config.load();
  const found: ExportStatus[] = [];
  for (const config of exports) {
    const record = await ports.exports.get(config.name);
    // A tag that is not there yet must not hide the other exports.
    const commit = await commitToExport(ports, config).catch(() => undefined);
    found.push({
      ...{ name: config.name, repository: config.repository, ref: config.target ?? config.tag ?? '' },
      ...{ destination: `s3://${config.bucket}/${config.prefix}`, trigger: config.trigger },
      state: stateOf(config, record, commit),
      ...(commit === undefined ? {} : { commit }),
      ...(record === undefined ? {} : { record }),
    });
  }
  return found;
};

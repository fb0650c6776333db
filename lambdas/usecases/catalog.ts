/** What people and pipelines ask about what readers see, and have put right. Requests: `catalogRequest` in payloads.ts. */
import type { PreviewPorts } from '../catalog-ports.ts';
import type { Preview } from '../domain/catalog/preview.ts';
import type { EpochMs } from '../domain/run.ts';
import type { CatalogRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { type AtAnswer, type AtPorts, tablesAt } from './catalog-at.ts';
import {
  type LeftTable,
  leftIn,
  type RefusedDescription,
  refusedIn,
  statusOf,
  type TableStatus,
} from './catalog-status.ts';
import { type SwitchAnswer, switchTables } from './catalog-switch.ts';
import { type ChosenTarget, chosenTargets } from './catalog-tables.ts';
import { type TableVerification, type VerifyPorts, verifyTables } from './catalog-verify.ts';
import { askComparison, wakeBehind } from './catalog-wake.ts';
import { verifyHead, type WatchReport, watchHeads } from './catalog-watch.ts';
import { type DropAnswer, dropPreview, type PreviewSweep, sweepPreviews } from './drop-preview.ts';
import { makePreview, type PreviewAnswer } from './make-preview.ts';

export type AskPorts = VerifyPorts & PreviewPorts & AtPorts & Ports;

export interface StatusAnswer {
  readonly tables: readonly TableStatus[];
  /** Where no single table is asked about. */
  readonly refused?: readonly RefusedDescription[];
  readonly left?: readonly LeftTable[];
}

export interface WakeAnswer {
  readonly outcome: 'woken' | 'up-to-date' | 'would-wake';
  readonly askedAt: EpochMs;
  /** As they are before the refresh. */
  readonly tables: readonly TableStatus[];
}

export interface VerifyAnswer {
  readonly outcome: 'right' | 'different' | 'busy' | 'unfinished';
  readonly verified: readonly TableVerification[];
}

export interface RepairAnswer {
  readonly outcome: 'asked' | 'would-repair';
  /** A table is repaired when it was compared at that time or later. */
  readonly askedAt: EpochMs;
  readonly tables: readonly TableStatus[];
}

export interface PreviewsAnswer {
  readonly previews: readonly Preview[];
}

export type CatalogAnswer =
  | StatusAnswer
  | WakeAnswer
  | VerifyAnswer
  | RepairAnswer
  | PreviewAnswer
  | AtAnswer
  | SwitchAnswer
  | PreviewsAnswer
  | DropAnswer
  | PreviewSweep
  | WatchAnswer;

export interface WatchAnswer extends WatchReport {
  readonly outcome: 'watched';
}

/** @param until no table is begun after that. */
export const catalog = async (
  ports: AskPorts,
  request: CatalogRequest,
  until: EpochMs = Number.POSITIVE_INFINITY,
): Promise<CatalogAnswer> => {
  switch (request.action) {
    case 'preview':
      return makePreview(ports, request, until);
    case 'at':
      return tablesAt(ports, request);
    case 'switch':
      return switchTables(ports, request);
    case 'previews':
      return { previews: await Array.fromAsync(ports.previews.list()) };
    case 'drop-preview':
      return dropPreview(ports, request, until);
    case 'sweep-previews':
      return sweepPreviews(ports, until);
    default:
      return askAboutTables(ports, request, until);
  }
};

type TableRequest = Extract<CatalogRequest, { action: 'status' | 'refresh' | 'verify' | 'repair' | 'watch' }>;

const askAboutTables = async (
  ports: AskPorts,
  request: TableRequest,
  until: EpochMs,
): Promise<StatusAnswer | WakeAnswer | VerifyAnswer | RepairAnswer | WatchAnswer> => {
  const now = ports.clock.now();
  const chosen = await chosenTargets(ports, request);
  switch (request.action) {
    case 'status':
      return { tables: allStatus(ports, chosen), ...(request.table === undefined ? othersIn(chosen) : {}) };
    case 'refresh': {
      const isTrial = request.dryRun === true;
      const looked = isTrial ? chosen : await withVerifiedHeads(ports, chosen);
      const behind = await wakeBehind(ports, looked, isTrial);
      const outcome = behind.length === 0 ? 'up-to-date' : isTrial ? 'would-wake' : 'woken';
      return { outcome, askedAt: now, tables: allStatus(ports, looked) };
    }
    case 'watch': {
      const stop = Math.min(until, now + request.forSeconds * 1000);
      return {
        outcome: 'watched',
        ...(await watchHeads(ports, chosen, { everyMs: request.everySeconds * 1000, until: stop })),
      };
    }
    case 'verify': {
      const verified: TableVerification[] = [];
      for (const each of chosen) verified.push(...(await verifyTables(ports, each, until)));
      return { outcome: worstOf(verified), verified };
    }
    case 'repair': {
      const tables = allStatus(ports, chosen);
      if (request.dryRun === true) return { outcome: 'would-repair', askedAt: now, tables };
      const asked: EpochMs[] = [];
      for (const each of chosen) asked.push(await askComparison(ports, each));
      return { outcome: 'asked', askedAt: Math.min(now, ...asked), tables };
    }
  }
};

/** What a person merged a moment ago is verified first, or there would be nothing new to show. */
const withVerifiedHeads = async (
  ports: AskPorts,
  chosen: readonly ChosenTarget[],
): Promise<readonly ChosenTarget[]> => {
  const looked: ChosenTarget[] = [];
  for (const each of chosen) looked.push({ ...each, target: await verifyHead(ports, each.target) });
  return looked;
};

const allStatus = (ports: AskPorts, chosen: readonly ChosenTarget[]): readonly TableStatus[] =>
  chosen.flatMap((each) => statusOf(each, ports.clock.now()));

const othersIn = (chosen: readonly ChosenTarget[]): Pick<StatusAnswer, 'refused' | 'left'> => {
  const [refused, left] = [chosen.flatMap(refusedIn), chosen.flatMap(leftIn)];
  return { ...(refused.length === 0 ? {} : { refused }), ...(left.length === 0 ? {} : { left }) };
};

/** What is wrong weighs more than what is not known. */
const worstOf = (verified: readonly TableVerification[]): VerifyAnswer['outcome'] => {
  const outcomes = new Set(verified.map(({ outcome }) => outcome));
  for (const outcome of ['different', 'unfinished', 'busy'] as const) if (outcomes.has(outcome)) return outcome;
  return 'right';
};

/** How words of the command line are read. What cannot be read is told with what is allowed. */
import { InvalidArgumentError } from 'commander';
import { parseRunKey, RUN_STATE, type RunState } from '../lambdas/domain/run.ts';
import { RUN_ID_PATTERN } from '../lambdas/payloads.ts';
import { Failure } from './failure.ts';

const STATES = Object.values(RUN_STATE);
const isState = (text: string): text is RunState => (STATES as readonly string[]).includes(text);

/** `--state CONFLICTED,rejected --state open` */
export const collectStates = (text: string, before: readonly RunState[] = []): readonly RunState[] => {
  const states = text.split(',').map((each) => each.trim().toUpperCase());
  for (const state of states)
    if (!isState(state)) throw new InvalidArgumentError(`"${state}" is no state; allowed: ${STATES.join(', ')}.`);
  return [...before, ...states.filter(isState)];
};

const MAX_LIMIT = 1000;

export const parseLimit = (text: string): number => {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new InvalidArgumentError(`A whole number from 1 to ${String(MAX_LIMIT)}.`);
};

export const parseAttempt = (text: string): number => {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A whole number; the first attempt is 0.');
};

export const parseRunId = (text: string): string => {
  if (RUN_ID_PATTERN.test(text)) return text;
  throw new InvalidArgumentError('Letters, digits, _ and -, at most 128, first a letter or digit.');
};

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `15m`, `6h`, `1d`: as in branchline.yaml. In milliseconds. */
export const parseDuration = (text: string): number => {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const factor = UNIT_MS[unit ?? ''];
  if (number !== undefined && factor !== undefined && Number(number) > 0) return Number(number) * factor;
  throw new InvalidArgumentError('A whole number and s, m, h or d, such as 15m.');
};

/** `--arg day=2026-11-24` and `--arg --day=2026-11-24` mean the same: Glue wants the dashes, shells are easier without. */
export const collectArguments = (
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => {
  const at = text.indexOf('=');
  const name = at < 0 ? '' : text.slice(0, at).replace(/^--/, '');
  if (name === '') throw new InvalidArgumentError('NAME=VALUE, such as day=2026-11-24.');
  return { ...before, [`--${name}`]: text.slice(at + 1) };
};

export interface RunChoice {
  readonly runId: string;
  /** Absent where the command line names none. */
  readonly attempt?: number;
}

/** `RUN` or `RUN#N`, as lists show it, and `--attempt N`. */
export const runChoice = (text: string, option: number | undefined): RunChoice => {
  const { runId, attempt } = parseRunKey(text);
  const isKey = text.includes('#');
  if (!RUN_ID_PATTERN.test(runId) || (isKey && !Number.isInteger(attempt)))
    throw new Failure('BL6001', `"${text}" is no run: RUN or RUN#ATTEMPT, as \`branchline runs list\` shows them`);
  if (isKey && option !== undefined && option !== attempt)
    throw new Failure('BL6001', `"${text}" and --attempt ${String(option)} name two attempts`);
  const chosen = isKey ? attempt : option;
  return { runId, ...(chosen === undefined ? {} : { attempt: chosen }) };
};

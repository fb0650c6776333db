/** What somebody asked a function to do, or to tell what it would do: the ledger keeps it, whatever becomes of it. Pure. */
import { FUNCTION, type FunctionName, SCHEMA_VERSION } from '../contract.ts';
import type { Selection } from './erasure.ts';
import { digestOfSelection } from './erasure-record.ts';
import type { EpochMs } from './run.ts';

export interface RequestRecord {
  readonly schemaVersion: number;
  readonly version: number;
  readonly id: string;
  /** Name of the function without its prefix. */
  readonly function: string;
  readonly action: string;
  /** Nothing was to be changed. */
  readonly dryRun: boolean;
  /** What the caller said of itself; CloudTrail knows whose credentials it was. */
  readonly requestedBy: string;
  readonly reason?: string;
  readonly repository?: string;
  readonly target?: string;
  /** The rest of the request. */
  readonly asked: Readonly<Record<string, unknown>>;
  readonly startedAt: EpochMs;
  readonly updatedAt: EpochMs;
  readonly endedAt?: EpochMs;
  /** What was answered, or `failed`. Absent while it goes on, and where its function died. */
  readonly outcome?: string;
  readonly code?: string;
  readonly message?: string;
}

export type Asking = Pick<
  RequestRecord,
  'function' | 'action' | 'dryRun' | 'requestedBy' | 'reason' | 'repository' | 'target' | 'asked'
>;

/**
 * Actions that change something, or tell what they would. Rollbacks, restores and rotations have entries of their own, and so has every
 * run that is started. What only looks, and what schedules do, is not kept.
 */
export const RECORDED: Readonly<Partial<Record<FunctionName, readonly string[]>>> = {
  [FUNCTION.resolveRun]: [
    ...['promote', 'discard', 'retry', 'accept-target', 'revert-target'],
    ...['hold-target', 'release-target'],
  ],
  [FUNCTION.catalog]: ['refresh', 'repair', 'preview', 'switch', 'drop-preview'],
  // What is found damaged is no way back any more.
  [FUNCTION.snapshot]: ['create', 'verify', 'prune', 'hold', 'release'],
  [FUNCTION.collectGarbage]: ['plan', 'run', 'approve', 'discard'],
  [FUNCTION.erase]: ['plan', 'run', 'cancel'],
  [FUNCTION.export]: ['run'],
  [FUNCTION.drill]: ['run'],
  // What is found missing has not arrived any more.
  [FUNCTION.replication]: ['verify'],
};

/** Who asked where the caller said nothing. */
export const UNKNOWN = 'unknown';

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Said elsewhere in the record, or no news. */
const TOLD = ['action', 'dryRun', 'requestedBy', 'reason', 'repository', 'target', 'confirm'];
/** Larger than that nobody asks by hand; DynamoDB takes 400 KB and EventBridge 256 KB. */
const MAX_ASKED = 20_000;

/** No path of a person's is kept: what asks for one selection is told by its digest, which the erasure's entry has too. */
const withoutPaths = (request: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const { selection, replacements, ...rest } = request;
  return {
    ...rest,
    // Requests have been read by their schema.
    ...(selection === undefined ? {} : { selection: digestOfSelection(selection as Selection) }),
    ...(Array.isArray(replacements) ? { replacements: replacements.length } : {}),
  };
};

const askedOf = (name: FunctionName, request: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const safe = name === FUNCTION.erase ? withoutPaths(request) : request;
  const asked = Object.fromEntries(
    Object.entries(safe).filter(([key, value]) => value !== undefined && !TOLD.includes(key)),
  );
  return JSON.stringify(asked).length > MAX_ASKED ? { truncated: true } : asked;
};

/** `undefined` for what is not kept. */
export const askingOf = (name: FunctionName, request: object): Asking | undefined => {
  const fields = request as Readonly<Record<string, unknown>>;
  const action = textOf(fields['action']) ?? '';
  if (RECORDED[name]?.includes(action) !== true) return undefined;
  const [reason, repository, target] = [fields['reason'], fields['repository'], fields['target']].map(textOf);
  // Who holds a target is who asked for the hold; of a release `owner` is a condition.
  const holder = action === 'hold-target' ? textOf(fields['owner']) : undefined;
  return {
    function: name,
    action,
    dryRun: fields['dryRun'] === true || action === 'plan',
    requestedBy: textOf(fields['requestedBy']) ?? holder ?? UNKNOWN,
    ...(reason === undefined ? {} : { reason }),
    ...(repository === undefined ? {} : { repository }),
    ...(target === undefined ? {} : { target }),
    asked: askedOf(name, fields),
  };
};

export const newRequest = (asking: Asking, owner: string, now: EpochMs): RequestRecord => ({
  ...{ schemaVersion: SCHEMA_VERSION, version: 1, id: `${new Date(now).toISOString()}-${owner}` },
  ...{ ...asking, startedAt: now, updatedAt: now },
});

export const endedRequest = (
  record: RequestRecord,
  end: Required<Pick<RequestRecord, 'outcome'>> & Pick<RequestRecord, 'code' | 'message'>,
  now: EpochMs,
): RequestRecord => ({ ...record, ...end, version: record.version + 1, updatedAt: now, endedAt: now });

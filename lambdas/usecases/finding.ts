/** Findings of `doctor`. */
import { ERROR_CATALOG, isBranchlineError } from '../domain/errors.ts';
import type { Check } from '../payloads.ts';

export const ok = (name: string, message: string): Check => ({ name, status: 'ok', message });

export const warning = (name: string, message: string, remedy: string): Check => ({
  name,
  status: 'warning',
  message,
  remedy,
});

export const failed = (name: string, message: string, remedy: string): Check => ({
  name,
  status: 'failed',
  message,
  remedy,
});

/** What a look ended with. */
export const thrown = (name: string, error: unknown): Check => ({
  name,
  status: 'failed',
  message: error instanceof Error ? error.message : String(error),
  ...(isBranchlineError(error) ? { remedy: ERROR_CATALOG[error.code].remedy } : {}),
});

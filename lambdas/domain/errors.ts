import { AWS_ERRORS } from './error-catalog/aws.ts';
import { CATALOG_ERRORS } from './error-catalog/catalog.ts';
import { COMMAND_LINE_ERRORS } from './error-catalog/command-line.ts';
import { DRILL_ERRORS } from './error-catalog/drills.ts';
import type { ErrorEntry } from './error-catalog/entry.ts';
import { ERASURE_ERRORS } from './error-catalog/erasure.ts';
import { EXPORT_ERRORS } from './error-catalog/exports.ts';
import { GARBAGE_COLLECTION_ERRORS } from './error-catalog/garbage-collection.ts';
import { LAKEFS_ERRORS } from './error-catalog/lakefs.ts';
import { REPLICATION_ERRORS } from './error-catalog/replication.ts';
import { REQUEST_ERRORS } from './error-catalog/requests.ts';
import { RESTORE_ERRORS } from './error-catalog/restore.ts';
import { ROTATION_ERRORS } from './error-catalog/rotation.ts';
import { RUN_ERRORS } from './error-catalog/runs.ts';
import { SNAPSHOT_ERRORS } from './error-catalog/snapshots.ts';

export type { ErrorEntry } from './error-catalog/entry.ts';

/**
 * The catalog of errors. Every fault that a person may meet has a code, says who can mend it, whether a repeat may help,
 * and what to do. docs/errors.md and the CLI's exit codes are made from it. No code is in two
 * families (a test holds it).
 */
export const ERROR_CATALOG = {
  ...REQUEST_ERRORS,
  ...RUN_ERRORS,
  ...LAKEFS_ERRORS,
  ...AWS_ERRORS,
  ...COMMAND_LINE_ERRORS,
  ...CATALOG_ERRORS,
  ...SNAPSHOT_ERRORS,
  ...ROTATION_ERRORS,
  ...RESTORE_ERRORS,
  ...GARBAGE_COLLECTION_ERRORS,
  ...ERASURE_ERRORS,
  ...REPLICATION_ERRORS,
  ...EXPORT_ERRORS,
  ...DRILL_ERRORS,
} as const satisfies Record<string, ErrorEntry>;
export type ErrorCode = keyof typeof ERROR_CATALOG;

/** An error of the catalog. `details` is data for programs, `message` is for people. */
export class BranchlineError extends Error {
  override readonly name = 'BranchlineError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(
      `${code} ${ERROR_CATALOG[code].title}: ${message}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.details = options.details ?? {};
  }

  get retryable(): boolean {
    return ERROR_CATALOG[this.code].retryable;
  }
}

export const isBranchlineError = (error: unknown, ...codes: ErrorCode[]): error is BranchlineError =>
  error instanceof BranchlineError && (codes.length === 0 || codes.includes(error.code));

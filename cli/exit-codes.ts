/** What the exit code of `branchline` tells. Documented in docs/cli.md; scripts rest on it. */
import { ERROR_CATALOG, type ErrorCode } from '../lambdas/domain/errors.ts';

export const EXIT = {
  ok: 0,
  fault: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  conflict: 5,
  rejected: 6,
  timedOut: 7,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANING: Readonly<Record<ExitCode, string>> = {
  0: 'done, or as it should be',
  1: 'a fault: of the job, of a service; a check of doctor that failed, a catalog that is not as it should be',
  2: 'wrong use, or not confirmed',
  3: 'not found: run, job, target, table or deployment',
  4: 'denied: credentials or permissions',
  5: 'conflict, or not possible in this state',
  6: 'rejected by a hook',
  7: 'timed out',
};

export const isCatalogCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CATALOG, code);

/** Of any code; one that this version does not know is a fault. */
export const exitCodeOf = (code: string): ExitCode => (isCatalogCode(code) ? ERROR_CATALOG[code].exitCode : EXIT.fault);

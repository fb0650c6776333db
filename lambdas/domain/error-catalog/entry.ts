/** Who can mend it. */
export type Fixer = 'operator' | 'job author' | 'platform' | 'nobody: retried';

export interface ErrorEntry {
  readonly title: string;
  readonly fixer: Fixer;
  readonly retryable: boolean;
  readonly remedy: string;
  /** Exit code of the CLI: 1 fault, 2 usage, 3 not found, 4 denied, 5 conflict, 6 rejected, 7 timed out. */
  readonly exitCode: 1 | 2 | 3 | 4 | 5 | 6 | 7;
}

/** One entry, in the order in which a person reads it: what, who, whether a repeat helps, exit code, what to do. */
export const entry = (
  title: string,
  fixer: Fixer,
  retryable: boolean,
  exitCode: ErrorEntry['exitCode'],
  remedy: string,
): ErrorEntry => ({ title, fixer, retryable, remedy, exitCode });

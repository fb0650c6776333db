/** Why a command ended badly: what a person reads, and what a program does. */
import { ERROR_CATALOG } from '../lambdas/domain/errors.ts';
import { type ExitCode, exitCodeOf, isCatalogCode } from './exit-codes.ts';

/** What `--json` prints for an error. Stable. */
export interface FailureReport {
  /** Of the catalog, or one that a newer deployment answered with. */
  readonly code: string;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;
  readonly remedy: string;
}

interface FailureOptions {
  readonly data?: Readonly<Record<string, unknown>>;
  /** Where more is known than the catalog's remedy says. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

const UNKNOWN_REMEDY = 'This code is not known here: the deployment is of another version. Bring both to the same one.';

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: string;
  readonly #options: FailureOptions;

  /** @param message begins with neither code nor title. */
  constructor(code: string, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.#options = options;
  }

  get retryable(): boolean {
    return isCatalogCode(this.code) && ERROR_CATALOG[this.code].retryable;
  }

  get exitCode(): ExitCode {
    return exitCodeOf(this.code);
  }

  get title(): string {
    return isCatalogCode(this.code) ? ERROR_CATALOG[this.code].title : 'unknown error';
  }

  report(): FailureReport {
    const byCatalog = isCatalogCode(this.code) ? ERROR_CATALOG[this.code].remedy : UNKNOWN_REMEDY;
    return {
      code: this.code,
      message: `${this.code} ${this.title}: ${this.message}`,
      data: this.#options.data ?? {},
      retryable: this.retryable,
      remedy: this.#options.remedy ?? byCatalog,
    };
  }
}

/** `BL2003 conflict with the target: sales/ …` without code and title, which a failure tells itself. */
const withoutCode = (code: string, text: string): string => {
  const title = isCatalogCode(code) ? ERROR_CATALOG[code].title : '';
  for (const opening of [`${code} ${title}: `, `${code}: `, `${code} `])
    if (text.startsWith(opening)) return text.slice(opening.length);
  return text;
};

/** An error of a function as Lambda answers it. Some Lambdas give no error type but their own: the message has the code too. */
export const functionFailure = (name: string, errorType: string, errorMessage: string): Failure => {
  const code = [errorType, errorMessage].map((text) => /^BL\d{4}\b/.exec(text)?.[0]).find((each) => each !== undefined);
  const data = { function: name };
  if (code !== undefined) return new Failure(code, withoutCode(code, errorMessage), { data });
  const message = `${name}: ${errorType}: ${errorMessage}`;
  if (/Task timed out|Sandbox\.Timedout/i.test(`${errorType} ${errorMessage}`))
    return new Failure('BL6008', message, { data });
  if (errorType === 'Function.ResponseSizeTooLarge')
    return new Failure('BL6001', message, {
      data,
      remedy: 'Ask for less: a smaller `--limit`, or a single `--attempt`.',
    });
  return new Failure('BL5001', message, { data, remedy: `A bug: please report it with the log of ${name}.` });
};

/** Whatever was thrown. */
export const asFailure = (error: unknown): Failure => {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure('BL5001', message, { cause: error, remedy: 'A bug of the command line: please report it.' });
};

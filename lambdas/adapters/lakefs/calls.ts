/** One call to lakeFS: credentials, time-out, retries within the time that the invocation has left. */
import createClient, { type Client } from 'openapi-fetch';
import type { EpochMs } from '../../domain/run.ts';
import type { paths } from './api-types.ts';
import { errorOf } from './failures.ts';
import { delayBefore, type Failure, isWorthRetrying, MAX_TRIES } from './retry.ts';

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A key pair, or the token of a session. */
export type Identity = KeyPair | { readonly token: string };

const authorizationOf = (identity: Identity): string =>
  'token' in identity
    ? `Bearer ${identity.token}`
    : `Basic ${Buffer.from(`${identity.accessKeyId}:${identity.secretAccessKey}`, 'utf8').toString('base64')}`;

export interface LakefsOptions {
  /** Base URL without `/api/v1`. */
  readonly endpoint: string;
  /** `refresh` is asked after a 401: the key pair may have been rotated since it was cached. Without it a 401 is final. */
  readonly credentials: { get(): Promise<Identity>; refresh?(): Promise<Identity> };
  readonly fetch?: (request: Request) => Promise<Response>;
  readonly now?: () => EpochMs;
  readonly random?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
  /** When the invocation ends; no retry is begun that could not be answered by then. */
  readonly deadline?: () => EpochMs | undefined;
  /** Milliseconds for one try. 30 s by default: a merge against contention took 7 s on a real server. */
  readonly requestTimeoutMs?: number;
  /** Told of every failed try. */
  readonly onError?: (failure: Failure) => void;
}

export type Api = Client<paths>;
interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

export interface CallOptions {
  readonly what: string;
  readonly repeatable: boolean;
  /** Success without a body is an answer too: an empty object. */
  readonly mayBeEmpty?: boolean;
}

/** A failed try that the caller may want to read: statuses below 500 that are outcomes rather than faults. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly requestId?: string;
}
export type Result<T> = { readonly ok: true; readonly data: T } | { readonly ok: false; readonly refusal: Refusal };

const DEFAULT_TIMEOUT_MS = 30_000;
const REFRESH_PAUSES_MS = [1_000, 2_000] as const;
const isRefusal = (status: number): boolean => [400, 403, 404, 409, 410, 412].includes(status);

/** Seconds or a date, as HTTP has it. */
const retryAfterOf = (headers: Headers, now: number): number | undefined => {
  const given = headers.get('retry-after');
  if (given === null) return undefined;
  const ms = /^\d+$/.test(given) ? Number(given) * 1000 : Date.parse(given) - now;
  return ms > 0 ? ms : undefined;
};

const messageOf = (error: unknown): string => {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return typeof error === 'string' ? error : JSON.stringify(error ?? null);
};

export class Calls {
  readonly #api: Api;
  readonly #options: LakefsOptions;
  readonly #timeoutMs: number;

  constructor(options: LakefsOptions) {
    this.#options = options;
    this.#timeoutMs = options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#api = createClient<paths>({
      baseUrl: `${options.endpoint.replace(/\/+$/, '')}/api/v1`,
      fetch: options.fetch ?? ((request) => fetch(request)),
      headers: { 'X-Lakefs-Client': 'branchline' },
    });
    this.#api.use({
      onRequest: async ({ request }) => {
        request.headers.set('Authorization', authorizationOf(await options.credentials.get()));
        return request;
      },
    });
  }

  /** @throws the catalog's error for anything but success. */
  async must<T>(options: CallOptions, call: (api: Api, signal: AbortSignal) => Promise<Answer<T>>): Promise<T> {
    const result = await this.ask(options, call);
    if (result.ok) return result.data;
    throw errorOf({ kind: 'answer', ...result.refusal }, options.what, this.#options.endpoint);
  }

  /** As `must`, but answers of 400, 403, 404, 409, 410 and 412 are returned. */
  async ask<T>(options: CallOptions, call: (api: Api, signal: AbortSignal) => Promise<Answer<T>>): Promise<Result<T>> {
    let refreshes = 0;
    for (let tried = 1; ; tried += 1) {
      const attempt = await this.#try(options, call);
      if (attempt.ok) return attempt;
      const { failure } = attempt;
      this.#options.onError?.(failure);
      if (failure.kind === 'answer' && failure.status === 401 && (await this.#renewsIdentity(refreshes))) {
        refreshes += 1;
        continue;
      }
      if (failure.kind === 'answer' && isRefusal(failure.status)) {
        const { status, message, requestId } = failure;
        return { ok: false, refusal: { status, message, ...(requestId === undefined ? {} : { requestId }) } };
      }
      const delay = delayBefore(failure, tried, (this.#options.random ?? Math.random)());
      if (tried >= MAX_TRIES || !isWorthRetrying(failure, options.repeatable) || !this.#hasTimeFor(delay)) {
        throw errorOf(failure, options.what, this.#options.endpoint);
      }
      await (this.#options.sleep ?? pause)(delay);
    }
  }

  /**
   * Reads the key pair again, for another try. While it is rotated the old one is refused a second or two before the new one is
   * told: what is unchanged is asked for once more, after a pause.
   */
  async #renewsIdentity(refreshes: number): Promise<boolean> {
    const { credentials, sleep } = this.#options;
    if (credentials.refresh === undefined || refreshes > REFRESH_PAUSES_MS.length) return false;
    const delay = REFRESH_PAUSES_MS[refreshes - 1];
    if (delay !== undefined) {
      if (!this.#hasTimeFor(delay)) return false;
      await (sleep ?? pause)(delay);
    }
    await credentials.refresh();
    return true;
  }

  async #try<T>(
    { mayBeEmpty }: CallOptions,
    call: (api: Api, signal: AbortSignal) => Promise<Answer<T>>,
  ): Promise<{ ok: true; data: T } | { ok: false; failure: Failure }> {
    const signal = AbortSignal.timeout(Math.max(1, Math.floor(Math.min(this.#timeoutMs, this.#timeLeft()))));
    try {
      const { data, error, response } = await call(this.#api, signal);
      if (!response.ok) return { ok: false, failure: this.#failureOf(response, error) };
      const isEmpty = data === undefined || data === null;
      if (isEmpty && response.status !== 204 && mayBeEmpty !== true) {
        return {
          ok: false,
          failure: { kind: 'unreadable', message: `answered ${String(response.status)} with nothing` },
        };
      }
      return { ok: true, data: data as T };
    } catch (error) {
      if (error instanceof SyntaxError) {
        return {
          ok: false,
          failure: { kind: 'unreadable', message: `gave an answer that is no JSON (${error.message})` },
        };
      }
      // A fault of our own (credentials, a bug) is not the server's silence.
      if (!(error instanceof TypeError) && !(error instanceof DOMException)) throw error;
      const reason = error.cause instanceof Error ? error.cause.message : error.message;
      return { ok: false, failure: { kind: 'no-answer', message: `gave no answer (${reason})` } };
    }
  }

  #failureOf({ status, headers }: Response, error: unknown): Failure {
    const requestId = headers.get('x-request-id');
    const retryAfterMs = retryAfterOf(headers, (this.#options.now ?? Date.now)());
    return {
      kind: 'answer',
      status,
      message: messageOf(error),
      ...(requestId === null ? {} : { requestId }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }

  #timeLeft(): number {
    const deadline = this.#options.deadline?.();
    return deadline === undefined ? Number.MAX_SAFE_INTEGER : deadline - (this.#options.now ?? Date.now)();
  }

  /** A retry needs its pause and a second to be answered in. */
  #hasTimeFor(delay: number): boolean {
    return this.#timeLeft() > delay + 1_000;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

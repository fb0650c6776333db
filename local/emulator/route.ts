/** One operation of the API. */
import type { Calls } from './request.ts';

export interface Answer {
  readonly status: number;
  /** Answered as JSON. */
  readonly body?: unknown;
  /** Answered as it is: text, or an object's bytes. */
  readonly raw?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: string;
  /** Segments; `:name` stands for anything. */
  readonly path: string;
  readonly handle: (call: Calls) => Promise<Answer>;
}

export const REPOSITORY = '/repositories/:repository';
export const BRANCH = `${REPOSITORY}/branches/:branch`;

/** What keeping requests needs from outside. */
import type { RequestRecord } from './domain/request.ts';
import type { Clock, Ids, Log } from './ports.ts';

export interface RequestFilter {
  readonly repository?: string;
  readonly target?: string;
}

/** The ledger's records of requests. */
export interface Requests {
  /** Newest first. */
  list(filter: RequestFilter): AsyncIterable<RequestRecord>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: RequestRecord): Promise<{ outcome: 'written' } | { outcome: 'stale'; request: RequestRecord | undefined }>;
}

export interface RequestPorts {
  readonly requests: Pick<Requests, 'put'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'owner'>;
  readonly log: Log;
}

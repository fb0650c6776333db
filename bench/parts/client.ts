/** The client that our functions use, with its requests counted. */
import { createLakefs } from '../../lambdas/adapters/lakefs/client.ts';
import { deadline } from '../../lambdas/handlers/deadline.ts';
import type { Lakefs } from '../../lambdas/ports.ts';
import type { Server } from './server.ts';

export interface CountingClient {
  readonly lakefs: Lakefs;
  /** HTTP requests so far, retries among them. */
  requests(): number;
}

export const countingClient = ({ endpoint, keys }: Pick<Server, 'endpoint' | 'keys'>): CountingClient => {
  let count = 0;
  const credentials = { get: async () => keys, refresh: async () => keys };
  const counted = (request: Request): Promise<Response> => {
    count += 1;
    return fetch(request);
  };
  return { lakefs: createLakefs({ endpoint, credentials, deadline, fetch: counted }), requests: () => count };
};

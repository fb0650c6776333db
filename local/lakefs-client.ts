/** Asking lakeFS directly, with the client that the functions use. */
import { createLakefs } from '../lambdas/adapters/lakefs/client.ts';
import type { Lakefs } from '../lambdas/ports.ts';
import type { LocalState } from './state.ts';

/** A call may take so long before it is given up. */
const CALL_MS = 60_000;

export const lakefsOf = ({ lakefs }: LocalState): Lakefs => {
  const { accessKeyId, secretAccessKey } = lakefs;
  const credentials = {
    get: async () => ({ accessKeyId, secretAccessKey }),
    refresh: async () => ({ accessKeyId, secretAccessKey }),
  };
  return createLakefs({ endpoint: lakefs.endpoint, credentials, deadline: () => Date.now() + CALL_MS });
};

/** Calls to AWS made by hand are tried again as the SDK would. */
import { BranchlineError } from '../domain/errors.ts';
import { awsFault } from './aws-errors.ts';
import { backoffMs, pause } from './pause.ts';

const MAX_TRIES = 5;

/**
 * @param attempt one try: a `BranchlineError` that it throws is final, anything else may be different the next time.
 * @throws BL4001 or BL4002 of the last try.
 */
export const withTries = async <T>(what: string, attempt: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof BranchlineError) throw error;
      if (tries === MAX_TRIES) throw awsFault(what, error);
    }
    await pause(backoffMs(tries));
  }
};

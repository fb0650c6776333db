/** Refs come and go while they are looked at. */
import { isBranchlineError } from '../domain/errors.ts';

/** A branch that has gone since it was listed shows nothing, and is in nobody's way. @returns `undefined` for it. */
export const unlessGone = async <T>(look: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await look();
  } catch (error) {
    if (isBranchlineError(error, 'BL3004')) return undefined;
    throw error;
  }
};

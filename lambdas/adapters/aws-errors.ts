/** What an AWS SDK client threw, as an error of the catalog. */
import { BranchlineError } from '../domain/errors.ts';

/** Names of errors, as the SDK gives them, that mean: this caller may not. Services differ in spelling. */
const DENIED = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'UnauthorizedOperation',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'ExpiredTokenException',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'KMSAccessDeniedException',
]);

export const awsErrorName = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/**
 * @param action what was tried, e.g. `glue:GetJobRun "nightly"`; it opens the message.
 * @returns BL4002 where the caller lacks a permission, BL4001 otherwise. Errors of the catalog pass through.
 */
export const awsFault = (action: string, error: unknown): BranchlineError => {
  if (error instanceof BranchlineError) return error;
  const name = awsErrorName(error);
  const message = error instanceof Error ? error.message : String(error);
  return new BranchlineError(DENIED.has(name) ? 'BL4002' : 'BL4001', `${action}: ${name}: ${message}`, {
    details: { action, awsError: name },
    cause: error,
  });
};

/** Runs an AWS call; what it throws becomes an error of the catalog. */
export const callAws = async <T>(action: string, call: () => Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    throw awsFault(action, error);
  }
};

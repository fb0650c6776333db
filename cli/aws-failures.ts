/** What the AWS SDK threw, in words that lead on: what is missing, and what to do about it. */
import { Failure } from './failure.ts';

interface Asked {
  /** The function that was to be invoked. */
  readonly deployed?: string;
  readonly prefix: string;
  readonly region: string | undefined;
}

const THROTTLED = /^(TooManyRequestsException|ThrottlingException|Throttling|ThrottledException|RequestLimitExceeded)$/;
const NO_CREDENTIALS = /^(CredentialsProviderError|TokenProviderError|SSOTokenProviderFailure)$/;
const EXPIRED = /^(ExpiredTokenException|ExpiredToken|RequestExpired)$/;
const BAD_KEYS =
  /^(UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken)$/;
const DENIED = /^(AccessDeniedException|AccessDenied|UnauthorizedOperation|KMSAccessDeniedException)$/;
const OFFLINE =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|CERT_.*|.*SELF_SIGNED.*)$/;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');
const systemCodeOf = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  // One error for each address of a name.
  return error instanceof AggregateError ? systemCodeOf(error.errors[0]) : '';
};

/** An AggregateError of several addresses has no message of its own. */
const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
};

export const isThrottling = (error: unknown): boolean => THROTTLED.test(nameOf(error));

export const asAwsFailure = (error: unknown, { deployed, prefix, region }: Asked): Failure => {
  if (error instanceof Failure) return error;
  const name = nameOf(error);
  const message = messageOf(error);
  const where = region === undefined ? '' : ` in ${region}`;
  const data = {
    ...(deployed === undefined ? {} : { function: deployed }),
    ...(region === undefined ? {} : { region }),
    awsError: name,
  };
  const fail = (code: string, text: string, remedy?: string): Failure =>
    new Failure(code, text, { data, cause: error, ...(remedy === undefined ? {} : { remedy }) });

  if (/region (is missing|not accepted)|invalid region/i.test(message))
    return fail(
      'BL6004',
      /missing|""/.test(message) ? 'no AWS region is set' : message,
      'Pass `--region`, or set AWS_REGION or the region of your AWS profile.',
    );
  if (NO_CREDENTIALS.test(name)) return fail('BL6004', message);
  if (EXPIRED.test(name))
    return fail('BL6004', `the AWS credentials have expired: ${message}`, 'Sign in again, e.g. `aws sso login`.');
  if (BAD_KEYS.test(name))
    return fail(
      'BL6004',
      `AWS does not accept the credentials${where}: ${message}`,
      'Check keys, session token and profile; a clock that is more than 5 minutes off invalidates signatures too.',
    );
  if (DENIED.test(name))
    return fail(
      'BL4002',
      message,
      deployed === undefined
        ? 'Give the caller the permission that the message names.'
        : `Give the caller lambda:InvokeFunction on the function ${deployed}.`,
    );
  if (name === 'ResourceNotFoundException')
    return fail(
      'BL6003',
      `there is no function ${deployed ?? ''}${where}`,
      `Check account and region (AWS_PROFILE, AWS_REGION) and the prefix, here "${prefix}" (--prefix, BRANCHLINE_PREFIX), or deploy.`,
    );
  if (THROTTLED.test(name)) return fail('BL6006', `${deployed ?? 'AWS'}${where}: ${message}`);
  if (name === 'TimeoutError' && /request|socket|response/i.test(message))
    return fail('BL6008', `${deployed ?? 'AWS'}${where}: ${message}`);
  if (OFFLINE.test(systemCodeOf(error)) || name === 'TimeoutError') return fail('BL6005', `AWS${where}: ${message}`);
  return fail('BL4001', `${deployed ?? 'AWS'}${where}: ${name}: ${message}`);
};

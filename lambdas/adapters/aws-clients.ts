/** How every AWS client of ours is set up. The environment says which endpoint (`AWS_ENDPOINT_URL`) and region. */

/** Long enough for a throttled call to come through, short enough that a hung one leaves time for the others. */
const REQUEST_HANDLER = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true } as const;

/** Retries slow down when a service throttles. */
export const PATIENT = { retryMode: 'adaptive', maxAttempts: 6, requestHandler: REQUEST_HANDLER } as const;

/** For calls that may not be repeated blindly. */
export const ONCE = { maxAttempts: 1, requestHandler: { ...REQUEST_HANDLER, requestTimeout: 30_000 } } as const;

/** What every function does around its work: deadline, log context, metrics, and the names of its errors. */
import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { describeIssues } from '../issues.ts';
import { setDeadline } from './deadline.ts';
import { errorData, logger, publishMetrics } from './observability.ts';

/** Lambda takes `errorType` from the name: a Step Functions state catches `BL2003` by it. */
class CodedError extends Error {
  constructor(error: BranchlineError) {
    super(error.message, { cause: error });
    this.name = error.code;
  }
}

const asCoded = (error: unknown): CodedError =>
  new CodedError(isBranchlineError(error) ? error : new BranchlineError('BL5001', String(error), { cause: error }));

const invocation = (): MiddlewareObj => ({
  before: ({ context }) => {
    setDeadline(context.getRemainingTimeInMillis());
    logger.resetKeys();
    logger.addContext(context);
  },
  after: () => {
    publishMetrics();
  },
  onError: (request) => {
    const coded = asCoded(request.error);
    logger.error(coded.message, errorData(request.error));
    publishMetrics();
    request.error = coded;
  },
});

/** A function: its work, with all that goes around it. */
export const lambda = <Event, Answer>(work: (event: Event, context: Context) => Promise<Answer>) =>
  middy<Event, Answer>().use(invocation()).handler(work);

/** @throws BL1001 naming every field that is wrong, what was found, and what is allowed. */
export const parseRequest = <T extends z.ZodMiniType>(schema: T, event: unknown): z.infer<T> => {
  const parsed = schema.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new BranchlineError('BL1001', describeIssues(parsed.error, event));
};

/** A function that is invoked with a request: nothing is built before the request is found good. */
export const onRequest = <T extends z.ZodMiniType, Answer>(schema: T, act: (request: z.infer<T>) => Promise<Answer>) =>
  lambda(async (event: unknown) => act(parseRequest(schema, event)));

/** Calls of services that take and give JSON, the action in a header: Step Functions, Glue. Source: their API references. */
import * as z from 'zod/mini';
import { isBranchlineError } from '../domain/errors.ts';
import { askSigned, type SignedOptions } from './signed-request.ts';

const fault = z.object({
  __type: z.optional(z.string()),
  message: z.optional(z.string()),
  Message: z.optional(z.string()),
});

const faultIn = (text: string): { code?: string | undefined; words?: string | undefined } => {
  try {
    const { __type, message, Message } = fault.parse(JSON.parse(text));
    return { code: __type?.split('#').at(-1), words: message ?? Message };
  } catch {
    return {};
  }
};

export interface JsonService {
  /** As `AWS_ENDPOINT_URL_…` names it. */
  readonly id: string;
  /** As signatures name it. */
  readonly service: string;
  /** Before the action in `x-amz-target`. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
}

/** @param of what it is about, for the message. @returns the answer as JSON. @throws as `askSigned`. */
export const askJson = async (
  { id, service, target, version }: JsonService,
  action: string,
  of: string,
  body: object,
  options: SignedOptions,
): Promise<unknown> => {
  const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${target}.${action}` };
  const request = { service, body: JSON.stringify(body), headers, what: `${service}:${action} ${of}`, faultIn };
  return JSON.parse(await askSigned(id, request, options));
};

/** The service's own code of an error; `undefined` for any other. */
export const saidBy = (error: unknown): unknown =>
  isBranchlineError(error, 'BL4001') ? error.details['awsError'] : undefined;

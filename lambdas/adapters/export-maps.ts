/**
 * Executions of the state machine that copies chunks. JSON in and out; the action is a header. Source: Step Functions API reference;
 * StartExecution says the same again while an execution of that name and input runs, and ExecutionAlreadyExists afterwards.
 */
import * as z from 'zod/mini';
import { isBranchlineError } from '../domain/errors.ts';
import type { ExportMaps, MapState } from '../export-ports.ts';
import { askSigned, type SignedOptions } from './signed-request.ts';

const fault = z.object({ __type: z.optional(z.string()), message: z.optional(z.string()) });
const described = z.object({
  status: z.string(),
  stopDate: z.optional(z.nullable(z.number())),
  error: z.optional(z.nullable(z.string())),
  cause: z.optional(z.nullable(z.string())),
});
/** Of what a state machine says of its end; an error with its trace may be long. */
const MAX_SAID = 500;

const faultIn = (text: string): { code?: string | undefined; words?: string | undefined } => {
  try {
    const { __type, message } = fault.parse(JSON.parse(text));
    return { code: __type?.split('#').at(-1), words: message };
  } catch {
    return {};
  }
};

export interface ExportMapsOptions extends SignedOptions {
  readonly stateMachineArn: string;
}

export const createExportMaps = ({ stateMachineArn, ...options }: ExportMapsOptions): ExportMaps => {
  const call = (action: string, name: string, body: unknown): Promise<string> =>
    askSigned(
      'SFN',
      {
        service: 'states',
        body: JSON.stringify(body),
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': `AWSStepFunctions.${action}`,
        },
        what: `states:${action} ${name}`,
        faultIn,
      },
      options,
    );
  const executionArn = (name: string): string => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  const said = (error: unknown): unknown =>
    isBranchlineError(error, 'BL4001') ? error.details['awsError'] : undefined;

  return {
    async start({ name }, order) {
      try {
        await call('StartExecution', name, { stateMachineArn, name, input: JSON.stringify(order) });
        return 'started';
      } catch (error) {
        if (said(error) === 'ExecutionAlreadyExists') return 'taken';
        throw error;
      }
    },

    async look({ name }) {
      let text: string;
      try {
        text = await call('DescribeExecution', name, { executionArn: executionArn(name) });
      } catch (error) {
        if (said(error) === 'ExecutionDoesNotExist') return undefined;
        throw error;
      }
      const { status, stopDate, error, cause } = described.parse(JSON.parse(text));
      if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return { state: 'running' };
      const words = [status, error, cause].filter((word) => word !== undefined && word !== null && word !== '');
      const state: MapState = {
        state: 'ended',
        endedAt: Math.round((stopDate ?? 0) * 1000),
        said: words.join(': ').slice(0, MAX_SAID),
      };
      return state;
    },

    async stop({ name }, reason) {
      try {
        await call('StopExecution', name, { executionArn: executionArn(name), cause: reason });
      } catch (error) {
        if (said(error) !== 'ExecutionDoesNotExist') throw error;
      }
    },
  };
};

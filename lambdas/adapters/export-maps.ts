/**
 * Executions of the state machine that copies chunks. JSON in and out; the action is a header. Source: Step Functions API reference;
 * StartExecution says the same again while an execution of that name and input runs, and ExecutionAlreadyExists afterwards.
 */
import * as z from 'zod/mini';
import type { ExportMaps, MapState } from '../export-ports.ts';
import { askJson, type JsonService, saidBy } from './json-request.ts';
import type { SignedOptions } from './signed-request.ts';

const STEP_FUNCTIONS: JsonService = { id: 'SFN', service: 'states', target: 'AWSStepFunctions', version: '1.0' };
const described = z.object({
  status: z.string(),
  stopDate: z.optional(z.nullable(z.number())),
  error: z.optional(z.nullable(z.string())),
  cause: z.optional(z.nullable(z.string())),
});
/** Of what a state machine says of its end; an error with its trace may be long. */
const MAX_SAID = 500;

export interface ExportMapsOptions extends SignedOptions {
  readonly stateMachineArn: string;
}

export const createExportMaps = ({ stateMachineArn, ...options }: ExportMapsOptions): ExportMaps => {
  const call = (action: string, name: string, body: object): Promise<unknown> =>
    askJson(STEP_FUNCTIONS, action, name, body, options);
  const executionArn = (name: string): string => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;

  return {
    async start({ name }, order) {
      try {
        await call('StartExecution', name, { stateMachineArn, name, input: JSON.stringify(order) });
        return 'started';
      } catch (error) {
        if (saidBy(error) === 'ExecutionAlreadyExists') return 'taken';
        throw error;
      }
    },

    async look({ name }) {
      let answer: unknown;
      try {
        answer = await call('DescribeExecution', name, { executionArn: executionArn(name) });
      } catch (error) {
        if (saidBy(error) === 'ExecutionDoesNotExist') return undefined;
        throw error;
      }
      const { status, stopDate, error, cause } = described.parse(answer);
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
        if (saidBy(error) !== 'ExecutionDoesNotExist') throw error;
      }
    },
  };
};

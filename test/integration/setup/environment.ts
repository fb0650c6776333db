/** The environment of the file that runs: no other file has it at the same time. */
import { inject } from 'vitest';
import type { LocalState } from '../../../local/state.ts';

export const localState = (): LocalState => {
  const states = inject('localStates');
  const place = process.env['VITEST_POOL_ID'] ?? '';
  const state = states[Number(place) - 1];
  if (state === undefined) throw new Error(`no environment for worker ${place}; there are ${String(states.length)}`);
  return state;
};

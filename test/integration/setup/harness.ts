/** Each test file's way into the environment. */
import { afterAll } from 'vitest';
import { Harness } from '../../../local/harness.ts';
import { lakefsOf } from '../../../local/lakefs-client.ts';
import { localState } from './environment.ts';

export const openHarness = (): Harness => {
  const state = localState();
  const harness = new Harness(state, lakefsOf(state));
  afterAll(() => harness.close());
  return harness;
};

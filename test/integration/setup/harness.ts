/** Each test file's way into the environment. */
import { afterAll, inject } from 'vitest';
import { Harness } from '../../../local/harness.ts';
import { lakefsOf } from '../../../local/lakefs-client.ts';

export const openHarness = (): Harness => {
  const state = inject('localState');
  const harness = new Harness(state, lakefsOf(state));
  afterAll(() => harness.close());
  return harness;
};

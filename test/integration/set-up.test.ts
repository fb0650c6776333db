import { expect, test } from 'vitest';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { Check } from '../../lambdas/payloads.ts';
import { openHarness } from './setup/harness.ts';

const harness = openHarness();
const { repository } = harness;

test('the repository was made where the configuration says, and its target is protected', async () => {
  expect(await harness.lakefs.getRepository(repository)).toEqual({
    name: repository,
    storageNamespace: harness.state.lakefs.storageNamespace,
    defaultBranch: 'main',
  });
  expect(await harness.lakefs.getProtectedBranches(repository)).toContain('main');
});

test('a direct write to the target is refused', async () => {
  const before = await harness.listing('main');
  await expect(
    harness.lakefs.putObject(repository, 'main', 'it-set-up/direct.txt', Buffer.from('x')),
  ).rejects.toMatchObject({ code: 'BL3006' });
  expect(await harness.listing('main')).toEqual(before);
});

test('set-up repeated finds everything in place', async () => {
  const head = await harness.head('main');
  const answer = await harness.invoke<{ repositories: { name: string; created: boolean; protected: boolean }[] }>(
    FUNCTION.setUp,
    {},
  );
  expect(answer.repositories).toContainEqual(expect.objectContaining({ name: repository, created: false }));
  expect(await harness.head('main')).toBe(head);
});

test('doctor finds nothing that fails', async () => {
  const { checks } = await harness.invoke<{ checks: readonly Check[] }>(FUNCTION.inspect, { query: 'doctor' });
  expect(checks.length).toBeGreaterThan(0);
  expect(checks.filter((check) => check.status === 'failed')).toEqual([]);
});

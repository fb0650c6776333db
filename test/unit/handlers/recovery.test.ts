/** rotate-credentials and restore with use cases that only note what they were asked. */
import { describe, expect, it, vi } from 'vitest';
import { createHandler as restore } from '../../../lambdas/handlers/restore.ts';
import { createHandler as rotate } from '../../../lambdas/handlers/rotate-credentials.ts';
import type { RestorePorts } from '../../../lambdas/restore-ports.ts';
import type { RotationPorts } from '../../../lambdas/rotation-ports.ts';
import { context, linesDuring } from './invoke.ts';

describe('rotate-credentials', () => {
  const PORTS = {} as RotationPorts;
  const made = () => {
    const step = vi.fn(() => Promise.resolve());
    const command = vi.fn(() => Promise.resolve({ outcome: 'status' as const, openRuns: [], obstacles: [] }));
    return { step, command, handler: rotate(step, command, () => PORTS) };
  };

  it('does the steps of Secrets Manager under its token, whatever else it sends', async () => {
    const { step, command, handler } = made();
    const event = { SecretId: 'arn', ClientRequestToken: 'v1', Step: 'setSecret', RotationToken: 'x' };
    expect(await handler(event, context())).toBeUndefined();
    expect(step).toHaveBeenCalledWith(PORTS, { step: 'setSecret', token: 'v1', by: 'secrets-manager' });
    expect(command).not.toHaveBeenCalled();
  });

  it('does what a person asks', async () => {
    const { step, command, handler } = made();
    expect(await handler({ action: 'status' }, context())).toMatchObject({ outcome: 'status' });
    expect(command).toHaveBeenCalledWith(PORTS, { action: 'status' });
    expect(step).not.toHaveBeenCalled();
  });

  it.each([{ action: 'other' }, { Step: 'other', SecretId: 'arn', ClientRequestToken: 'v1' }, 'text'])(
    'refuses %j as BL1001',
    async (event) => {
      const { step, command, handler } = made();
      const { answer } = await linesDuring(() =>
        Promise.resolve(handler(event, context())).catch((error: unknown) => error),
      );
      expect(answer).toMatchObject({ name: 'BL1001' });
      expect(step).not.toHaveBeenCalled();
      expect(command).not.toHaveBeenCalled();
    },
  );
});

describe('restore', () => {
  it('passes a good request on with the time that is left, and refuses a bad one', async () => {
    const PORTS = {} as RestorePorts;
    const useCase = vi.fn((_ports: RestorePorts, _request: unknown, _until: number) =>
      Promise.resolve({ outcome: 'planned' as const, repositories: [] }),
    );
    const handler = restore(useCase, () => PORTS);
    const request = { action: 'plan', what: 'repository' };
    expect(await handler(request, context())).toEqual({ outcome: 'planned', repositories: [] });
    expect(useCase.mock.calls[0]?.[1]).toEqual(request);
    const bad = { action: 'run', what: 'repository' };
    const { answer } = await linesDuring(() =>
      Promise.resolve(handler(bad, context())).catch((error: unknown) => error),
    );
    expect(answer).toMatchObject({ name: 'BL1001' });
    expect(useCase).toHaveBeenCalledTimes(1);
  });
});

import { describe, expect, it } from 'vitest';
import { Failure } from '../../../cli/failure.ts';
import { VERSION } from '../../../lambdas/contract.ts';
import type { Check } from '../../../lambdas/payloads.ts';
import { conflict, openStage } from './stage.ts';

type Finding = Check & { readonly from: string };

describe('doctor', () => {
  it('of a healthy deployment: every check is told, exit code 0', async () => {
    const stage = await openStage();
    const { code, out } = await stage.run(['doctor']);
    expect(code).toBe(0);
    expect(out).toMatch(/^From here\n✓ command line +version .*\n✓ credentials +arn:aws:iam::111122223333:user\/op/);
    expect(out).toMatch(/^From the deployment\n✓ version/m);
    expect(out).toMatch(/^✓ target lake\/main +protected, verified at/m);
    expect(out).toMatch(/checks: \d+ ok, 0 warnings, 0 failed\n$/);
    const { checks } = (await stage.run(['doctor', '--json'])).json<{ checks: Finding[] }>();
    expect(checks.every(({ status }) => status === 'ok')).toBe(true);
    expect(new Set(checks.map(({ from }) => from))).toEqual(new Set(['here', 'deployment']));
  });

  it('a warning keeps exit code 0, and stands with its remedy', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    const { code, out } = await stage.run(['doctor']);
    expect(code).toBe(0);
    expect(out).toMatch(/^! ledger +1 runs wait for a person\n +→ .*runs list --waiting/m);
  });

  it('a failed check of the deployment: exit code 1', async () => {
    const stage = await openStage();
    await stage.world.lakefs.setProtectedBranches('lake', []);
    const { code, out } = await stage.run(['doctor']);
    expect(code).toBe(1);
    expect(out).toMatch(/^✗ target lake\/main +not protected$/m);
  });

  it('without credentials nothing else is looked at', async () => {
    const stage = await openStage();
    stage.identity = () => Promise.reject(new Failure('BL6004', 'Could not load credentials'));
    const { code, json } = await stage.run(['doctor', '--json']);
    expect(code).toBe(1);
    expect(json<{ checks: Finding[] }>().checks.map(({ name }) => name)).toEqual([
      'command line',
      'credentials',
      'clock of this machine',
    ]);
    expect(stage.calls).toEqual([]);
  });

  it('a right that is missing is named; what can be asked is asked all the same', async () => {
    const stage = await openStage();
    stage.tryInvoke = async (name) => {
      if (name === 'resolve-run') throw new Failure('BL4002', 'not authorized');
    };
    const { code, out } = await stage.run(['doctor']);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ permission to invoke branchline-resolve-run +BL4002/);
    expect(out).toContain('From the deployment');
  });

  it('a deployment that does not answer is a finding', async () => {
    const stage = await openStage();
    stage.invoke = () => Promise.reject(new Failure('BL6008', 'timed out'));
    const { code, out } = await stage.run(['doctor']);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ deployment +BL6008/);
  });

  it.each([
    [undefined, undefined],
    [1_000, 'ok'],
    [-60_000, 'warning'],
    [400_000, 'failed'],
  ])('our clock %s ms behind AWS’s: %s', async (skewMs, status) => {
    const stage = await openStage();
    stage.skewMs = skewMs;
    const { checks } = (await stage.run(['doctor', '--json'])).json<{ checks: Finding[] }>();
    expect(checks.find(({ name }) => name === 'clock of this machine')?.status).toBe(status);
  });

  it.each([
    [[{ name: 'version', status: 'ok', message: '9.9.9' }], 'is of version 9.9.9'],
    [[], 'does not tell its version'],
  ])('a deployment of another version is told', async (checks, words) => {
    const stage = await openStage();
    stage.invoke = async () => ({ checks });
    const { code, out } = await stage.run(['doctor']);
    expect(code).toBe(0);
    expect(out).toContain(`the deployment ${words}, the command line is of ${VERSION}`);
  });
});

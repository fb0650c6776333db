import { describe, expect, it } from 'vitest';
import { createExportMaps } from '../../../lambdas/adapters/export-maps.ts';
import type { MapOrder } from '../../../lambdas/export-ports.ts';

const ARN = 'arn:aws:states:eu-west-1:111122223333:stateMachine:branchline-exports';
const ORDER: MapOrder = {
  ...{ export: 'plain', run: '000001-abc', bucket: 'out', todo: 'lake/todo/', results: 'lake/map' },
  ...{ concurrency: 3, toleratedFailurePercent: 5 },
};
const PLAIN = { export: 'plain', name: 'plain-1' };
const ENV = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };

const scripted = (...answers: readonly [status: number, body: object][]) => {
  const asked: { url: string; target: string; body: unknown; signed: boolean }[] = [];
  const maps = createExportMaps({
    env: ENV,
    stateMachineArn: ARN,
    fetch: async (url, init) => {
      const headers = new Headers(init.headers);
      asked.push({
        url: url.href,
        target: headers.get('x-amz-target') ?? '',
        body: JSON.parse(String(init.body)),
        signed: /\/eu-west-1\/states\/aws4_request/.test(headers.get('authorization') ?? ''),
      });
      const [status, body] = answers[asked.length - 1] ?? [500, {}];
      return new Response(JSON.stringify(body), { status });
    },
  });
  return { maps, asked };
};
const fault = (code: string): [number, object] => [
  400,
  { __type: `com.amazonaws.swf.service.v2.model#${code}`, message: 'said' },
];

describe('executions of the state machine', () => {
  it('are begun by name, with what the definition reads', async () => {
    const { maps, asked } = scripted([200, { executionArn: 'x', startDate: 1 }]);
    expect(await maps.start(PLAIN, ORDER)).toBe('started');
    expect(asked).toEqual([
      {
        url: 'https://states.eu-west-1.amazonaws.com/',
        target: 'AWSStepFunctions.StartExecution',
        body: { stateMachineArn: ARN, name: 'plain-1', input: JSON.stringify(ORDER) },
        signed: true,
      },
    ]);
  });

  it('of a name that was used up are not begun', async () => {
    expect(await scripted(fault('ExecutionAlreadyExists')).maps.start(PLAIN, ORDER)).toBe('taken');
  });

  it.each<[string, [number, object], unknown]>([
    ['runs', [200, { status: 'RUNNING' }], { state: 'running' }],
    ['is done', [200, { status: 'SUCCEEDED', stopDate: 2.5 }], { state: 'ended', endedAt: 2500, said: 'SUCCEEDED' }],
    [
      'failed',
      [200, { status: 'FAILED', stopDate: 3, error: 'States.Some', cause: 'because' }],
      { state: 'ended', endedAt: 3000, said: 'FAILED: States.Some: because' },
    ],
    ['is not known', fault('ExecutionDoesNotExist'), undefined],
  ])('tell that one %s', async (_, answer, expected) => {
    const { maps, asked } = scripted(answer);
    expect(await maps.look(PLAIN)).toEqual(expected);
    expect(asked[0]?.body).toEqual({
      executionArn: 'arn:aws:states:eu-west-1:111122223333:execution:branchline-exports:plain-1',
    });
  });

  it('are stopped, and one that is not there need not be', async () => {
    const { maps, asked } = scripted([200, { stopDate: 1 }], fault('ExecutionDoesNotExist'));
    await maps.stop(PLAIN, 'why');
    await maps.stop(PLAIN, 'why');
    expect(asked.map(({ target }) => target)).toEqual(Array(2).fill('AWSStepFunctions.StopExecution'));
  });

  it('refused for a missing right are BL4002', async () => {
    await expect(scripted(fault('AccessDeniedException')).maps.start(PLAIN, ORDER)).rejects.toMatchObject({
      code: 'BL4002',
    });
  });
});

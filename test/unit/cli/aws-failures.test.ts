import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { asAwsFailure } from '../../../cli/aws-failures.ts';
import { type Connection, connect } from '../../../cli/connection.ts';
import { functionFailure } from '../../../cli/failure.ts';

const named = (name: string, message = 'said AWS'): Error => Object.assign(new Error(message), { name });
const system = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });
const asked = { deployed: 'branchline-inspect', prefix: 'branchline', region: 'eu-west-1' };

describe('what the SDK threw', () => {
  it.each([
    [named('ResourceNotFoundException'), 'BL6003', 3, 'branchline'],
    [named('AccessDeniedException'), 'BL4002', 4, 'lambda:InvokeFunction on the function branchline-inspect'],
    [named('CredentialsProviderError'), 'BL6004', 4, 'aws sso login'],
    [named('TokenProviderError'), 'BL6004', 4, 'aws sso login'],
    [named('ExpiredTokenException'), 'BL6004', 4, 'Sign in again'],
    [named('UnrecognizedClientException'), 'BL6004', 4, 'clock'],
    [named('InvalidSignatureException'), 'BL6004', 4, 'clock'],
    [named('Error', 'Region is missing'), 'BL6004', 4, 'AWS_REGION'],
    [named('TooManyRequestsException'), 'BL6006', 1, 'Try again'],
    [named('TimeoutError', 'request did not complete within 70000 ms'), 'BL6008', 7, 'log'],
    [named('TimeoutError', 'connect timed out'), 'BL6005', 1, 'network'],
    [system('ECONNREFUSED'), 'BL6005', 1, 'AWS_ENDPOINT_URL'],
    [system('ENOTFOUND'), 'BL6005', 1, 'network'],
    [new AggregateError([system('ECONNREFUSED')]), 'BL6005', 1, 'network'],
    [named('ServiceException'), 'BL4001', 1, 'message'],
    ['thrown text', 'BL4001', 1, 'message'],
  ])('%s is %s, exit code %i', (error, code, exitCode, remedy) => {
    const failure = asAwsFailure(error, asked);
    expect(failure).toMatchObject({ code, exitCode });
    expect(failure.report().remedy).toContain(remedy);
    expect(failure.report().data).toMatchObject({ function: 'branchline-inspect', region: 'eu-west-1' });
  });
});

describe('what a function threw', () => {
  it.each([
    ['BL2003', 'BL2003 conflict with the target: x', 'BL2003', 'x'],
    ['Runtime.HandlerError', 'BL1004 unknown run: no run "y"', 'BL1004', 'no run "y"'],
    ['Sandbox.Timedout', 'Task timed out after 60.00 seconds', 'BL6008', 'Task timed out'],
    ['Function.ResponseSizeTooLarge', 'too large', 'BL6001', 'too large'],
    ['Runtime.ExitError', 'signal: killed', 'BL5001', 'signal: killed'],
  ])('%s: %s', (errorType, message, code, words) => {
    const failure = functionFailure('branchline-inspect', errorType, message);
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(words);
    expect(failure.report().message.match(/BL\d{4}/g)).toHaveLength(1);
  });
});

describe('a connection', () => {
  let answers: { status: number; headers?: Record<string, string>; body: string }[];
  let asks: { path: string; body: string; type: string | undefined }[];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asks.push({ path: request.url ?? '', body, type: request.headers['x-amz-invocation-type']?.toString() });
    const answer = answers.shift() ?? { status: 200, body: '{}' };
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body);
  });
  let connection: Connection;

  beforeEach(async () => {
    answers = [];
    asks = [];
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${String(port)}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
    connection = connect({ prefix: 'second', region: 'eu-west-1' });
  });
  afterEach(async () => {
    connection.close();
    vi.unstubAllEnvs();
    await new Promise((resolve) => server.close(resolve));
  });

  const error = (status: number, type: string, headers = {}) => ({
    status,
    headers: { 'x-amzn-errortype': type, ...headers },
    body: JSON.stringify({ message: 'no', Message: 'no' }),
  });

  it('invokes functions by prefix and name, at the endpoint of the environment', async () => {
    answers = [{ status: 200, body: '{"runs":[]}' }];
    expect(await connection.invoke('inspect', { query: 'runs' })).toEqual({ runs: [] });
    expect(asks).toEqual([
      { path: '/2015-03-31/functions/second-inspect/invocations', body: '{"query":"runs"}', type: undefined },
    ]);
    expect(Math.abs(connection.skewMs() ?? Number.NaN)).toBeLessThan(2_000);
  });

  it('tries an invocation without running the function', async () => {
    answers = [{ status: 204, body: '' }, error(403, 'AccessDeniedException')];
    await connection.tryInvoke('start-run');
    await expect(connection.tryInvoke('start-run')).rejects.toMatchObject({ code: 'BL4002' });
    expect(asks.map(({ type }) => type)).toEqual(['DryRun', 'DryRun']);
  });

  it('repeats a throttled call, whatever it asks for: it did nothing', async () => {
    answers = [error(429, 'TooManyRequestsException'), { status: 200, body: '{"outcome":"discarded"}' }];
    expect(await connection.invoke('resolve-run', {})).toEqual({ outcome: 'discarded' });
  });

  it('never repeats a change whose answer was lost', async () => {
    answers = [error(500, 'ServiceException'), { status: 200, body: '{}' }];
    await expect(connection.invoke('resolve-run', {})).rejects.toMatchObject({ code: 'BL4001' });
    expect(asks).toHaveLength(1);
  });

  it('tells errors of functions by their codes, and what is no JSON as a fault', async () => {
    answers = [
      {
        ...{ status: 200, headers: { 'x-amz-function-error': 'Unhandled' } },
        body: '{"errorType":"BL2003","errorMessage":"BL2003 conflict with the target: x"}',
      },
      { status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, body: 'killed' },
    ];
    await expect(connection.invoke('resolve-run', {})).rejects.toMatchObject({ code: 'BL2003', message: 'x' });
    await expect(connection.invoke('resolve-run', {})).rejects.toMatchObject({ code: 'BL5001' });
  });
});

import { describe, expect, it } from 'vitest';
import { codeOf, json, nothing, page, refusal, refused, scripted } from './scripted.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const STATS = { path: 'x', path_type: 'object', physical_address: 's3://b/x', checksum: 'c', mtime: 10, size_bytes: 5 };

describe('reading', () => {
  it('gives the bytes as they are, none for an empty object, nothing for one that is not there', async () => {
    const content = new Uint8Array([0, 255, 10, 13]);
    expect(await scripted([new Response(content)]).lakefs.getObject('lake', 'main', 'x')).toEqual(content);
    const empty = new Response('', { headers: { 'content-length': '0' } });
    expect(await scripted([empty]).lakefs.getObject('lake', 'main', 'x')).toEqual(new Uint8Array());
    expect(await scripted([refusal(404, 'not found')]).lakefs.getObject('lake', 'main', 'x')).toBeUndefined();
    const gone = scripted([refusal(404, 'repository not found')]).lakefs;
    expect(await codeOf(gone.getObject('lake', 'main', 'x'))).toBe('BL3007');
    const collected = scripted([refusal(410, 'No data')]).lakefs;
    expect(await codeOf(collected.getObject('lake', 'main', 'x'))).toBe('BL3007');
  });

  it('gives a part of an object by its range, whatever stands between', async () => {
    const part = new Uint8Array([3, 4]);
    const { lakefs, requests } = scripted([new Response(part, { status: 206 })]);
    expect(await lakefs.getObjectRange('lake', 'c1', 'x', { from: 3, to: 5 })).toEqual(part);
    expect(requests[0]?.headers.get('range')).toBe('bytes=3-4');
    const whole = scripted([new Response(new Uint8Array([0, 1, 2, 3, 4, 5]))]).lakefs;
    expect(await whole.getObjectRange('lake', 'c1', 'x', { from: 3, to: 5 })).toEqual(part);
    const short = scripted([new Response(new Uint8Array([3]), { status: 206 })]).lakefs;
    expect(await codeOf(short.getObjectRange('lake', 'c1', 'x', { from: 3, to: 5 }))).toBe('BL3005');
    const none = scripted([refusal(404, 'not found')]).lakefs;
    expect(await none.getObjectRange('lake', 'c1', 'x', { from: 3, to: 5 })).toBeUndefined();
    const gone = scripted([refusal(404, 'repository not found')]).lakefs;
    expect(await codeOf(gone.getObjectRange('lake', 'c1', 'x', { from: 3, to: 5 }))).toBe('BL3007');
  });

  it('lists page by page from where it is told', async () => {
    const prefix = { path: 'p/', path_type: 'common_prefix', physical_address: '', checksum: '', mtime: 0 };
    const { lakefs, requests } = scripted([page([STATS], 'x'), page([prefix])]);
    const options = { prefix: 'a', delimiter: '/', after: 'start' };
    expect(await Array.fromAsync(lakefs.listObjects('lake', 'main', options))).toEqual([
      {
        path: 'x',
        isPrefix: false,
        physicalAddress: 's3://b/x',
        checksum: 'c',
        sizeBytes: 5,
        mtime: 10_000,
        metadata: {},
      },
      { path: 'p/', isPrefix: true, physicalAddress: '', checksum: '', sizeBytes: 0, mtime: 0, metadata: {} },
    ]);
    expect(requests.map(({ url }) => Object.fromEntries(new URL(url).searchParams))).toEqual([
      { amount: '1000', prefix: 'a', delimiter: '/', after: 'start' },
      { amount: '1000', prefix: 'a', delimiter: '/', after: 'x' },
    ]);
  });
});

describe('writing', () => {
  it('sends the bytes as they are', async () => {
    const content = new Uint8Array([0, 255, 10]);
    const { lakefs, requests } = scripted([json(201, STATS)]);
    expect(await lakefs.putObject('lake', 'run', 'a b', content)).toBe('written');
    const [request] = requests;
    expect(new Uint8Array((await request?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(content);
    expect(request?.headers.get('content-type')).toBe('application/octet-stream');
    expect(request?.headers.get('if-none-match')).toBeNull();
  });

  it('only where nothing is yet: says so, and is not repeated without an answer', async () => {
    const put = (script: Parameters<typeof scripted>[0]) => {
      const made = scripted(script);
      return { ...made, answer: made.lakefs.putObject('lake', 'run', 'x', bytes('1'), { ifAbsent: true }) };
    };
    const written = put([json(201, STATS)]);
    expect(await written.answer).toBe('written');
    expect(written.requests[0]?.headers.get('if-none-match')).toBe('*');
    expect(await put([refusal(412, 'path already exists')]).answer).toBe('exists');
    const lost = put([refused()]);
    expect(await codeOf(lost.answer)).toBe('BL3001');
    expect(lost.requests).toHaveLength(1);
  });

  it.each([
    [refusal(403, 'cannot write to protected branch'), 'BL3006'],
    [refusal(404, "branch 'run' not found"), 'BL3004'],
    [refusal(404, 'repository not found'), 'BL3007'],
    [refusal(400, 'argument path'), 'BL3005'],
  ])('refused is told', async (answer, code) => {
    expect(await codeOf(scripted([answer]).lakefs.putObject('lake', 'run', 'x', bytes('1')))).toBe(code);
  });

  it('a copy names its source', async () => {
    const { lakefs, requests } = scripted([json(201, STATS)]);
    await lakefs.copyObject('lake', 'run', 'to', { ref: 'c1', path: 'from' });
    expect(new URL(requests[0]?.url ?? '').searchParams.get('dest_path')).toBe('to');
    expect(await requests[0]?.json()).toEqual({ src_path: 'from', src_ref: 'c1' });
  });
});

describe('deleting', () => {
  const paths = (count: number) => Array.from({ length: count }, (_, i) => `x/${String(i)}`);

  it('goes by 1,000, and makes no call for nothing', async () => {
    const { lakefs, requests } = scripted([json(200, { errors: [] })]);
    await lakefs.deleteObjects('lake', 'run', []);
    expect(requests).toHaveLength(0);
    await lakefs.deleteObjects('lake', 'run', paths(2_001));
    const sent = await Promise.all(requests.map((request) => request.json() as Promise<{ paths: string[] }>));
    expect(sent.map((body) => body.paths.length)).toEqual([1000, 1000, 1]);
    expect(sent.flatMap((body) => body.paths)).toEqual(paths(2_001));
  });

  it('of what is gone already is what was wanted; what failed otherwise is told with its path', async () => {
    const partly = (status_code: number) =>
      json(200, {
        errors: [
          { path: 'a', status_code: 404, message: 'not found' },
          { path: 'b', status_code, message: 'cannot write to protected branch' },
        ],
      });
    await scripted([partly(404)]).lakefs.deleteObjects('lake', 'run', ['a', 'b']);
    await scripted([json(200, { errors: null })]).lakefs.deleteObjects('lake', 'run', ['a']);
    const error = await scripted([partly(403)])
      .lakefs.deleteObjects('lake', 'run', ['a', 'b'])
      .then(
        () => new Error('no error'),
        (thrown: Error) => thrown,
      );
    expect(error).toMatchObject({ code: 'BL3006' });
    expect(error.message).toContain('(b)');
  });

  it('of everything that is staged needs no paths', async () => {
    await scripted([nothing()]).lakefs.resetStaged('lake', 'run');
  });
});

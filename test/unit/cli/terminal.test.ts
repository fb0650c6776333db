import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { during, progressOf } from '../../../cli/progress.ts';
import { terminalOf } from '../../../cli/terminal.ts';
import { widthOf } from '../../../cli/text.ts';

interface Tty {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly getColorDepth?: () => number;
}

/** Node's own, which reads the environment. */
const getColorDepth = (): number => WriteStream.prototype.getColorDepth();

const stage = ({ stdout = {}, stderr = {}, stdin = {} }: { stdout?: Tty; stderr?: Tty; stdin?: Tty }) => {
  const streams = {
    stdin: Object.assign(new PassThrough(), { isTTY: false, ...stdin }),
    stdout: Object.assign(new PassThrough(), { isTTY: false, ...stdout }),
    stderr: Object.assign(new PassThrough(), { isTTY: false, ...stderr }),
  };
  const terminal = terminalOf(streams as never);
  return { ...streams, terminal, said: () => String(streams.stderr.read() ?? '') };
};

describe('a terminal', () => {
  it('is as wide as it says, or 80; a pipe has no width, so that nothing is cut', () => {
    expect(stage({ stdout: { isTTY: true, columns: 57 } }).terminal.columns).toBe(57);
    expect(stage({ stdout: { isTTY: true, columns: 0 } }).terminal.columns).toBe(80);
    expect(stage({}).terminal.columns).toBeUndefined();
  });

  it('can be asked only where both sides are one', () => {
    expect(stage({ stdin: { isTTY: true }, stderr: { isTTY: true } }).terminal.canAsk).toBe(true);
    expect(stage({ stdin: { isTTY: true } }).terminal.canAsk).toBe(false);
    expect(stage({ stderr: { isTTY: true } }).terminal.canAsk).toBe(false);
  });

  it('asks on standard error, and takes an answer or the end of input', async () => {
    const { terminal, stdin, said } = stage({});
    const asked = terminal.ask('Sure? ');
    stdin.write('yes\n');
    expect(await asked).toBe('yes');
    expect(said()).toContain('Sure? ');
    const ended = stage({});
    const refused = ended.terminal.ask('Sure? ');
    ended.stdin.end();
    expect(await refused).toBeUndefined();
    for (const key of ['\u0003', '\u0004']) {
      const typed = stage({ stdin: { isTTY: true }, stderr: { isTTY: true, columns: 80 } });
      const answer = typed.terminal.ask('Sure? ');
      typed.stdin.write(key);
      expect(await answer).toBeUndefined();
    }
  });

  describe('colours', () => {
    beforeEach(() => {
      for (const name of ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS']) vi.stubEnv(name, undefined);
    });
    afterEach(() => vi.unstubAllEnvs());

    it('none in a pipe, unless FORCE_COLOR says so; none under NO_COLOR', () => {
      expect(stage({}).terminal.styleOut('red', 'x')).toBe('x');
      vi.stubEnv('FORCE_COLOR', '1');
      expect(stage({}).terminal.styleOut('red', 'x')).toBe('\u001b[31mx\u001b[39m');
      vi.stubEnv('FORCE_COLOR', undefined);
      vi.stubEnv('NO_COLOR', '1');
      expect(stage({ stdout: { isTTY: true, getColorDepth } }).terminal.styleOut('red', 'x')).toBe('x');
    });
  });
});

describe('progress', () => {
  const now = (): number => 0;

  it('is one line that fits, and is gone at the end', async () => {
    const { terminal, said } = stage({ stderr: { isTTY: true, columns: 30 } });
    const answer = await during({ terminal, json: false, now } as never, 'x'.repeat(100), async () => 7);
    expect(answer).toBe(7);
    const lines = said().split('\r\u001b[2K');
    for (const line of lines) expect(widthOf(line)).toBeLessThan(30);
    expect(lines.at(-1)).toBe('');
  });

  it('goes where the work fails, too', async () => {
    const { terminal, said } = stage({ stderr: { isTTY: true, columns: 30 } });
    await expect(
      during({ terminal, json: false, now } as never, 'x', () => Promise.reject(new Error('no'))),
    ).rejects.toThrow('no');
    expect(said().endsWith('\r\u001b[2K')).toBe(true);
  });

  it.each([
    [{}, false],
    [{ isTTY: true, columns: 30 }, true],
  ])('says nothing on %j with json %s', (stderr, json) => {
    const { terminal, said } = stage({ stderr });
    const progress = progressOf({ terminal, json, now });
    progress.tell('x');
    progress.end();
    expect(said()).toBe('');
  });
});

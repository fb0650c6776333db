/** Talk about what takes long, on standard error: one living line on a terminal, else a line every few seconds. */

export interface Progress {
  /** A new step; the one before it is done. */
  step(text: string): void;
  /** The step under way is done; `text` is what there is to say about it. */
  done(text?: string): void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

const onTerminal = (stream: NodeJS.WriteStream): Progress => {
  let text: string | undefined;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  let frame = 0;
  const clear = (): void => {
    clearInterval(timer);
    timer = undefined;
    stream.write('\r\u001b[2K');
  };
  const done = (note?: string): void => {
    if (text === undefined) return;
    clear();
    stream.write(`  ✓ ${note ?? text} (${seconds(since)})\n`);
    text = undefined;
  };
  return {
    step: (next) => {
      done();
      text = next;
      since = Date.now();
      timer = setInterval(() => {
        frame = (frame + 1) % FRAMES.length;
        const line = `  ${FRAMES[frame] ?? ''} ${next} … ${seconds(since)}`;
        stream.write(`\r\u001b[2K${line.slice(0, Math.max(20, stream.columns - 1))}`);
      }, 120);
      timer.unref();
    },
    done,
  };
};

const asLines = (stream: NodeJS.WriteStream, everyMs: number): Progress => {
  let text: string | undefined;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  const done = (note?: string): void => {
    if (text === undefined) return;
    clearInterval(timer);
    stream.write(`  ${note ?? text} (${seconds(since)})\n`);
    text = undefined;
  };
  return {
    step: (next) => {
      done();
      text = next;
      since = Date.now();
      timer = setInterval(() => stream.write(`  … ${next}: ${seconds(since)} so far\n`), everyMs);
      timer.unref();
    },
    done,
  };
};

export const progressOn = (stream: NodeJS.WriteStream): Progress =>
  stream.isTTY ? onTerminal(stream) : asLines(stream, 5_000);

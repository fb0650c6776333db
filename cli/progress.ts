/** One living line on standard error while something takes long: on a terminal, never elsewhere, never beside JSON. */
import type { Context } from './context.ts';
import { cut, duration, plain } from './text.ts';

export interface Progress {
  /** What is going on now. */
  tell(text: string): void;
  /** Clears the line: something else is about to be written. */
  end(): void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const EVERY_MS = 120;
const CLEAR = '\r\u001b[2K';

const SILENT: Progress = { tell: () => undefined, end: () => undefined };

export const progressOf = ({ terminal, json, now }: Pick<Context, 'terminal' | 'json' | 'now'>): Progress => {
  const { errColumns } = terminal;
  if (errColumns === undefined || json) return SILENT;
  const since = now();
  let text = '';
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    frame = (frame + 1) % FRAMES.length;
    const line = cut(`${FRAMES[frame] ?? ''} ${plain(text)} (${duration(now() - since)})`, errColumns - 1);
    terminal.err(`${CLEAR}${line}`);
  };
  return {
    tell: (next) => {
      text = next;
      timer ??= setInterval(draw, EVERY_MS).unref();
      draw();
    },
    end: () => {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      terminal.err(CLEAR);
    },
  };
};

/** Shows a line while `work` goes on. */
export const during = async <T>(context: Context, text: string, work: () => Promise<T>): Promise<T> => {
  const progress = progressOf(context);
  progress.tell(text);
  try {
    return await work();
  } finally {
    progress.end();
  }
};

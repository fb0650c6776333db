/** Where a command writes and whom it asks: data on standard output, talk on standard error. */
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** Data. */
  out(text: string): void;
  /** Talk. */
  err(text: string): void;
  /** Colours where the stream shows them: `NO_COLOR`, `FORCE_COLOR` and whether it is a terminal decide. */
  readonly styleOut: (style: Style, text: string) => string;
  readonly styleErr: (style: Style, text: string) => string;
  /** Standard output is a terminal so wide; undefined where it is none and nothing is cut. */
  readonly columns: number | undefined;
  /** Standard error is a terminal so wide: a line on it may live. */
  readonly errColumns: number | undefined;
  /** Somebody sits there and can be asked. */
  readonly canAsk: boolean;
  /** @returns undefined where the answer was refused (Ctrl-C, Ctrl-D). */
  ask(question: string): Promise<string | undefined>;
}

const DEFAULT_COLUMNS = 80;

const widthOn = (stream: NodeJS.WriteStream): number | undefined => {
  if (!stream.isTTY) return undefined;
  // Some terminals tell 0.
  return stream.columns > 0 ? stream.columns : DEFAULT_COLUMNS;
};

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

const ask = (streams: Streams, question: string): Promise<string | undefined> => {
  const reader = createInterface({ input: streams.stdin, output: streams.stderr });
  return new Promise((resolve) => {
    const refuse = (): void => {
      // The cursor stands behind the question.
      streams.stderr.write('\n');
      resolve(undefined);
    };
    reader.once('SIGINT', () => reader.close());
    reader.once('close', refuse);
    reader.question(question).then(
      (answer) => {
        reader.removeListener('close', refuse);
        reader.close();
        resolve(answer);
      },
      // Ctrl-D on a terminal ends the question itself.
      () => resolve(undefined),
    );
  });
};

export const terminalOf = (streams: Streams): Terminal => {
  const { stdin, stdout, stderr } = streams;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    styleOut: (style, text) => styleText(style, text, { stream: stdout }),
    styleErr: (style, text) => styleText(style, text, { stream: stderr }),
    columns: widthOn(stdout),
    errColumns: widthOn(stderr),
    canAsk: stdin.isTTY && stderr.isTTY,
    ask: (question) => ask(streams, question),
  };
};

/** The demo's story as a person reads it: scenes, moments with their time, and what was verified. */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

export interface Moment {
  readonly at: number;
  /** Who did it: `job`, `event`, `ledger`, `lakeFS`, `you`. */
  readonly who: string;
  readonly text: string;
}

export interface Verified {
  readonly what: string;
  readonly ok: boolean;
  /** What was seen where it is not as it should be. */
  readonly seen?: string;
}

export interface Timeline {
  title(text: string, notes: readonly string[]): void;
  scene(number: number, name: string, about: string): void;
  moment(moment: Moment): void;
  verified(result: Verified): void;
  end(text: string, ok: boolean): void;
}

const STATE_STYLE: Readonly<Record<string, Style>> = {
  PROMOTED: 'green',
  UNCHANGED: 'green',
  DISCARDED: 'yellow',
  CONFLICTED: 'magenta',
  REJECTED: 'magenta',
  FAILED: 'red',
  SUCCEEDED: 'green',
};
const WIDTH = 8;

const clock = (at: number): string => new Date(at).toISOString().slice(11, 23);
export const shortId = (id: string | undefined): string => (id === undefined ? '—' : id.slice(0, 12));

/** The line of a traceback that says what happened: its last one. */
export const gist = (text: string): string => (text.trim().split('\n').at(-1) ?? '').slice(0, 100);

/** Colours follow the stream: none off a terminal or under NO_COLOR, always under FORCE_COLOR. */
export const timelineOn = (stream: NodeJS.WriteStream): Timeline => {
  const style = (format: Style, text: string): string => styleText(format, text, { stream });
  const line = (text = ''): void => {
    stream.write(`${text}\n`);
  };
  const coloured = (text: string): string =>
    Object.entries(STATE_STYLE).reduce(
      (result, [word, format]) => result.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), style(format, word)),
      text,
    );
  return {
    title: (text, notes) => {
      line();
      line(style('bold', text));
      for (const note of notes) line(style('dim', note));
    },
    scene: (number, name, about) => {
      line();
      line(`${style(['bold', 'cyan'], `${String(number)}  ${name}`)}`);
      line(`   ${style('dim', about)}`);
    },
    moment: ({ at, who, text }) => {
      line(`   ${style('dim', clock(at))}  ${style('blue', who.padEnd(WIDTH))}${coloured(text)}`);
    },
    verified: ({ what, ok, seen }) => {
      line(
        ok
          ? `   ${style('green', '✓')} ${what}`
          : `   ${style('red', '✗')} ${what}${seen === undefined ? '' : `: ${seen}`}`,
      );
    },
    end: (text, ok) => {
      line();
      line(style(['bold', ok ? 'green' : 'red'], text));
    },
  };
};

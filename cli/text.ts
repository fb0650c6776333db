/** Text for a terminal: how wide it is, how it is cut, how times and long ids are written. */
import { stripVTControlCharacters } from 'node:util';
import type { EpochMs } from '../lambdas/domain/run.ts';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What terminals show in two columns: emoji, and the East Asian ranges of Unicode's annex 11. */
const WIDE =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{16FE0}-\u{18CFF}\u{1B000}-\u{1B2FF}\u{1F200}-\u{1F2FF}\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]/u;
const INVISIBLE = /^[\p{Mark}\p{Format}\u200B]+$/u;

const widthOfOne = (grapheme: string): number => (INVISIBLE.test(grapheme) ? 0 : WIDE.test(grapheme) ? 2 : 1);

/** Columns that a text takes. */
export const widthOf = (text: string): number => {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfOne(segment);
  return width;
};

/** At most so many columns; what is cut ends in `…`. */
export const cut = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text;
  if (columns <= 0) return '';
  let width = 1;
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    width += widthOfOne(segment);
    if (width > columns) break;
    kept += segment;
  }
  return `${kept}…`;
};

export const pad = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - widthOf(text)));

/**
 * One line without control characters. Names and messages come from jobs: they may hold escapes that would move the cursor
 * or set the title of somebody's terminal.
 */
export const plain = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\p{Control}\u2028\u2029]+/gu, ' ')
    .replace(/[\p{Bidi_Control}]/gu, '')
    .trim();

const lines = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== '');

/** The line of a message that says what happened: of a Python traceback the last one that is not indented, else the first. */
export const gist = (text: string): string => {
  const all = lines(text);
  const traceback = all.findLastIndex((line) => line.includes('Traceback (most recent call last)'));
  if (traceback < 0) return plain(all[0] ?? '');
  const said = all.slice(traceback + 1).filter((line) => /^\S/.test(line));
  // Cut off in the middle of the frames: the innermost that is left.
  return plain(said.at(-1) ?? all.at(-1) ?? '');
};

/** ISO-8601 in UTC, to the second. */
export const iso = (at: EpochMs): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

export const duration = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${String(seconds)}s`;
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))}m${String(seconds % 60).padStart(2, '0')}s`;
  const hours = Math.floor(seconds / 3600);
  return `${String(hours)}h${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')}m`;
};

/** The beginning of a commit id: long enough to tell it from all others of a repository. */
export const shortId = (id: string): string => (/^[0-9a-f]{40,}$/.test(id) ? id.slice(0, 12) : id);

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${String(count)} ${count === 1 ? one : many}`;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `7.0 MiB`. */
export const bytes = (count: number): string => {
  const step = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** step;
  return `${step === 0 ? String(count) : value.toFixed(1)} ${UNITS[step] ?? 'B'}`;
};

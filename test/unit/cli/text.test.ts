import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { cut, duration, gist, iso, plain, shortId, widthOf } from '../../../cli/text.ts';

describe('gist: the line that says what happened', () => {
  it.each([
    ['one line', 'one line'],
    ['', ''],
    ['FAILED: out of memory\nsee the log', 'FAILED: out of memory'],
    [
      'org.apache.spark.SparkException: Job aborted\n\tat org.apache.Foo\n\tat Bar',
      'org.apache.spark.SparkException: Job aborted',
    ],
    [
      'Traceback (most recent call last):\n  File "a.py", line 1\n    boom()\nValueError: bad day\n',
      'ValueError: bad day',
    ],
    [
      'Traceback (most recent call last):\n  File "a"\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "b"\nRuntimeError: wrapped',
      'RuntimeError: wrapped',
    ],
    [
      'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    cut off in the mid',
      'cut off in the mid',
    ],
    ['warning: x\nTraceback (most recent call last):\r\n  File "a"\r\ntold to fail\r\n', 'told to fail'],
  ])('%j', (message, expected) => {
    expect(gist(message)).toBe(expected);
  });

  test('is one line of plain text, whatever was said', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (message) => {
        expect(gist(message)).not.toMatch(/\p{Control}/u);
      }),
    );
  });
});

describe('width', () => {
  it.each([
    ['abc', 3],
    ['表', 2],
    ['e\u0301', 1],
    ['👩‍👩‍👧‍👦', 2],
    ['…', 1],
  ])('%s', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  test('a cut text fits, and one that fits is not cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 40 }), (text, columns) => {
        expect(widthOf(cut(text, columns))).toBeLessThanOrEqual(columns);
        if (widthOf(text) <= columns) expect(cut(text, columns)).toBe(text);
      }),
    );
  });
});

it('plain text holds no escapes that would act on a terminal', () => {
  expect(plain('\u001b]0;title\u0007a\u001b[2Jb\u009b31mc\u202Ed')).toBe('abcd');
});

it('times are ISO-8601 in UTC', () => {
  expect(iso(Date.parse('2026-11-24T15:04:05.678Z'))).toBe('2026-11-24T15:04:05Z');
});

it.each([
  [0, '0s'],
  [59_400, '59s'],
  [61_000, '1m01s'],
  [3_600_000 * 26, '26h00m'],
  [-5, '0s'],
])('a duration of %i ms', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it('commit ids are shortened, other words are not', () => {
  expect(shortId('a'.repeat(64))).toBe('a'.repeat(12));
  expect(shortId('main')).toBe('main');
});

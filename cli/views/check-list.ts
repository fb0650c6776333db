/** What doctor found. */
import type { Check } from '../../lambdas/payloads.ts';
import type { Terminal } from '../terminal.ts';
import { counted, gist, pad, plain, widthOf } from '../text.ts';

const LOOK = {
  ok: { mark: '✓', style: 'green' },
  warning: { mark: '!', style: 'yellow' },
  failed: { mark: '✗', style: 'red' },
} as const;

/** Remedies stand whole on a line of their own: they are what the reader is here for. */
export const checkList = (terminal: Terminal, checks: readonly Check[]): string => {
  const width = Math.max(0, ...checks.map(({ name }) => widthOf(plain(name))));
  return checks
    .map(({ name, status, message, remedy }) => {
      const { mark, style } = LOOK[status];
      const line = `${terminal.styleOut(style, mark)} ${pad(plain(name), width)}  ${gist(message)}\n`;
      return remedy === undefined || status === 'ok'
        ? line
        : `${line}${' '.repeat(width + 4)}${terminal.styleOut('dim', `→ ${plain(remedy)}`)}\n`;
    })
    .join('');
};

export const checkSummary = (checks: readonly Check[]): string => {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  return `${counted(checks.length, 'check')}: ${String(count('ok'))} ok, ${counted(count('warning'), 'warning')}, ${String(count('failed'))} failed`;
};

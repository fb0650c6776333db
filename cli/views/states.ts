/** How a run's state looks. */
import { isMoving, isWaiting, type RunState } from '../../lambdas/domain/run.ts';
import type { Style, Terminal } from '../terminal.ts';

const styleOf = (state: RunState): Style => {
  if (state === 'PROMOTED' || state === 'UNCHANGED') return 'green';
  if (isWaiting(state)) return 'magenta';
  return isMoving(state) ? 'cyan' : 'yellow';
};

/** Also of text around a state: padding, a mark. */
export const paintState = (terminal: Terminal, state: RunState, text: string = state): string =>
  terminal.styleOut(styleOf(state), text);

/** For people who see no colours. */
export const markOf = (state: RunState): string => {
  if (state === 'PROMOTED' || state === 'UNCHANGED') return '✓';
  if (isWaiting(state)) return '!';
  return isMoving(state) ? '•' : '✗';
};

/** Under which an entry is written. */
import type { Condition } from './table.ts';

/** Nothing is there yet. */
export const ENTRY_IS_NEW: Condition = { expression: 'attribute_not_exists(pk)' };
/** What was read is still what is stored; an entry that was never there fails as well. */
export const VERSION_IS_WHAT_WAS_READ = (nextVersion: number): Condition => ({
  expression: '#version = :read',
  names: { '#version': 'version' },
  values: { ':read': nextVersion - 1 },
});

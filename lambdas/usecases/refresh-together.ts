/**
 * Several Iceberg tables of one commit: all of them are written first, and then shown back to back. Between the first and the last of these
 * calls a reader may find the new state of one and the old one of another; it is as short as calls to Glue are.
 */
import type { PublishOutcome } from '../catalog-ports.ts';
import type { TableStep } from '../domain/catalog/publication.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { careful } from './careful.ts';
import { type HeldBack, refreshTable, type Work } from './refresh-table.ts';

/** Calls to Glue at a time: its rates are low. */
const AT_ONCE = 10;

/**
 * Leaves to the caller what is shown in steps anyway, what no query knows of yet, and what has to be done anew: those stay in `steps`.
 */
export const refreshTogether = async (
  of: Work,
  steps: Map<TableDescriptor, TableStep>,
  verified: string,
): Promise<'done' | 'unfinished' | 'failed'> => {
  const { ports, writer, until } = of;
  const isKnown = ({ iceberg, name }: TableDescriptor): boolean => {
    const { commit, keeps, switchAskedAt } = writer.entry.tables[name] ?? {};
    return iceberg !== undefined && commit !== undefined && keeps === undefined && switchAskedAt === undefined;
  };
  const open = [...steps].filter(([table, { step }]) => step !== 'none' && isKnown(table));
  // One alone has nobody to agree with.
  if (open.length < 2) return 'done';
  const held: HeldBack[] = [];
  let outcome: 'done' | 'unfinished' | 'failed' = 'done';
  for (const [table, step] of open) {
    if (step.step === 'none') continue;
    if (ports.clock.now() >= until) {
      outcome = 'unfinished';
      break;
    }
    const done = await careful(of, table, () => refreshTable(of, table, step, { verified, holdsBack: true }));
    if (typeof done === 'object') held.push(done);
    // What is written is shown all the same: who never finds the time for all of them would never show any.
    else if (done === 'unfinished') {
      outcome = 'unfinished';
      break;
    } else if (done === 'failed') outcome = 'failed';
    steps.set(table, { step: 'none' });
  }
  for (let at = 0; at < held.length; at += AT_ONCE) {
    const some = held.slice(at, at + AT_ONCE);
    const shown = await Promise.allSettled(some.map(({ show }) => show()));
    for (const [i, each] of some.entries()) {
      const answer = await careful(of, each.table, () => doneOf(each, shown[i]));
      if (answer === 'again') steps.set(each.table, { step: 'compare', to: verified });
      else if (answer === 'unfinished') outcome = 'unfinished';
      else if (answer === 'failed' && outcome === 'done') outcome = 'failed';
    }
  }
  return outcome;
};

const doneOf = async (
  { done }: HeldBack,
  shown: PromiseSettledResult<PublishOutcome> | undefined,
): Promise<'done' | 'unfinished' | 'again'> => {
  if (shown?.status === 'fulfilled') return done(shown.value);
  throw shown?.reason;
};

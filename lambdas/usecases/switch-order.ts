/**
 * When a table becomes another kind: last of all, and not before the symlink table beside it is shown, if there is to be one. Until then it
 * is refreshed as what it is.
 */
import { stepOfTable, type TableStep } from '../domain/catalog/publication.ts';
import { symlinkTableBeside, type TableDescriptor } from '../domain/catalog/table.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { Work } from './refresh-table.ts';

type Step = readonly [TableDescriptor, TableStep];

export const isSwitchAsked = ({ writer }: Work, { name }: TableDescriptor): boolean =>
  writer.entry.tables[name]?.switchAskedAt !== undefined;

export const switchesLast = (of: Work, steps: ReadonlyMap<TableDescriptor, TableStep>): readonly Step[] => {
  const [asked, others]: [Step[], Step[]] = [[], []];
  for (const each of steps) (isSwitchAsked(of, each[0]) ? asked : others).push(each);
  return [...others, ...asked];
};

/** Why it cannot be switched now, though it is asked for. */
export const obstacleOf = (of: Work, table: TableDescriptor): BranchlineError | undefined => {
  const beside = isSwitchAsked(of, table) ? symlinkTableBeside(of.tables, table) : undefined;
  if (beside === undefined) return undefined;
  const { commit, failure } = of.writer.entry.tables[beside.name] ?? {};
  if (commit !== undefined && failure === undefined) return undefined;
  const why = failure === undefined ? 'it is not shown yet' : `${failure.code} ${failure.message}`;
  return new BranchlineError('BL7024', `${beside.database}.${beside.tableName} has to be shown first: ${why}`);
};

/** What there would be to do if nobody had asked: the comparison is for the switch. */
export const withoutSwitch = (
  of: Work,
  table: TableDescriptor,
  planned: TableStep,
  { verified, compare }: { readonly verified: string; readonly compare: boolean },
): TableStep => {
  const record = of.writer.entry.tables[table.name];
  if (planned.step !== 'compare' || record === undefined) return planned;
  const { switchAskedAt: _, ...rest } = record;
  return stepOfTable(table, rest, verified, { compare, now: of.ports.clock.now() });
};

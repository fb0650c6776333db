/** Runs as a table. */
import { formatRunKey, type Run } from '../../lambdas/domain/run.ts';
import { type Column, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { duration, gist, iso } from '../text.ts';
import { paintState } from './states.ts';

/** From its opening to its end; of a run that goes on, until now. */
const took = (run: Run, now: number): string => duration((run.settledAt ?? run.jobEndedAt ?? now) - run.openedAt);

export const causeOf = (run: Run): string => {
  if (run.cause !== undefined) return `${run.cause.code} ${gist(run.cause.message)}`;
  return run.rerunOf === undefined ? '' : `rerun of ${run.rerunOf}`;
};

const columnsFor = (terminal: Terminal, now: number): readonly Column<Run>[] => [
  { title: 'RUN', value: (run) => formatRunKey(run) },
  { title: 'STATE', value: ({ state }) => state, paint: (text, { state }) => paintState(terminal, state, text) },
  { title: 'JOB', value: ({ job }) => job, least: 12 },
  { title: 'TARGET', value: ({ repository, target }) => `${repository}/${target}`, least: 8, spare: 2 },
  { title: 'OPENED', value: ({ openedAt }) => iso(openedAt), spare: 3 },
  { title: 'TOOK', value: (run) => took(run, now), spare: 1 },
  { title: 'CAUSE', value: causeOf, least: 16, spare: 4 },
];

export const runTable = (terminal: Terminal, runs: readonly Run[], now: number): string =>
  table(columnsFor(terminal, now), runs, terminal.columns, (text) => terminal.styleOut('dim', text));

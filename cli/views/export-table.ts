/** Exports as a table. */
import type { ExportStatus } from '../../lambdas/usecases/look-at-export.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { gist, iso, shortId } from '../text.ts';

const STYLE = {
  'up-to-date': 'green',
  behind: 'yellow',
  running: 'yellow',
  failed: 'red',
  'never-exported': 'yellow',
} as const;

const why = ({ record }: ExportStatus): string => {
  if (record?.failure !== undefined) return `${record.failure.code} ${gist(record.failure.message)}`;
  if (record?.run === undefined) return '';
  const { phase, copied, execution } = record.run;
  // Who copies what was planned; the ledger calls the phase by who did it first.
  return `${phase === 'map' ? (execution?.engine ?? 'map') : phase}: ${String(copied)} copied`;
};

export const exportTable = (terminal: Terminal, exports: readonly ExportStatus[]): string =>
  table<ExportStatus>(
    [
      { title: 'EXPORT', value: ({ name }) => name },
      { title: 'OF', value: ({ repository, ref }) => `${repository}/${ref}` },
      { title: 'TO', value: ({ destination }) => destination, spare: 3 },
      {
        title: 'STATE',
        value: ({ state }) => state,
        paint: (text, { state }) => terminal.styleOut(STYLE[state], text),
      },
      { title: 'HOLDS', value: ({ record }) => (record?.commit === undefined ? '-' : shortId(record.commit)) },
      {
        title: 'SINCE',
        value: ({ record }) => (record?.last === undefined ? '-' : iso(record.last.endedAt)),
        spare: 1,
      },
      { title: 'NOTE', value: why, least: 20, spare: 2 },
    ],
    exports,
    terminal.columns,
    (text) => terminal.styleOut('dim', text),
  );

/** Published tables, and what a comparison found, as tables. */
import { filesOf, type Misfits } from '../../lambdas/domain/catalog/publication.ts';
import type { LeftTable, RefusedDescription, TableStatus } from '../../lambdas/usecases/catalog-status.ts';
import type { TableVerification } from '../../lambdas/usecases/catalog-verify.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { counted, duration, gist, iso, shortId } from '../text.ts';

const STYLE = {
  shown: 'green',
  behind: 'yellow',
  unpublished: 'yellow',
  'to-compare': 'yellow',
  failed: 'red',
} as const;

const OTHER = { iceberg: 'symlink', symlink: 'iceberg' } as const;

const misfit = (misfits: Misfits): string => {
  const [first] = misfits.found;
  if (first === undefined) return '';
  const { kind, file, column = '', before = '', after = 'missing', why: said = '' } = first;
  const what = kind === 'unreadable' ? gist(said) : `${file}: column ${column} is ${after}, not ${before}`;
  return `${counted(filesOf(misfits), 'file')} that readers cannot read: ${what}`;
};

const why = ({ table, failure, drift, towards, misfits, keeps, switchAskedAt }: TableStatus): string => {
  if (failure !== undefined) return `${failure.code} ${gist(failure.message)}`;
  if (keeps !== undefined) {
    const to = OTHER[keeps];
    return switchAskedAt === undefined ? `wants ${to}: branchline catalog switch ${table}` : `becomes ${to}`;
  }
  if (towards !== undefined) return `on its way to ${shortId(towards)}`;
  if (misfits !== undefined) return misfit(misfits);
  return drift === undefined ? '' : `drifted ${iso(drift.at)}: ${gist(drift.what)}`;
};

const commitOf = ({ commit }: TableStatus): string => (commit === undefined ? '-' : shortId(commit));

export const catalogTable = (terminal: Terminal, tables: readonly TableStatus[]): string =>
  table<TableStatus>(
    [
      { title: 'TABLE', value: (row) => row.table },
      { title: 'TARGET', value: ({ repository, target }) => `${repository}/${target}`, spare: 4 },
      { title: 'GLUE', value: ({ database, tableName }) => `${database}.${tableName}`, spare: 3 },
      {
        title: 'STATE',
        value: ({ state }) => state,
        paint: (text, { state, misfits }) =>
          terminal.styleOut(state === 'shown' && misfits !== undefined ? 'yellow' : STYLE[state], text),
      },
      { title: 'SHOWS', value: commitOf },
      { title: 'LAG', value: ({ lagSeconds }) => (lagSeconds === 0 ? '-' : duration(lagSeconds * 1000)) },
      {
        title: 'PARTITIONS',
        value: ({ partitions }) => (partitions === undefined ? '-' : String(partitions)),
        spare: 5,
      },
      {
        title: 'COMPARED',
        value: ({ comparedAt }) => (comparedAt === undefined ? '-' : iso(comparedAt)),
        spare: 1,
      },
      { title: 'NOTE', value: why, least: 20, spare: 2 },
    ],
    tables,
    terminal.columns,
    (text) => terminal.styleOut('dim', text),
  );

/** A line for each file that is not taken at its word, and for each table that nobody asks for any more. */
export const otherTables = (
  terminal: Terminal,
  refused: readonly RefusedDescription[],
  left: readonly LeftTable[],
): string => {
  const lines = [
    ...refused.map(({ repository, target, table: name, code, message }) => {
      const shown = name === undefined ? 'no table is shown' : `${name} stays as it was described before`;
      return `${terminal.styleOut('red', 'refused')} ${repository}/${target}: ${shown}: ${code} ${gist(message)}\n`;
    }),
    ...left.map(({ repository, target, table: name, shownAs, commit, since }) => {
      const at = commit === undefined ? '' : ` at ${shortId(commit)}`;
      const glue = shownAs.length === 0 ? '' : ` as ${shownAs.join(', ')}`;
      return `${terminal.styleOut('yellow', 'left')} ${name} of ${repository}/${target}: in Glue${glue}${at}, since ${iso(since)}\n`;
    }),
  ];
  return lines.length === 0 ? '' : `\n${lines.join('')}`;
};

const PAINT = {
  right: 'green',
  different: 'red',
  busy: 'yellow',
  unpublished: 'yellow',
  unfinished: 'yellow',
} as const;

const sumOf = (verification: TableVerification): string =>
  Object.entries(verification.counts)
    .map(([kind, count]) => `${String(count)} ${kind}`)
    .join(', ');

/** A line for each table, and below it a line for each of its findings. */
export const verificationList = (terminal: Terminal, verified: readonly TableVerification[]): string =>
  verified
    .map((each) => {
      const { repository, target, outcome, partitions, commit, findings, counts } = each;
      const at = commit === undefined ? '' : ` at ${shortId(commit)}, ${counted(partitions, 'partition')}`;
      const sum = sumOf(each);
      const head = `${terminal.styleOut(PAINT[outcome], outcome)} ${each.table} of ${repository}/${target}${at}${sum === '' ? '' : `: ${sum}`}\n`;
      const lines = findings.map((finding) => {
        const partition = 'partition' in finding && finding.partition !== '' ? `  ${finding.partition}` : '';
        const what = 'what' in finding ? `  ${gist(finding.what)}` : '';
        return `  ${finding.kind}${partition}${what}\n`;
      });
      const all = Object.values(counts).reduce((sum_, count) => sum_ + count, 0);
      const rest = all > findings.length ? `  and ${String(all - findings.length)} more\n` : '';
      return head + lines.join('') + rest;
    })
    .join('');

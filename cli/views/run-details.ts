/** One run in full: what it is, its timeline, commits, conflicts, partitions, and what can be done now. */
import { METADATA } from '../../lambdas/contract.ts';
import type { SchemaChange } from '../../lambdas/domain/catalog/columns.ts';
import { type Clash, formatRunKey, type Run } from '../../lambdas/domain/run.ts';
import type { RunDetails } from '../../lambdas/usecases/inspect.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { counted, cut, duration, gist, iso, pad, plain, shortId } from '../text.ts';
import { nextCommands } from './next-commands.ts';
import { markOf, paintState } from './states.ts';

const SHOWN_PARTITIONS = 20;
const SHOWN_COLUMNS = 20;
const LABEL = 11;

export interface DetailOptions {
  /** All partitions, however many. */
  readonly all: boolean;
}

export const runDetails = (terminal: Terminal, details: RunDetails, options: DetailOptions): string => {
  const { run } = details;
  const indent = (block: string): string => block.replaceAll(/^(?=.)/gm, '  ');
  const section = (title: string, block: string): string =>
    block === '' ? '' : `\n${terminal.styleOut('bold', title)}\n${indent(block)}`;
  const width = terminal.columns === undefined ? undefined : terminal.columns - 2;
  return [
    `${terminal.styleOut('bold', formatRunKey(run))}  ${paintState(terminal, run.state)}\n`,
    indent(facts(terminal, run, width)),
    section('Timeline', timeline(terminal, run, width)),
    section('Commits', commits(details, width)),
    section('Conflict', clashes(run.clashes ?? [], width)),
    section('Columns', columns(run.schemaChanges ?? [], width)),
    section(partitionTitle(details), partitions(details, options, width)),
    section('Next', next(terminal, run, width)),
  ].join('');
};

const facts = (terminal: Terminal, run: Run, width: number | undefined): string => {
  const rows: [label: string, value: string | undefined][] = [
    ['job', `${run.job} (pipeline ${run.pipeline})`],
    ['job run', run.jobRunId === undefined ? undefined : `${run.jobRunId}${run.jobState ? `, ${run.jobState}` : ''}`],
    ['target', `${run.repository}/${run.target}`],
    ['branch', `${run.branch}${branchFate(run)}`],
    ['base', shortId(run.baseCommit)],
    ['rerun of', run.rerunOf],
    ['rerun as', run.rerunAs],
    ['cause', run.cause === undefined ? undefined : `${run.cause.code} ${gist(run.cause.message)}`],
    ['job says', run.jobMessage === undefined ? undefined : gist(run.jobMessage)],
    ['policy', run.policy === undefined ? undefined : `${run.policy}: under way by itself`],
    ['bookmark', run.bookmarkRewind === 'rerun-needed' ? 'not rewound: the window is to be run again' : undefined],
  ];
  return rows
    .filter((row): row is [string, string] => row[1] !== undefined)
    .map(([label, value]) => {
      const text = plain(value);
      const shown = width === undefined ? text : cut(text, width - LABEL);
      return `${terminal.styleOut('dim', pad(label, LABEL))}${shown}\n`;
    })
    .join('');
};

const branchFate = (run: Run): string => {
  if (run.branchDeleted) return ', deleted';
  return run.keepUntil === undefined ? '' : `, kept until ${iso(run.keepUntil)}`;
};

const timeline = (terminal: Terminal, run: Run, width: number | undefined): string =>
  table(
    [
      { title: '', value: ({ at }) => iso(at) },
      { title: '', value: ({ at }) => `+${duration(at - run.openedAt)}` },
      {
        title: '',
        value: ({ state }) => `${markOf(state)} ${state}`,
        paint: (text, { state }) => paintState(terminal, state, text),
      },
      { title: '', value: ({ note }) => gist(note ?? ''), least: 12, spare: 2 },
    ],
    run.steps,
    width,
  );

const commits = ({ commits: all, commitsUnread }: RunDetails, width: number | undefined): string =>
  table(
    [
      { title: '', value: ({ id }) => shortId(id) },
      { title: '', value: ({ creationDate }) => iso(creationDate), spare: 1 },
      { title: '', value: ({ metadata }) => metadata[METADATA.kind] ?? 'by hand' },
      { title: '', value: ({ message }) => gist(message), least: 12, spare: 2 },
    ],
    all,
    width,
  ) + (commitsUnread === undefined ? '' : `not read: ${commitsUnread}\n`);

const byWhom = ({ run, commit }: Clash): string => {
  if (run !== undefined) return `by run ${run}`;
  return commit === undefined ? 'on the target too' : 'by hand';
};

const clashes = (all: readonly Clash[], width: number | undefined): string =>
  table(
    [
      { title: '', value: ({ kind }) => kind },
      { title: '', value: ({ what }) => (what === '' ? '/' : what), least: 16 },
      { title: '', value: byWhom },
      { title: '', value: ({ commit }) => (commit === undefined ? '' : shortId(commit)), spare: 1 },
    ],
    all,
    width,
  );

const columns = (all: readonly SchemaChange[], width: number | undefined): string =>
  table(
    [
      { title: '', value: ({ kind }) => kind },
      { title: '', value: ({ table: name, column }) => (column === undefined ? name : `${name}.${column}`), least: 12 },
      { title: '', value: ({ before, after }) => [before, after].filter((type) => type !== undefined).join(' → ') },
      { title: '', value: ({ file }) => file, least: 16, spare: 1 },
    ],
    all.slice(0, SHOWN_COLUMNS),
    width,
  ) + (all.length > SHOWN_COLUMNS ? `… and ${String(all.length - SHOWN_COLUMNS)} more: --json\n` : '');

const partitionTitle = ({ run, partitions: all }: RunDetails): string => {
  const objects = run.changedObjects === undefined ? '' : `, ${counted(run.changedObjects, 'object')}`;
  return `Changed: ${counted(all?.length ?? 0, 'partition')}${objects}`;
};

const partitions = ({ partitions: all }: RunDetails, options: DetailOptions, width: number | undefined): string => {
  const shown = options.all ? (all ?? []) : (all ?? []).slice(0, SHOWN_PARTITIONS);
  const rest = (all?.length ?? 0) - shown.length;
  const lines = shown.map((each) => {
    const text = each === '' ? '/' : plain(each);
    return width === undefined ? text : cut(text, width);
  });
  return [...lines, ...(rest > 0 ? [`… and ${String(rest)} more: --all`] : [])].map((line) => `${line}\n`).join('');
};

const next = (terminal: Terminal, run: Run, width: number | undefined): string =>
  nextCommands(run)
    .map(({ command, does }) => {
      // A command is there to be copied: it is never cut, its explanation is.
      const left = width === undefined ? undefined : width - command.length - 4;
      const note = left === undefined ? `# ${does}` : left > 12 ? cut(`# ${does}`, left) : '';
      return `${command}${note === '' ? '' : `    ${terminal.styleOut('dim', note)}`}\n`;
    })
    .join('');

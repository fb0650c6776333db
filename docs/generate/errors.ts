/** docs/errors.md from the catalog of errors. */
import { ERROR_CATALOG, type ErrorCode, type ErrorEntry } from '../../lambdas/domain/errors.ts';

const GROUPS: readonly { readonly prefix: string; readonly title: string; readonly about: string }[] = [
  {
    prefix: 'BL1',
    title: 'What was asked for',
    about: 'The request, the configuration or an event is wrong, or names what is not there.',
  },
  {
    prefix: 'BL2',
    title: 'Runs and targets',
    about: 'How a run or a target stands. Many of these are causes in the ledger rather than thrown errors.',
  },
  { prefix: 'BL3', title: 'lakeFS', about: 'What the lakeFS server answered, or that it did not.' },
  { prefix: 'BL4', title: 'AWS', about: 'What an AWS service answered, and races for a ledger entry.' },
  { prefix: 'BL5', title: 'Branchline itself', about: 'A bug.' },
  {
    prefix: 'BL6',
    title: 'The command line',
    about:
      'Between the person and the functions: told by `branchline` alone, never by a function. See [cli.md](cli.md).',
  },
  { prefix: 'BL7', title: 'The catalog', about: 'Between a target and the tables that readers see of it.' },
  {
    prefix: 'BL8',
    title: 'Recovery',
    about: 'Snapshots, rotation of the key pair, the ways back, and what removes data for good.',
  },
  { prefix: 'BL9', title: 'Consumers outside lakeFS', about: 'Between the lake and the plain copies of it.' },
];

const EXIT: Readonly<Record<ErrorEntry['exitCode'], string>> = {
  1: 'fault',
  2: 'usage',
  3: 'not found',
  4: 'denied',
  5: 'conflict',
  6: 'rejected',
  7: 'timed out',
};

const entries = Object.entries(ERROR_CATALOG) as [ErrorCode, ErrorEntry][];

const section = ([code, { title, fixer, retryable, remedy, exitCode }]: [ErrorCode, ErrorEntry]): string[] => [
  `### ${code}`,
  '',
  `**${title.charAt(0).toUpperCase()}${title.slice(1)}.** ${remedy}`,
  '',
  `Mended by: ${fixer}. A repeat may help: ${retryable ? 'yes' : 'no'}. Exit code of the CLI: ${String(exitCode)} (${EXIT[exitCode]}).`,
  '',
];

export const errorsPage = (): string =>
  [
    '<!-- Made by `npm run generate:docs` from lambdas/domain/error-catalog/. Do not edit. -->',
    '# Errors',
    '',
    'Every fault that a person may meet has a code. Its message begins with the code and its title, then says what was seen.',
    'A function that refuses or fails throws an error whose name is the code, so that a Step Functions state can catch it by',
    'name ([functions.md](functions.md)). The same codes stand as `cause.code` in ledger entries and domain events, and as `code`',
    'on the exceptions of the Python package. Codes are never given another meaning; new ones may be added.',
    '',
    '| code | title | mended by | repeat helps |',
    '| --- | --- | --- | --- |',
    ...entries.map(
      ([code, { title, fixer, retryable }]) =>
        `| [${code}](#${code.toLowerCase()}) | ${title} | ${fixer} | ${retryable ? 'yes' : 'no'} |`,
    ),
    '',
    ...GROUPS.flatMap(({ prefix, title, about }) => [
      `## ${title}`,
      '',
      about,
      '',
      ...entries.filter(([code]) => code.startsWith(prefix)).flatMap(section),
    ]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');

import type { Command } from 'commander';
import type { TableAt } from '../../lambdas/usecases/catalog-at.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { iso, shortId } from '../text.ts';
import { type TableOptions, tablesOf, withTables } from './chosen-tables.ts';

interface AtOptions extends TableOptions {
  readonly ref: string;
}

const noteOf = ({ table, state, asked, commit = '', shownAt = 0 }: TableAt, ref: string): string => {
  const preview = `branchline catalog preview --ref ${ref} --table ${table}`;
  switch (state) {
    case 'same':
      return `${table}: as of ${shortId(asked)}, shown ${iso(shownAt)}`;
    case 'earlier':
      return `${table}: an earlier state, of ${shortId(commit)}: that of ${shortId(asked)} was not shown by itself\n  ${preview}`;
    case 'expired':
      return `${table}: its snapshot has expired\n  ${preview}`;
    case 'not-yet-shown':
      return `${table}: was first shown later\n  ${preview}`;
    case 'no-snapshots':
      return `${table}: no Iceberg table\n  ${preview}`;
  }
};

export const addCatalogAt = (catalog: Command, session: Session): void => {
  const at = withTables(
    catalog
      .command('at')
      .description('Prints the query that reads each Iceberg table as it was at a commit, run or time.')
      .requiredOption(
        '--ref <ref>',
        'commit, tag, snapshot, id of a promoted run, or a time such as 2026-11-20T10:00Z',
      ),
  ).action(async (table: string | undefined, options: AtOptions, command: Command) => {
    const context = session.open(command);
    const request = { ref: options.ref, ...tablesOf(table, options) };
    const answer = await during(context, 'looking for snapshots', () => context.deployment.catalog.at(request));
    context.answer(answer, () => {
      for (const each of answer.at) {
        if (each.query !== undefined) context.terminal.out(`${each.query};\n`);
        context.say(noteOf(each, options.ref));
      }
    });
  });
  withExamples(
    at,
    ['branchline catalog at --ref snapshot-main-20261120T100000Z', 'all Iceberg tables as a snapshot keeps them'],
    ['branchline catalog at sales --ref r20261124t150405_ab12cd34', 'one table, as a run left it'],
    ['branchline catalog at --ref 2026-11-20T10:00Z --json', 'as they were at a time, for a script'],
  );
};

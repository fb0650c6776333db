/** `restores list` and `restores show`: who asked for which restore, plans among them, and what came of it. */
import type { Command } from 'commander';
import type { RestoreRecord } from '../../lambdas/domain/restore.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseLimit } from '../options.ts';
import { during } from '../progress.ts';
import { table } from '../table.ts';
import { gist, iso, shortId } from '../text.ts';

interface ListOptions {
  readonly repository?: string;
  readonly limit?: number;
}

const whatOf = ({ what, branch, dryRun }: RestoreRecord): string =>
  `${dryRun ? 'plan of ' : ''}${branch === undefined ? what : `branch ${branch}`}`;

/** A record without an outcome is of one that goes on, or whose function died. */
const outcomeOf = ({ outcome }: RestoreRecord): string => outcome ?? 'not ended';

const lines = (record: RestoreRecord): string[] => {
  const { id, repository, requestedBy, startedAt, endedAt, snapshot, commit, lost, message } = record;
  return [
    `${id} ${outcomeOf(record)}`,
    `  ${whatOf(record)} in ${repository === '*' ? 'all repositories' : repository}, asked for by ${requestedBy}`,
    `  ${iso(startedAt)}${endedAt === undefined ? '' : ` to ${iso(endedAt)}`}`,
    ...(snapshot === undefined ? [] : [`  from ${snapshot}`]),
    ...(commit === undefined ? [] : [`  at ${shortId(commit)}`]),
    ...(lost === undefined || lost.runs.length === 0 ? [] : [`  missing, to be run again: ${lost.runs.join(', ')}`]),
    ...(lost?.targets ?? []).map((each) => `  target ${each.target} was at ${shortId(each.commit)}`),
    ...(message === undefined ? [] : [`  ${gist(message)}`]),
  ];
};

export const addRestoresList = (restores: Command, session: Session): void => {
  const command = restores
    .command('list')
    .description('Lists restores, newest first: plans and failed ones among them.')
    .option('--repository <name>', 'only of this one')
    .option('-n, --limit <number>', 'at most so many', parseLimit)
    .action(async ({ repository, limit }: ListOptions, self: Command) => {
      const context = session.open(self);
      const answer = await during(context, 'reading the ledger', () =>
        context.deployment.restores({
          ...(repository === undefined ? {} : { repository }),
          ...(limit === undefined ? {} : { limit }),
        }),
      );
      context.answer(answer, () => {
        if (answer.restores.length === 0) return context.say('nobody has asked for a restore');
        context.terminal.out(
          table(
            [
              { title: 'RESTORE', value: ({ id }) => id },
              { title: 'OUTCOME', value: outcomeOf },
              { title: 'REPOSITORY', value: ({ repository: name }) => name },
              { title: 'WHAT', value: whatOf, least: 10 },
              { title: 'WHO', value: ({ requestedBy }) => requestedBy, least: 8, spare: 2 },
              { title: 'ASKED', value: ({ startedAt }) => iso(startedAt), spare: 1 },
              { title: 'WHY', value: ({ message }) => gist(message ?? ''), least: 8, spare: 3 },
            ],
            answer.restores,
            context.terminal.columns,
            (text) => context.terminal.styleOut('dim', text),
          ),
        );
      });
    });
  withExamples(
    command,
    ['branchline restores list', 'who asked for what'],
    ['branchline restores list --repository lake', 'of one repository'],
  );
};

export const addRestoresShow = (restores: Command, session: Session): void => {
  const command = restores
    .command('show')
    .description('Shows one restore: the backup that was used, and what was lost.')
    .argument('<restore>', 'its id, as lists show it, or the beginning of it')
    .action(async (id: string, _options: unknown, self: Command) => {
      const context = session.open(self);
      const answer = await during(context, `reading restore ${id}`, () => context.deployment.restored(id));
      context.answer(answer, () => context.terminal.out(`${lines(answer.restore).join('\n')}\n`));
    });
  withExamples(command, ['branchline restores show 2026-11-24T15:04:05', 'by the beginning of its id']);
};

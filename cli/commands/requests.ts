/** `requests`: who asked for what, of all kinds, dry runs among it. */
import type { Command } from 'commander';
import type { RequestRecord } from '../../lambdas/domain/request.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseLimit } from '../options.ts';
import { during } from '../progress.ts';
import { table } from '../table.ts';
import { gist, iso, plain } from '../text.ts';

interface Options {
  readonly repository?: string;
  readonly target?: string;
  readonly limit?: number;
}

const whatOf = ({ function: name, action, dryRun }: RequestRecord): string =>
  `${name} ${action}${dryRun && action !== 'plan' ? ' (dry run)' : ''}`;

/** What tells one from another at a glance: the rest is in the JSON. */
const TELLING = [
  'id',
  'runId',
  'run',
  'to',
  'collection',
  'erasure',
  'export',
  'table',
  'name',
  'ref',
  'kind',
  'branch',
];

const whereOf = ({ repository, target, asked }: RequestRecord): string => {
  const [subject] = TELLING.flatMap((key) => (typeof asked[key] === 'string' ? [asked[key]] : []));
  return plain([repository, target, subject].filter((part) => part !== undefined).join(' '));
};

/** A record without an outcome is of one that goes on, or whose function died. */
const outcomeOf = ({ outcome }: RequestRecord): string => outcome ?? 'not ended';

export const addRequests = (program: Command, session: Session): void => {
  const command = program
    .command('requests')
    .description(
      'Lists who asked for what, newest first: rollbacks, restores and all other changes, dry runs among them.',
    )
    .option('--repository <name>', 'only of this one')
    .option('--target <name>', 'only of targets with this name')
    .option('-n, --limit <number>', 'at most so many', parseLimit)
    .action(async ({ repository, target, limit }: Options, self: Command) => {
      const context = session.open(self);
      const answer = await during(context, 'reading the ledger', () =>
        context.deployment.requests({
          ...(repository === undefined ? {} : { repository }),
          ...(target === undefined ? {} : { target }),
          ...(limit === undefined ? {} : { limit }),
        }),
      );
      context.answer(answer, () => {
        if (answer.requests.length === 0) return context.say('nobody has asked for anything');
        context.terminal.out(
          table(
            [
              { title: 'ASKED', value: ({ startedAt }) => iso(startedAt) },
              { title: 'WHO', value: ({ requestedBy }) => plain(requestedBy), least: 8, spare: 2 },
              { title: 'WHAT', value: whatOf, least: 12 },
              { title: 'OF', value: whereOf, least: 8, spare: 1 },
              { title: 'OUTCOME', value: outcomeOf },
              { title: 'WHY', value: ({ message, reason }) => gist(message ?? reason ?? ''), least: 8, spare: 3 },
            ],
            answer.requests,
            context.terminal.columns,
            (text) => context.terminal.styleOut('dim', text),
          ),
        );
      });
    });
  withExamples(
    command,
    ['branchline requests', 'who asked for what'],
    ['branchline requests --repository lake --limit 200 --json', 'of one repository, with all that was asked'],
  );
};

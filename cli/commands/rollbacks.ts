/** `rollbacks list` and `rollbacks show`: who asked for what, and what became of it. */
import type { Command } from 'commander';
import type { Rollback } from '../../lambdas/domain/rollback.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { parseLimit } from '../options.ts';
import { during } from '../progress.ts';
import { table } from '../table.ts';
import { gist, iso, shortId } from '../text.ts';
import { chosenTarget } from './chosen-target.ts';

const askedFor = ({ asked, plan }: Rollback): string => {
  if (asked.run !== undefined) return `without ${asked.run}`;
  const part = [...(asked.tables ?? []), ...(asked.prefixes ?? [])].join(', ');
  const to = plan === undefined ? '' : ` = ${shortId(plan.to)}`;
  return `to ${shortId(asked.to ?? '')}${shortId(asked.to ?? '') === shortId(plan?.to ?? '') ? '' : to}${part === '' ? '' : ` (${part})`}`;
};

interface ListOptions {
  readonly target?: string;
  readonly unfinished?: boolean;
  readonly limit?: number;
}

export const addRollbacksList = (rollbacks: Command, session: Session): void => {
  const command = rollbacks
    .command('list')
    .description('Lists rollbacks, newest first: dry runs and refused ones among them.')
    .option('--target <target>', 'only of this target, as REPOSITORY/TARGET')
    .option('--unfinished', 'only those that are not finished')
    .option('-n, --limit <number>', 'at most so many', parseLimit)
    .action(async (options: ListOptions, self: Command) => {
      const context = session.open(self);
      const { unfinished, limit } = options;
      const target = options.target === undefined ? undefined : await chosenTarget(context, options.target);
      const answer = await during(context, 'reading the ledger', () =>
        context.deployment.rollbacks({
          ...(target === undefined ? {} : { repository: target.repository, target: target.branch }),
          ...(unfinished === true ? { unfinished } : {}),
          ...(limit === undefined ? {} : { limit }),
        }),
      );
      context.answer(answer, () => {
        if (answer.rollbacks.length === 0) return context.say('nobody has asked for a rollback');
        context.terminal.out(
          table(
            [
              { title: 'ROLLBACK', value: ({ id }) => id },
              { title: 'STATE', value: ({ state }) => state },
              { title: 'TARGET', value: ({ repository, target: branch }) => `${repository}/${branch}` },
              { title: 'WHAT', value: askedFor, least: 16 },
              { title: 'WHO', value: ({ requestedBy }) => requestedBy, least: 8, spare: 2 },
              { title: 'ASKED', value: ({ requestedAt }) => iso(requestedAt), spare: 1 },
              { title: 'WHY', value: ({ reason, cause }) => gist(cause?.message ?? reason ?? ''), least: 12, spare: 3 },
            ],
            answer.rollbacks,
            context.terminal.columns,
            (text) => context.terminal.styleOut('dim', text),
          ),
        );
      });
    });
  withExamples(
    command,
    ['branchline rollbacks list', 'who asked for what'],
    ['branchline rollbacks list --unfinished', 'what is still to be ended'],
  );
};

export const addRollbacksShow = (rollbacks: Command, session: Session): void => {
  const command = rollbacks
    .command('show')
    .description('Shows one rollback and its steps.')
    .argument('<rollback>', 'its id, as lists show it')
    .action(async (id: string, _options: unknown, self: Command) => {
      const context = session.open(self);
      const answer = await during(context, `reading rollback ${id}`, () => context.deployment.rollback(id));
      const { rollback } = answer;
      context.answer(answer, () => {
        const { terminal } = context;
        terminal.out(`${rollback.id} ${rollback.state}\n`);
        terminal.out(`  ${rollback.repository}/${rollback.target} ${askedFor(rollback)}\n`);
        terminal.out(
          `  asked for by ${rollback.requestedBy}${rollback.reason === undefined ? '' : `: ${gist(rollback.reason)}`}\n`,
        );
        if (rollback.cause !== undefined) terminal.out(`  ${gist(rollback.cause.message)}\n`);
        if (rollback.safetyTag !== undefined) terminal.out(`  what was there before: ${rollback.safetyTag}\n`);
        for (const { at, state, note = '' } of rollback.steps)
          terminal.out(`${iso(at)}  ${state}  ${gist(note)}`.trimEnd().concat('\n'));
      });
    });
  withExamples(command, ['branchline rollbacks show 20261120t100000-5f0c2a91', 'step by step']);
};

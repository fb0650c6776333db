import type { Command } from 'commander';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { targetTable } from '../views/target-table.ts';

export const addTargetsList = (targets: Command, session: Session): void => {
  const list = targets
    .command('list')
    .description('Lists targets: what readers see, what holds or blocks promotions.')
    .action(async (_options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'reading the ledger', () => context.deployment.targets());
      context.answer(answer, () => {
        if (answer.targets.length === 0) {
          context.say('no target is known yet: the first run or set-up makes the entry');
          return;
        }
        context.terminal.out(targetTable(context.terminal, answer.targets, context.now()));
        for (const { repository, branch, blocked } of answer.targets) {
          if (blocked === undefined) continue;
          const name = `${repository}/${branch}`;
          context.say(`  branchline targets accept ${name}    # keep commit ${blocked.commit}`);
          context.say(`  branchline targets revert ${name}    # take it back by a new commit`);
        }
      });
    });
  withExamples(
    list,
    ['branchline targets list', 'which are open, held or blocked'],
    ['branchline targets list --json | jq ".targets[] | select(.blocked)"', 'for a script'],
  );
};

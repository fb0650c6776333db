/** How a run ended that a command has waited for. */
import { formatRunKey, type Run } from '../../lambdas/domain/run.ts';
import type { Context } from '../context.ts';
import { duration, shortId } from '../text.ts';
import { nextCommands } from '../views/next-commands.ts';
import { causeOf } from '../views/run-table.ts';
import { paintState } from '../views/states.ts';

export const tellEnd = (context: Context, run: Run): void => {
  const { terminal } = context;
  terminal.out(`${formatRunKey(run)} ${paintState(terminal, run.state)}\n`);
  const merge = run.mergeCommit === undefined ? '' : `, merge ${shortId(run.mergeCommit)}`;
  context.say(
    `  after ${duration((run.settledAt ?? run.updatedAt) - run.openedAt)} on ${run.repository}/${run.target}${merge}`,
  );
  if (run.cause !== undefined) context.say(`  ${causeOf(run)}`);
  for (const { command, does } of nextCommands(run)) context.say(`  ${command}    # ${does}`);
};

/** `--wait`: until a run has ended or waits for a person, and how it ended. */
import { formatRunKey, type Run } from '../../lambdas/domain/run.ts';
import type { Context, Session } from '../context.ts';
import { duration, shortId } from '../text.ts';
import { nextCommands } from '../views/next-commands.ts';
import { causeOf } from '../views/run-table.ts';
import { paintState } from '../views/states.ts';
import { exitCodeOfRun, waitForRun } from '../wait.ts';

const tellEnd = (context: Context, run: Run): void => {
  const { terminal } = context;
  terminal.out(`${formatRunKey(run)} ${paintState(terminal, run.state)}\n`);
  const merge = run.mergeCommit === undefined ? '' : `, merge ${shortId(run.mergeCommit)}`;
  context.say(
    `  after ${duration((run.settledAt ?? run.updatedAt) - run.openedAt)} on ${run.repository}/${run.target}${merge}`,
  );
  if (run.cause !== undefined) context.say(`  ${causeOf(run)}`);
  for (const { command, does } of nextCommands(run)) context.say(`  ${command}    # ${does}`);
};

/** Waits for the end of a run and tells it beside what the function answered; the exit code of the process tells it too. */
export const answerWithEnd = async (
  session: Session,
  context: Context,
  answer: Readonly<Record<string, unknown>>,
  waitFor: Run,
  timeoutMs: number | undefined,
): Promise<void> => {
  const run = await waitForRun(context, waitFor, { timeoutMs });
  session.exitCode = exitCodeOfRun(run);
  context.answer({ ...answer, run }, () => tellEnd(context, run));
};

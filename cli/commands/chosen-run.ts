/** Which attempt a decision is about: the one that is named, else the newest. */
import type { Run } from '../../lambdas/domain/run.ts';
import type { Context } from '../context.ts';
import { runChoice } from '../options.ts';
import { during } from '../progress.ts';

export const chosenRun = async (context: Context, text: string, option: number | undefined): Promise<Run> => {
  const { runId, attempt } = runChoice(text, option);
  const { attempts } = await during(context, `reading run ${runId}`, () => context.deployment.run(runId, attempt));
  return attempts.map(({ run }) => run).reduce((newest, run) => (run.attempt > newest.attempt ? run : newest));
};

/** As the functions want it. */
export const keyOf = ({ runId, attempt }: Run): { readonly runId: string; readonly attempt: number } => ({
  runId,
  attempt,
});

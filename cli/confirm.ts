/** Asking before something is changed that cannot be taken back. */
import type { Context } from './context.ts';
import { Failure } from './failure.ts';

/**
 * @param question what would be done, e.g. `Discard run x?`
 * @throws Failure BL6002 where the answer is not yes, or nobody can be asked.
 */
export const confirm = async ({ terminal }: Context, question: string, yes: boolean | undefined): Promise<void> => {
  if (yes === true) return;
  if (!terminal.canAsk) throw new Failure('BL6002', `"${question}" needs --yes where nobody can be asked`);
  const answer = await terminal.ask(`${terminal.styleErr('bold', question)} [y/N] `);
  if (answer === undefined || !/^y(es)?$/i.test(answer.trim()))
    throw new Failure('BL6002', 'nothing was changed', { remedy: 'Answer y to go on.' });
};

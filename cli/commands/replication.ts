/** `replication status|verify`: what has arrived in the second region. */
import type { Command } from 'commander';
import type { Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { replicationText, verifiedText } from '../views/replication-text.ts';

interface VerifyOptions {
  readonly target?: string;
}

const addStatus = (replication: Command, session: Session): void => {
  const status = replication
    .command('status')
    .description('Shows what has wholly arrived in the second region, how far behind it is, and what is missing.')
    .argument('[repository]', 'of this one alone')
    .action(async (repository: string | undefined, _options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'reading the ledger', () =>
        context.deployment.replication({ action: 'status', ...(repository === undefined ? {} : { repository }) }),
      );
      context.answer(answer, () => {
        if (answer.records.length === 0) context.say(`nothing was looked at in ${answer.region} yet`);
        else context.terminal.out(`${answer.records.map(replicationText).join('\n')}\n`);
      });
    });
  withExamples(status, ['branchline replication status', 'all repositories']);
};

const addVerify = (replication: Command, session: Session): void => {
  const verify = replication
    .command('verify')
    .description(
      'Looks for every object of what has arrived anew. Exit code 6 if one is missing, 7 if the time was up.',
    )
    .argument('[repository]', 'of this one alone')
    .option('--target <branch>', 'this target alone')
    .action(async (repository: string | undefined, { target }: VerifyOptions, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'looking for every object', () =>
        context.deployment.replication({
          action: 'verify',
          ...(repository === undefined ? {} : { repository }),
          ...(target === undefined ? {} : { target }),
        }),
      );
      if (answer.outcome === 'missing') session.exitCode = EXIT.rejected;
      if (answer.outcome === 'unfinished') session.exitCode = EXIT.timedOut;
      context.answer(answer, () => context.terminal.out(`${answer.targets.map(verifiedText).join('\n')}\n`));
    });
  withExamples(verify, ['branchline replication verify lake --target main', 'lists everything that it shows']);
};

export const addReplication = (program: Command, session: Session): void => {
  const replication = program
    .command('replication')
    .helpCommand(false)
    .description('What has arrived in the second region. See docs/second-region.md.');
  addStatus(replication, session);
  addVerify(replication, session);
  withExamples(replication, ['branchline replication status', 'what could be restored there']);
};

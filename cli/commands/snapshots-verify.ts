import type { Command } from 'commander';
import type { Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { snapshotPlaceOf } from './chosen-snapshot.ts';

interface VerifyOptions {
  readonly full?: boolean;
}

export const addSnapshotsVerify = (snapshots: Command, session: Session): void => {
  const verify = snapshots
    .command('verify')
    .description(
      'Looks whether a snapshot is still all there, and tells what is missing. Exit code 6 if it is damaged.',
    )
    .argument('<snapshot>', 'REPOSITORY/SNAPSHOT, as lists show it')
    .option('--full', 'count and digest every object anew')
    .action(async (text: string, { full }: VerifyOptions, command: Command) => {
      const context = session.open(command);
      const place = snapshotPlaceOf(text);
      const answer = await during(context, `verifying ${text}`, () =>
        context.deployment.snapshot({ action: 'verify', ...place, ...(full === true ? { full: true } : {}) }),
      );
      if (answer.outcome === 'damaged') session.exitCode = EXIT.rejected;
      if (answer.outcome === 'unfinished') session.exitCode = EXIT.timedOut;
      context.answer(answer, () => {
        context.terminal.out(`${answer.outcome} ${text}\n`);
        for (const each of answer.missing) context.terminal.out(`  ${each}\n`);
      });
    });
  withExamples(
    verify,
    ['branchline snapshots verify lake/snapshot-main-20261120T020000Z', 'by identifiers and digests'],
    ['branchline snapshots verify lake/snapshot-main-20261120T020000Z --full', 'reads the whole listing'],
  );
};

/** `snapshots hold` and `snapshots release`: a legal hold keeps a snapshot whatever the rules say. */
import type { Command } from 'commander';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { snapshotPlaceOf } from './chosen-snapshot.ts';

interface HoldOptions {
  readonly reason: string;
  readonly dryRun?: boolean;
}

const EXAMPLE = 'lake/snapshot-main-20261120T020000Z';

export const addSnapshotsHold = (snapshots: Command, session: Session): void => {
  const hold = snapshots
    .command('hold')
    .description('Keeps a snapshot until it is released, whatever the rules of retention say.')
    .argument('<snapshot>', 'REPOSITORY/SNAPSHOT, as lists show it')
    .requiredOption('-r, --reason <text>', 'why; kept with the snapshot')
    .option('--dry-run', 'only tell whether it can be held')
    .action(async (text: string, { reason, dryRun }: HoldOptions, command: Command) => {
      const context = session.open(command);
      const place = snapshotPlaceOf(text);
      const request = { action: 'hold' as const, ...place, reason };
      const answer = await during(context, `holding ${text}`, () =>
        context.deployment.snapshot({ ...request, ...(dryRun === true ? { dryRun } : {}) }),
      );
      context.answer(answer, () => context.terminal.out(`${answer.outcome} ${text}\n`));
    });
  withExamples(hold, [`branchline snapshots hold ${EXAMPLE} --reason "case 4711"`, 'until somebody releases it']);
};

export const addSnapshotsRelease = (snapshots: Command, session: Session): void => {
  const release = snapshots
    .command('release')
    .description('Takes the hold off a snapshot: from then on the rules of retention decide.')
    .argument('<snapshot>', 'REPOSITORY/SNAPSHOT, as lists show it')
    .option('--dry-run', 'only tell whether it can be released')
    .action(async (text: string, { dryRun }: Pick<HoldOptions, 'dryRun'>, command: Command) => {
      const context = session.open(command);
      const place = snapshotPlaceOf(text);
      const request = { action: 'release' as const, ...place };
      const answer = await during(context, `releasing ${text}`, () =>
        context.deployment.snapshot({ ...request, ...(dryRun === true ? { dryRun } : {}) }),
      );
      context.answer(answer, () => context.terminal.out(`${answer.outcome} ${text}\n`));
    });
  withExamples(release, [`branchline snapshots release ${EXAMPLE}`, 'the next pruning may remove it']);
};

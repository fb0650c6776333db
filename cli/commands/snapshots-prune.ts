import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import type { Session } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { counted } from '../text.ts';
import { placeOf, snapshotPlaceOf } from './chosen-snapshot.ts';

interface PruneOptions {
  readonly target?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export const addSnapshotsPrune = (snapshots: Command, session: Session): void => {
  const prune = snapshots
    .command('prune')
    .description(
      'Removes snapshots that no rule of retention and no hold keeps; or one by name, unless it is held or the newest.',
    )
    .argument('[snapshot]', 'REPOSITORY/SNAPSHOT; without it all that no rule keeps')
    .option('-t, --target <target>', 'of this target alone, as REPOSITORY/TARGET or REPOSITORY')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only tell what would be removed')
    .action(async (text: string | undefined, options: PruneOptions, command: Command) => {
      const context = session.open(command);
      if (text !== undefined && options.target !== undefined)
        throw new Failure('BL6001', 'give a snapshot or --target, not both');
      const request = {
        action: 'prune' as const,
        ...(text === undefined ? {} : snapshotPlaceOf(text)),
        ...(options.target === undefined ? {} : placeOf(options.target)),
      };
      const told = (outcome: string, all: readonly { repository: string; id: string }[]): void => {
        for (const { repository, id } of all) context.terminal.out(`${outcome} ${repository}/${id}\n`);
      };
      const trial = await during(context, 'looking what would be removed', () =>
        context.deployment.snapshot({ ...request, dryRun: true }),
      );
      if (options.dryRun === true || trial.snapshots.length === 0) {
        context.answer(trial, () => {
          if (trial.snapshots.length === 0) context.say('every snapshot is kept by a rule or a hold');
          told(trial.outcome, trial.snapshots);
        });
        return;
      }
      for (const { repository, id } of trial.snapshots) context.say(`  ${repository}/${id}`);
      await confirm(context, `Remove ${counted(trial.snapshots.length, 'snapshot')} for good?`, options.yes);
      const answer = await during(context, 'pruning', () => context.deployment.snapshot(request));
      context.answer(answer, () => told(answer.outcome, answer.snapshots));
    });
  withExamples(
    prune,
    ['branchline snapshots prune --dry-run', 'changes nothing'],
    ['branchline snapshots prune --yes', 'as the schedule does it'],
    ['branchline snapshots prune lake/snapshot-main-20261120T020000Z', 'this one'],
  );
};

import type { Command } from 'commander';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { snapshotTable } from '../views/snapshot-table.ts';
import { placeOf } from './chosen-snapshot.ts';

interface ListOptions {
  readonly target?: string;
}

export const addSnapshotsList = (snapshots: Command, session: Session): void => {
  const list = snapshots
    .command('list')
    .description('Lists snapshots, the newest first, each with the rules that keep it.')
    .option('-t, --target <target>', 'of this target alone, as REPOSITORY/TARGET or REPOSITORY')
    .action(async ({ target }: ListOptions, command: Command) => {
      const context = session.open(command);
      const request = target === undefined ? {} : placeOf(target);
      const answer = await during(context, 'reading the ledger', () =>
        context.deployment.snapshot({ action: 'list', ...request }),
      );
      context.answer(answer, () => {
        if (answer.snapshots.length === 0) context.say('no snapshot is known yet');
        else context.terminal.out(snapshotTable(context.terminal, answer.snapshots));
      });
    });
  withExamples(
    list,
    ['branchline snapshots list', 'all of them'],
    ['branchline snapshots list --target lake/main --json', 'for a script'],
  );
};

import type { Command } from 'commander';
import type { CreateSnapshotAnswer } from '../../lambdas/usecases/create-snapshot.ts';
import type { Session } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { counted } from '../text.ts';
import { placeOf } from './chosen-snapshot.ts';

interface CreateOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/** Counting the objects of a large target takes more than one invocation. */
const MAX_INVOCATIONS = 100;

const said = ({ outcome, snapshot }: CreateSnapshotAnswer): string => {
  const { repository, id, commit, content } = snapshot;
  const size = content === undefined ? '' : `, ${counted(content.objects, 'object')}, ${String(content.bytes)} bytes`;
  return `${outcome} ${repository}/${id}: commit ${commit}${size}\n`;
};

export const addSnapshotsCreate = (snapshots: Command, session: Session): void => {
  const create = snapshots
    .command('create')
    .description('Makes a snapshot of a target: tag, backup of the refs, and of the metadata store where that is ours.')
    .argument('<target>', 'REPOSITORY/TARGET, such as lake/main')
    .option('-r, --reason <text>', 'why; kept with the snapshot')
    .option('--dry-run', 'only tell what would be made')
    .action(async (text: string, options: CreateOptions, command: Command) => {
      const context = session.open(command);
      const { repository, target } = placeOf(text);
      if (target === undefined) throw new Failure('BL6001', `"${text}" names no target: REPOSITORY/TARGET`);
      const request = {
        ...{ action: 'create' as const, repository, target },
        ...(options.reason === undefined ? {} : { reason: options.reason }),
        ...(options.dryRun === true ? { dryRun: true } : {}),
      };
      const ask = (more: { id?: string } = {}) =>
        during(context, `making a snapshot of ${text}`, () => context.deployment.snapshot({ ...request, ...more }));
      let answer = await ask();
      for (let tries = 1; answer.outcome === 'unfinished' && tries < MAX_INVOCATIONS; tries += 1)
        answer = await ask({ id: answer.snapshot.id });
      context.answer(answer, () => context.terminal.out(said(answer)));
    });
  withExamples(
    create,
    ['branchline snapshots create lake/main --reason "before the migration"', 'returns when it is complete'],
    ['branchline snapshots create lake/main --dry-run', 'changes nothing'],
  );
};

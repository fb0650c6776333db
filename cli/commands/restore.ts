/** `restore plan`, `restore run` and `restore branch`: a lost repository or branch comes back. */
import type { Command } from 'commander';
import type { CameAfter } from '../../lambdas/usecases/restore.ts';
import type { BranchPlan } from '../../lambdas/usecases/restore-branch.ts';
import type { RepositoryPlan } from '../../lambdas/usecases/restore-repository.ts';
import type { CheckedTarget } from '../../lambdas/usecases/restore-there.ts';
import { confirm } from '../confirm.ts';
import type { Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { counted, shortId } from '../text.ts';
import { sinceLines } from '../views/replication-text.ts';
import { addRestoreDatabase } from './restore-database.ts';

interface PlaceOptions {
  readonly repository?: string;
  readonly snapshot?: string;
  readonly storageNamespace?: string;
  readonly fromReplica?: boolean;
}
interface RunOptions extends PlaceOptions {
  readonly confirm?: string;
}
interface BranchOptions {
  readonly repository?: string;
  readonly commit?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const placeOf = ({ snapshot, storageNamespace, fromReplica }: PlaceOptions) => ({
  ...(fromReplica === true ? { fromReplica } : {}),
  ...(snapshot === undefined ? {} : { snapshot }),
  ...(storageNamespace === undefined ? {} : { storageNamespace }),
});

const required = (repository: string | undefined): string => {
  if (repository === undefined) throw new Failure('BL6001', '--repository is missing');
  return repository;
};

const STATE: Readonly<Record<RepositoryPlan['state'], string>> = {
  absent: 'is not in lakeFS: it can be restored',
  bare: 'is empty in lakeFS: a restore goes on',
  present: 'is there: nothing is restored over it',
};

/** In a second region nothing but the first region's word tells what its snapshot lacks. */
const afterLines = (after: CameAfter | undefined): string[] =>
  after === undefined
    ? []
    : [
        `what came after ${after.takenAt} is not in it. As the first region knew at ${after.foundAt}:`,
        ...sinceLines(after.targets).map((line) => `  ${line}`),
        '  what it did later nobody here can tell',
      ];

const lines = ({
  repository,
  state,
  backup,
  looked,
  lost,
  after,
}: RepositoryPlan & { readonly after?: CameAfter }): string[] => [
  `${repository} ${STATE[state]}`,
  ...(backup === undefined
    ? ['  no good backup']
    : [
        `  from ${backup.snapshot} of ${new Date(backup.dumpedAt).toISOString()}: ${counted(backup.branches, 'branch', 'branches')}, ${counted(backup.tags, 'tag')}`,
        `  on ${backup.storageNamespace}`,
      ]),
  ...looked.flatMap(({ snapshot, fault }) => (fault === undefined ? [] : [`  not ${snapshot}: ${fault}`])),
  ...(lost.runs.length === 0 ? [] : [`  committed since, and then missing: ${lost.runs.join(', ')}`]),
  ...lost.targets.map(({ target, commit }) => `  target ${target} was at ${shortId(commit)} since`),
  ...afterLines(after).map((line) => `  ${line}`),
];

const addPlan = (restore: Command, session: Session): void => {
  const plan = restore
    .command('plan')
    .description('Tells what would be restored, from which backup, and what would be missing. Changes nothing.')
    .option('--repository <name>', 'this one; without it all that are configured or have backups')
    .option('--snapshot <id>', 'from this snapshot instead of the newest good one')
    .option('--storage-namespace <uri>', 'where the objects lie now: a replica')
    .option('--from-replica', 'in a second region: from the replicated backups, on the replica')
    .action(async (options: PlaceOptions, command: Command) => {
      const context = session.open(command);
      const { repository } = options;
      const answer = await during(context, 'reading backups and lakeFS', () =>
        context.deployment.restore({
          ...{ action: 'plan', what: 'repository', ...placeOf(options) },
          ...(repository === undefined ? {} : { repository }),
        }),
      );
      const plans = 'repositories' in answer ? answer.repositories : [];
      context.answer(answer, () => context.terminal.out(`${plans.flatMap(lines).join('\n')}\n`));
    });
  withExamples(
    plan,
    ['branchline restore plan', 'every repository'],
    [
      'branchline restore plan --repository lake --snapshot snapshot-main-20261120T010000Z',
      'from a snapshot of choice',
    ],
  );
};

const objectLines = ({ target, commit, objects, missing, outside, outcome }: CheckedTarget): string[] => [
  `${target} at ${shortId(commit)}: ${counted(objects, 'object')} looked for in the replica, ${outcome}`,
  ...(outside > 0 ? [`  ${counted(outside, 'object')} outside the storage namespace, read where they always lay`] : []),
  ...missing.map(({ address }) => `  ${address}`),
];

const addRun = (restore: Command, session: Session): void => {
  const run = restore
    .command('run')
    .description('Makes a lost repository again on its storage, with all refs of the newest good backup.')
    .option('--repository <name>', 'which')
    .option('--confirm <name>', 'the name of the repository once more: what came after the backup is given up')
    .option('--snapshot <id>', 'from this snapshot instead of the newest good one')
    .option('--storage-namespace <uri>', 'where the objects lie now: a replica')
    .option('--from-replica', 'in a second region: from the replicated backups, on the replica')
    .action(async (options: RunOptions, command: Command) => {
      const context = session.open(command);
      const repository = required(options.repository);
      if (options.confirm !== repository) {
        throw new Failure(
          'BL8404',
          `"${repository}" wants --confirm ${repository}; found ${options.confirm ?? 'nothing'}`,
        );
      }
      const answer = await during(context, `restoring ${repository}`, () =>
        context.deployment.restore({
          ...{ action: 'run', what: 'repository', repository, confirm: repository },
          ...placeOf(options),
        }),
      );
      const checked = 'repository' in answer ? (answer.repository.objects ?? []) : [];
      if (checked.some(({ outcome }) => outcome === 'missing')) session.exitCode = EXIT.rejected;
      else if (checked.some(({ outcome }) => outcome === 'unfinished')) session.exitCode = EXIT.timedOut;
      context.answer(answer, () => {
        if (!('repository' in answer)) return;
        const { snapshot, branches, tags, lost, objects = [], after } = answer.repository;
        context.terminal.out(
          [
            `restored ${repository} from ${snapshot}: ${counted(branches, 'branch', 'branches')}, ${counted(tags, 'tag')}, as the backup lists them`,
            ...(lost.runs.length === 0 ? [] : [`missing, to be run again: ${lost.runs.join(', ')}`]),
            ...lost.targets.map(({ target, commit }) => `target ${target} was at ${shortId(commit)}`),
            ...afterLines(after),
            ...objects.flatMap(objectLines),
            '',
          ].join('\n'),
        );
      });
    });
  withExamples(run, ['branchline restore run --repository lake --confirm lake', 'from the newest good backup']);
};

const told = ({ branch, commit, from, isThere }: BranchPlan): string =>
  `${branch} at ${shortId(commit)}, known by the ${from}${isThere ? '; it is there' : ''}`;

const addBranch = (restore: Command, session: Session): void => {
  const command = restore
    .command('branch')
    .description('Makes a deleted branch again at its last known commit. What was staged on it is gone.')
    .argument('<branch>', 'its name')
    .option('--repository <name>', 'which')
    .option('--commit <id>', 'at this commit instead of the last known one')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only tell at which commit')
    .action(async (branch: string, options: BranchOptions, made: Command) => {
      const context = session.open(made);
      const repository = required(options.repository);
      const request = {
        ...{ what: 'branch' as const, repository, branch },
        ...(options.commit === undefined ? {} : { commit: options.commit }),
      };
      const trial = await during(context, 'looking for its last commit', () =>
        context.deployment.restore({ ...request, action: 'plan' }),
      );
      const plan = 'branch' in trial ? trial.branch : undefined;
      if (plan === undefined || options.dryRun === true || plan.isThere) {
        context.answer(trial, () => context.terminal.out(plan === undefined ? '' : `${told(plan)}\n`));
        return;
      }
      context.say(told(plan));
      await confirm(context, `Make branch ${branch} of ${repository} again?`, options.yes);
      const answer = await during(context, `restoring ${branch}`, () =>
        context.deployment.restore({ ...request, action: 'run', commit: plan.commit }),
      );
      context.answer(answer, () => context.terminal.out(`restored ${branch} at ${shortId(plan.commit)}\n`));
    });
  withExamples(
    command,
    ['branchline restore branch run-nightly-jr_6f1c --repository lake --dry-run', 'at which commit it would come back'],
    ['branchline restore branch release --repository lake --commit 3f9a0d1c5b7e4a6f --yes', 'in a script'],
  );
};

export const addRestore = (program: Command, session: Session): void => {
  const restore = program
    .command('restore')
    .helpCommand(false)
    .description('Brings a lost repository or branch back. See docs/recovery.md first.');
  addPlan(restore, session);
  addRun(restore, session);
  addBranch(restore, session);
  addRestoreDatabase(restore, session);
  withExamples(restore, ['branchline restore plan', 'what could be restored, and what would be missing']);
};

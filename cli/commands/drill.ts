/** `drill rollback`, `drill restore` and `drill list`: whether the ways back work, before they are needed. */
import type { Command } from 'commander';
import type { Drill, DrillKind } from '../../lambdas/domain/drill.ts';
import type { Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { parseLimit } from '../options.ts';
import { during } from '../progress.ts';
import { table } from '../table.ts';
import { counted, duration, gist, iso } from '../text.ts';

interface RunOptions {
  readonly repository?: string;
  readonly reason?: string;
}

interface ListOptions {
  readonly limit?: number;
}

const TOLD = 10;
const took = ({ seconds }: Drill): string => (seconds === undefined ? '' : `${seconds.toFixed(1)}s`);

const backupLines = ({ backup }: Drill): string[] => {
  if (backup === undefined) return [];
  const { snapshot, left, refs = 0, objects } = backup;
  if (left !== undefined) return [`  the newest backup, ${snapshot}, was not tried: ${gist(left)}`];
  const shown = objects === undefined ? '' : `, ${counted(objects, 'object')} listed anew`;
  return [`  the newest backup, ${snapshot}, was restored beside it: ${counted(refs, 'ref')}${shown}`];
};

const lines = (drill: Drill): string[] => {
  const { id, state, drillKind, repository, compared, differences = [], cause, isRemoved } = drill;
  return [
    `${state} ${id}`,
    ...(compared === undefined
      ? []
      : [
          `  ${drillKind} with paths of ${repository} in ${took(drill)}, ${duration((drill.endedAt ?? drill.updatedAt) - drill.startedAt)} in all`,
          `  ${counted(compared.refs, 'ref')} and ${counted(compared.objects, 'object')} compared: ${differences.length === 0 ? 'all as they were' : 'not as they were'}`,
        ]),
    ...backupLines(drill),
    ...(cause === undefined ? [] : [`  ${gist(cause.message)}`]),
    ...differences.slice(0, TOLD).map((difference) => `  ${gist(difference)}`),
    ...(isRemoved ? [] : ['  something of it is left: the schedule removes it']),
  ];
};

const addKind = (drill: Command, session: Session, kind: DrillKind, description: string): void => {
  const command = drill
    .command(kind)
    .description(description)
    .option('--repository <name>', 'with its paths, in its bucket; without it the one whose drill lies furthest back')
    .option('-r, --reason <text>', 'why; kept with the drill')
    .action(async ({ repository, reason }: RunOptions, self: Command) => {
      const context = session.open(self);
      const answer = await during(context, `rehearsing a ${kind}`, () =>
        context.deployment.drill({
          ...{ action: 'run', kind },
          ...(repository === undefined ? {} : { repository }),
          ...(reason === undefined ? {} : { reason }),
        }),
      );
      if (answer.outcome === 'failed') session.exitCode = EXIT.rejected;
      if (answer.outcome === 'gave-way') session.exitCode = EXIT.conflict;
      context.answer(answer, () => context.terminal.out(`${lines(answer.drill).join('\n')}\n`));
    });
  withExamples(
    command,
    [`branchline drill ${kind}`, 'exit code 6 where something is not as it was'],
    [`branchline drill ${kind} --repository lake --json`, 'for a script'],
  );
};

const addList = (drill: Command, session: Session): void => {
  const command = drill
    .command('list')
    .description('Lists drills, newest first: who asked for them, how they ended, what they took.')
    .option('-n, --limit <number>', 'at most so many', parseLimit)
    .action(async ({ limit }: ListOptions, self: Command) => {
      const context = session.open(self);
      const answer = await during(context, 'reading the ledger', () =>
        context.deployment.drill({ action: 'list', ...(limit === undefined ? {} : { limit }) }),
      );
      context.answer(answer, () => {
        if (answer.drills.length === 0) return context.say('nobody has drilled yet: branchline drill restore');
        context.terminal.out(
          table(
            [
              { title: 'DRILL', value: ({ id }) => id },
              { title: 'STATE', value: ({ state }) => state },
              { title: 'REPOSITORY', value: ({ repository }) => repository },
              { title: 'TOOK', value: took },
              { title: 'BEGUN', value: ({ startedAt }) => iso(startedAt), spare: 1 },
              { title: 'WHO', value: ({ requestedBy }) => requestedBy, least: 8, spare: 2 },
              { title: 'WHY', value: ({ cause, reason }) => gist(cause?.message ?? reason ?? ''), least: 12, spare: 3 },
            ],
            answer.drills,
            context.terminal.columns,
            (text) => context.terminal.styleOut('dim', text),
          ),
        );
      });
    });
  withExamples(command, ['branchline drill list', 'when each way back was last seen to work']);
};

export const addDrill = (program: Command, session: Session): void => {
  const drill = program
    .command('drill')
    .helpCommand(false)
    .description('Rehearses a way back on a scratch repository, and says how long it took and whether all was equal.');
  addKind(drill, session, 'rollback', 'Rehearses a rollback of a protected target, and the way forward again.');
  addKind(drill, session, 'restore', 'Rehearses bringing a deleted repository back from its backup.');
  addList(drill, session);
  withExamples(
    drill,
    ['branchline drill restore', 'whether a lost repository would come back'],
    ['branchline drill list', 'when each way back was last seen to work'],
  );
};

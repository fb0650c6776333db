import { type Command, Option } from 'commander';
import { RUN_STATE, type RunState, WAITING_STATES } from '../../lambdas/domain/run.ts';
import type { Session } from '../context.ts';
import { withExamples } from '../help.ts';
import { collectStates, parseLimit } from '../options.ts';
import { during } from '../progress.ts';
import { counted } from '../text.ts';
import { runTable } from '../views/run-table.ts';

const DEFAULT_LIMIT = 50;

interface ListOptions {
  readonly state?: readonly RunState[];
  readonly waiting?: boolean;
  readonly job?: string;
  readonly repository?: string;
  readonly target?: string;
  readonly limit: number;
}

export const addRunsList = (runs: Command, session: Session): void => {
  const list = runs
    .command('list')
    .description('Lists runs, newest first.')
    .addOption(
      new Option('-s, --state <states>', 'only these states, by commas; may be repeated')
        .choices(Object.values(RUN_STATE))
        .argParser(collectStates),
    )
    .option('-w, --waiting', 'only runs that wait for a person')
    .option('-j, --job <name>', 'only runs of this job')
    .option('--repository <name>', 'only runs of this repository')
    .option('--target <branch>', 'only runs into this target')
    .option('-n, --limit <count>', 'at most so many', parseLimit, DEFAULT_LIMIT)
    .action(async (options: ListOptions, command: Command) => {
      const context = session.open(command);
      const { state = [], waiting, limit, ...filter } = options;
      const states = [...new Set([...state, ...(waiting === true ? WAITING_STATES : [])])];
      const query = {
        ...{ limit },
        ...(states.length === 0 ? {} : { states }),
        ...(filter.job === undefined ? {} : { job: filter.job }),
        ...(filter.repository === undefined ? {} : { repository: filter.repository }),
        ...(filter.target === undefined ? {} : { target: filter.target }),
      };
      const answer = await during(context, 'reading the ledger', () => context.deployment.runs(query));
      context.answer(answer, () => {
        if (answer.runs.length === 0) {
          context.say('no such run');
          return;
        }
        context.terminal.out(runTable(context.terminal, answer.runs, context.now()));
        if (answer.runs.length >= limit) context.say(`the newest ${counted(limit, 'run')}; more with --limit`);
      });
    });
  withExamples(
    list,
    ['branchline runs list --waiting', 'what waits for a person'],
    ['branchline runs list --job nightly-sales --limit 10', 'the newest runs of a job'],
    ['branchline runs list --state OPEN,PROMOTING', 'what is under way'],
    ['branchline runs list --state CONFLICTED --json | jq -r ".runs[].runId"', 'for a script'],
  );
};

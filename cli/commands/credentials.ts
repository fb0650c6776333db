/** `credentials status` and `credentials rotate`: lakeFS's key pair. */
import type { Command } from 'commander';
import type { RotationAnswer } from '../../lambdas/usecases/rotation-command.ts';
import { confirm } from '../confirm.ts';
import type { Context, Session } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { counted } from '../text.ts';

interface RotateOptions {
  readonly evenWhileRunsAreOpen?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const at = (time: number): string => new Date(time).toISOString();

const show = ({ terminal }: Context, { rotation, openRuns }: RotationAnswer): void => {
  const { last, current, trials: [trial] = [] } = rotation ?? {};
  const lines = [
    last === undefined ? 'never rotated' : `last rotated ${at(last.endedAt)} by ${last.by}`,
    ...(current === undefined ? [] : [`under way since ${at(current.startedAt)} by ${current.by}`]),
    ...(trial === undefined ? [] : [`last dry run ${at(trial.at)} by ${trial.by}`]),
    `${counted(openRuns.length, 'open run')}${openRuns.length === 0 ? '' : `: ${openRuns.join(', ')}`}`,
  ];
  terminal.out(`${lines.join('\n')}\n`);
};

const rotate = async (context: Context, options: RotateOptions): Promise<void> => {
  const { deployment } = context;
  const evenWhileRunsAreOpen = options.evenWhileRunsAreOpen === true;
  const trial = await during(context, 'looking at lakeFS and the secret', () =>
    deployment.rotate({ action: 'rotate', evenWhileRunsAreOpen, dryRun: true }),
  );
  if (options.dryRun === true) {
    context.answer(trial, () => {
      show(context, trial);
      context.terminal.out(
        trial.obstacles.length === 0 ? 'nothing stands in the way\n' : `${trial.obstacles.join('\n')}\n`,
      );
    });
    return;
  }
  const [obstacle] = trial.obstacles.filter((text) => !text.startsWith('BL8302'));
  if (obstacle !== undefined) throw new Failure('BL8303', `nothing was changed: ${trial.obstacles.join('; ')}`);
  if (trial.openRuns.length > 0) {
    context.say(
      evenWhileRunsAreOpen
        ? `${counted(trial.openRuns.length, 'run')} open: Spark jobs among them fail and have to start again`
        : `${counted(trial.openRuns.length, 'run')} open: waits until they have ended, up to a quarter of an hour`,
    );
  }
  context.say('lakeFS has no user for a few milliseconds: no deployment of the server should be under way');
  await confirm(context, 'Give lakeFS a new key pair?', options.yes);
  const answer = await during(context, 'rotating', () => deployment.rotate({ action: 'rotate', evenWhileRunsAreOpen }));
  context.answer(answer, () => show(context, answer));
};

export const addCredentials = (program: Command, session: Session): void => {
  const credentials = program
    .command('credentials')
    .helpCommand(false)
    .description('The key pair of lakeFS, which the secret holds.');
  const status = credentials
    .command('status')
    .description('Tells when the key pair was rotated, and by whom.')
    .action(async (_options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'reading the ledger', () => context.deployment.rotate({ action: 'status' }));
      context.answer(answer, () => show(context, answer));
    });
  withExamples(status, ['branchline credentials status', 'when it was rotated last, and what holds the pair']);
  const command = credentials
    .command('rotate')
    .description('Gives lakeFS a new key pair and writes it into the secret; the old one is refused from then on.')
    .option('--even-while-runs-are-open', 'do not wait until no run is open')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only tell what stands in the way')
    .action((options: RotateOptions, made: Command) => rotate(session.open(made), options));
  withExamples(
    command,
    ['branchline credentials rotate --dry-run', 'whether it can be done, and what it would wait for'],
    ['branchline credentials rotate --yes', 'in a script'],
  );
  withExamples(credentials, ['branchline credentials status', 'when it was rotated last']);
};

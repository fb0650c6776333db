/** `erase plan|run|list|show|cancel`: a person's data, wherever it is still reached. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Selection } from '../../lambdas/domain/erasure.ts';
import type { ErasureAnswer } from '../../lambdas/usecases/erase.ts';
import type { Context, Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { erasureText, planText } from '../views/erasure-text.ts';

interface SelectionOptions {
  readonly repository: string;
  readonly path?: readonly string[];
  readonly below?: readonly string[];
  readonly objectsFrom?: string;
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

const linesOf = (file: string): readonly string[] => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure('BL6001', `--objects-from ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Failure('BL6001', `--objects-from ${file}: no line names an object`);
  return lines;
};

/** Lines of the file that begin with `s3://` are addresses, all others paths. */
const selectionOf = ({ path = [], below = [], objectsFrom }: SelectionOptions): Selection => {
  const lines = objectsFrom === undefined ? [] : linesOf(objectsFrom);
  const addresses = lines.filter((line) => line.startsWith('s3://'));
  const paths = [...path, ...lines.filter((line) => !line.startsWith('s3://'))];
  const selection = {
    ...(paths.length === 0 ? {} : { paths }),
    ...(below.length === 0 ? {} : { prefixes: below }),
    ...(addresses.length === 0 ? {} : { addresses }),
  };
  if (Object.keys(selection).length > 0) return selection;
  throw new Failure('BL6001', 'nothing is selected: give --path, --below or --objects-from');
};

const asRequest = (options: SelectionOptions) => {
  const { paths, prefixes, addresses } = selectionOf(options);
  return {
    ...(paths === undefined ? {} : { paths: [...paths] }),
    ...(prefixes === undefined ? {} : { prefixes: [...prefixes] }),
    ...(addresses === undefined ? {} : { addresses: [...addresses] }),
  };
};

const withSelection = (command: Command): Command =>
  command
    .requiredOption('--repository <name>', 'which')
    .option('--path <path>', 'an object, whatever commit shows it; may be given again', collect)
    .option('--below <prefix>', 'everything below; may be given again', collect)
    .option('--objects-from <file>', 'a path or an s3:// address in each line');

const addPlan = (erase: Command, session: Session): void => {
  const plan = withSelection(erase.command('plan'))
    .description('Tells who still reaches the objects, and what an erasure would do about each. Changes nothing.')
    .action(async (options: SelectionOptions, command: Command) => {
      const context = session.open(command);
      const { repository } = options;
      const selection = asRequest(options);
      const answer = await during(context, `looking through the history of ${repository}`, () =>
        context.deployment.erase({ action: 'plan', repository, selection }),
      );
      if (answer.plan.refusals.length > 0) session.exitCode = EXIT.conflict;
      context.answer(answer, () => context.terminal.out(`${planText(answer.plan)}\n`));
    });
  withExamples(
    plan,
    ['branchline erase plan --repository lake --below customers/id=4711/', 'everything that ever lay there'],
    ['branchline erase plan --repository lake --objects-from list.txt', 'paths and s3:// addresses'],
  );
};

interface RunOptions extends SelectionOptions {
  readonly reason: string;
  readonly confirm?: string;
  readonly removeTags?: boolean;
  readonly replacement?: readonly string[];
  readonly dryRun?: boolean;
}

/** `people/1=fix:rewritten.parquet`; a ref holds no colon. */
const replacementOf = (text: string): { path: string; ref: string; from: string } => {
  const [, path, ref, from] = /^(.+)=([^=:]+):(.+)$/.exec(text) ?? [];
  if (path !== undefined && ref !== undefined && from !== undefined) return { path, ref, from };
  throw new Failure('BL6001', `--replacement ${text}: PATH=REF:PATH, such as people/1=fix:people/1`);
};

const GOES_ON: readonly ErasureAnswer['outcome'][] = ['REMOVING', 'RETAINING', 'COLLECTING', 'PROVING', 'busy'];

const tell = (session: Session, context: Context, answer: ErasureAnswer): void => {
  if (GOES_ON.includes(answer.outcome)) session.exitCode = EXIT.timedOut;
  context.answer(answer, () => context.terminal.out(`${erasureText(answer.erasure)}\n`));
};

/** The name of the repository, typed: a yes is given too easily. */
const confirmedBy = async ({ terminal }: Context, { repository, confirm }: RunOptions): Promise<string> => {
  if (confirm !== undefined) return confirm;
  if (!terminal.canAsk)
    throw new Failure('BL6002', 'an erasure needs --confirm <repository> where nobody can be asked');
  const question = `Erase these objects for good? Type the name of the repository (${repository}):`;
  return (await terminal.ask(`${terminal.styleErr('bold', question)} `))?.trim() ?? '';
};

const addRun = (erase: Command, session: Session): void => {
  const run = withSelection(erase.command('run'))
    .description('Begins an erasure, or goes on with the one that was begun for the same selection.')
    .requiredOption('-r, --reason <text>', 'why; kept with the erasure, and in its events')
    .option('--remove-tags', 'remove the tags that the plan names')
    .option('--replacement <path=ref:path>', 'a rewritten file instead of nothing; may be given again', collect)
    .option('--confirm <repository>', 'the name once more, instead of being asked')
    .option('--dry-run', 'only tell what `erase plan` tells')
    .action(async (options: RunOptions, command: Command) => {
      const context = session.open(command);
      const { repository, reason, removeTags, replacement = [] } = options;
      const selection = asRequest(options);
      const replacements = replacement.map(replacementOf);
      if (options.dryRun === true) {
        const planned = await context.deployment.erase({ action: 'plan', repository, selection });
        context.answer(planned, () => context.terminal.out(`${planText(planned.plan)}\n`));
        return;
      }
      const confirm = await confirmedBy(context, options);
      const answer = await during(context, `erasing from ${repository}`, () =>
        context.deployment.erase({
          ...{ action: 'run', repository, selection, reason, confirm },
          ...(removeTags === true ? { removeTags } : {}),
          ...(replacements.length === 0 ? {} : { replacements }),
        }),
      );
      tell(session, context, answer);
    });
  withExamples(
    run,
    [
      'branchline erase run --repository lake --below customers/id=4711/ --reason "request 17"',
      'exit code 7 while it goes on; the schedule takes it on too',
    ],
    [
      'branchline erase run --repository lake --path people.parquet --replacement people.parquet=fix:people.parquet --reason "request 17"',
      'a file without the person takes its place',
    ],
  );
};

const addList = (erase: Command, session: Session): void => {
  const list = erase
    .command('list')
    .description('Shows erasures, the newest first.')
    .argument('[repository]', 'of this one alone')
    .action(async (repository: string | undefined, _options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'reading the ledger', () =>
        context.deployment.erase({ action: 'status', ...(repository === undefined ? {} : { repository }) }),
      );
      context.answer(answer, () => {
        if (answer.erasures.length === 0) context.say('nothing was erased yet');
        else context.terminal.out(`${answer.erasures.map(erasureText).join('\n')}\n`);
      });
    });
  withExamples(list, ['branchline erase list', 'of all repositories']);
};

const addStatus = (erase: Command, session: Session): void => {
  const status = erase
    .command('status')
    .description('Shows one erasure: how far it is, for whom it waits, until when, and where the report lies.')
    .argument('<erasure>', 'erase-…, as `erase list` shows it')
    .action(async (id: string, _options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'reading the ledger', () =>
        context.deployment.erase({ action: 'status', erasure: id }),
      );
      context.answer(answer, () => context.terminal.out(`${answer.erasures.map(erasureText).join('\n')}\n`));
    });
  withExamples(status, ['branchline erase status erase-20261120t020000z', 'this one']);
};

const addCancel = (erase: Command, session: Session): void => {
  const cancel = erase
    .command('cancel')
    .description('Ends an erasure before objects are deleted. What was taken out of branches stays out.')
    .argument('<repository>', 'of which')
    .argument('<erasure>', 'erase-…, as `erase list` shows it')
    .action(async (repository: string, id: string, _options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'cancelling', () =>
        context.deployment.erase({ action: 'cancel', repository, erasure: id }),
      );
      context.answer(answer, () => context.terminal.out(`${erasureText(answer.erasure)}\n`));
    });
  withExamples(cancel, ['branchline erase cancel lake erase-20261120t020000z', 'nothing is deleted']);
};

export const addErase = (program: Command, session: Session): void => {
  const erase = program
    .command('erase')
    .helpCommand(false)
    .description('Erases a person’s data wherever it is still reached. See docs/erasure.md first.');
  addPlan(erase, session);
  addRun(erase, session);
  addList(erase, session);
  addStatus(erase, session);
  addCancel(erase, session);
  withExamples(erase, ['branchline erase plan --repository lake --path people/4711.parquet', 'who still reaches it']);
};

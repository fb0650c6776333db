/** `erase plan`: a person's data, wherever it is still reached. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Selection } from '../../lambdas/domain/erasure.ts';
import type { Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { planText } from '../views/erasure-text.ts';

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
export const selectionOf = ({ path = [], below = [], objectsFrom }: SelectionOptions): Selection => {
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
      const { paths, prefixes, addresses } = selectionOf(options);
      const selection = {
        ...(paths === undefined ? {} : { paths: [...paths] }),
        ...(prefixes === undefined ? {} : { prefixes: [...prefixes] }),
        ...(addresses === undefined ? {} : { addresses: [...addresses] }),
      };
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

export const addErase = (program: Command, session: Session): void => {
  const erase = program
    .command('erase')
    .helpCommand(false)
    .description('Erases a person’s data wherever it is still reached. See docs/erasure.md first.');
  addPlan(erase, session);
  withExamples(erase, ['branchline erase plan --repository lake --path people/4711.parquet', 'who still reaches it']);
};

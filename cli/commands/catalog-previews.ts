import type { Command } from 'commander';
import type { Preview } from '../../lambdas/domain/catalog/preview.ts';
import { confirm } from '../confirm.ts';
import type { Session } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { iso, shortId } from '../text.ts';

const previewTable = (terminal: Terminal, previews: readonly Preview[]): string =>
  table<Preview>(
    [
      { title: 'PREVIEW', value: ({ name }) => name },
      { title: 'STATE', value: ({ state }) => state },
      { title: 'DATABASE', value: ({ database }) => database, spare: 4 },
      { title: 'REF', value: ({ repository, ref }) => `${repository}/${ref}`, least: 16, spare: 2 },
      { title: 'COMMIT', value: ({ commit }) => shortId(commit) },
      { title: 'TABLES', value: ({ tables }) => String(tables.length), spare: 3 },
      { title: 'UNTIL', value: ({ expiresAt }) => iso(expiresAt) },
    ],
    previews,
    terminal.columns,
    (text) => terminal.styleOut('dim', text),
  );

export const addCatalogPreviews = (catalog: Command, session: Session): void => {
  const list = catalog
    .command('previews')
    .description('Lists previews, and until when they stay.')
    .action(async (_options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'reading the ledger', () => context.deployment.catalog.previews());
      context.answer(answer, () => {
        if (answer.previews.length === 0) context.say('there is no preview');
        else context.terminal.out(previewTable(context.terminal, answer.previews));
      });
    });
  withExamples(list, ['branchline catalog previews', 'which there are']);
};

interface DropOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export const addCatalogDropPreview = (catalog: Command, session: Session): void => {
  const drop = catalog
    .command('drop-preview')
    .description('Removes a preview: its database with all that is in it, and its manifests.')
    .argument('<preview>', 'name of the preview, as lists show it')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only tell what would be removed')
    .action(async (name: string, options: DropOptions, command: Command) => {
      const context = session.open(command);
      const isTrial = options.dryRun === true;
      if (!isTrial) await confirm(context, `Drop preview ${name}, with everything in its database?`, options.yes);
      const request = { name, ...(isTrial ? { dryRun: true } : {}) };
      const answer = await during(context, `dropping ${name}`, () => context.deployment.catalog.dropPreview(request));
      if (answer.outcome === 'busy' || answer.outcome === 'unfinished') {
        throw new Failure('BL6007', `preview ${name} is ${answer.outcome}`, {
          remedy: 'Ask again in a quarter of an hour; what has expired goes by itself too.',
        });
      }
      context.answer(answer, () => context.terminal.out(`${answer.outcome} ${answer.preview.database}\n`));
    });
  withExamples(
    drop,
    ['branchline catalog drop-preview before', 'asks, then does it'],
    ['branchline catalog drop-preview before --dry-run', 'changes nothing'],
  );
};

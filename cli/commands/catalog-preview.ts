import type { Command } from 'commander';
import type { Session } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { parseDuration } from '../options.ts';
import { during } from '../progress.ts';
import { counted, gist, iso, shortId } from '../text.ts';

interface PreviewOptions {
  readonly ref: string;
  readonly repository?: string;
  readonly table?: readonly string[];
  readonly database?: string;
  readonly ttl?: number;
  readonly dryRun?: boolean;
}

/** A preview that does not fit into one invocation goes on in the next; a table that never fits is told. */
const MAX_CALLS = 20;

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export const addCatalogPreview = (catalog: Command, session: Session): void => {
  const preview = catalog
    .command('preview')
    .description('Shows the tables at another ref, in a Glue database of its own that goes by itself.')
    .requiredOption('--ref <ref>', 'run branch, tag, snapshot or commit')
    .option('--repository <name>', 'where more than one has published tables')
    .option('--table <name>', 'this table alone; may be repeated', collect)
    .option('--database <name>', 'how the database ends, instead of a name made of the ref')
    .option('--ttl <duration>', 'how long it stays, up to 7d (24h)', parseDuration)
    .option('--dry-run', 'only tell what would be made')
    .action(async (options: PreviewOptions, command: Command) => {
      const context = session.open(command);
      const { ref, repository, table, database, ttl } = options;
      const request = {
        ref,
        ...(repository === undefined ? {} : { repository }),
        ...(table === undefined ? {} : { tables: [...table] }),
        ...(database === undefined ? {} : { name: database }),
        ...(ttl === undefined ? {} : { ttlSeconds: Math.round(ttl / 1000) }),
        ...(options.dryRun === true ? { dryRun: true } : {}),
      };
      const ask = () => context.deployment.catalog.preview(request);
      let answer = await during(context, `making the preview of ${ref}`, ask);
      for (let calls = 1; answer.outcome === 'unfinished' && calls < MAX_CALLS; calls += 1) {
        answer = await during(context, `going on with the preview of ${ref}`, ask);
      }
      if (answer.outcome === 'busy' || answer.outcome === 'unfinished') {
        throw new Failure('BL6007', `preview ${answer.preview.name} is ${answer.outcome}`, {
          remedy: 'Ask again in a quarter of an hour: it goes on where it was left.',
        });
      }
      context.answer(answer, () => {
        const { name, database: made, commit, tables, expiresAt } = answer.preview;
        context.terminal.out(`${answer.outcome} ${made}\n`);
        context.say(`  ${counted(tables.length, 'table')} at ${shortId(commit)}, until ${iso(expiresAt)}`);
        for (const { code, message } of answer.refused ?? []) context.say(`  refused: ${code} ${gist(message)}`);
        if (answer.hasUncommitted) context.say('  the branch holds work that is not committed, and so not shown');
        if (answer.outcome === 'ready') context.say(`  branchline catalog drop-preview ${name}`);
      });
    });
  withExamples(
    preview,
    ['branchline catalog preview --ref run-nightly-sales-r20261124t150405_ab12cd34', 'a run before its promotion'],
    ['branchline catalog preview --ref snapshot-20261120t100000 --ttl 3d', 'the tables as they were'],
    ['branchline catalog preview --ref main~1 --table sales --database before', 'one table, one commit back'],
  );
};

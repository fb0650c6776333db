/** `exports list|run|verify`: plain copies for consumers that do not know lakeFS. */
import type { Command } from 'commander';
import type { ExportFindings } from '../../lambdas/usecases/look-at-export.ts';
import type { RunExportAnswer } from '../../lambdas/usecases/run-export.ts';
import { confirm } from '../confirm.ts';
import type { Context, Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { during } from '../progress.ts';
import { bytes, counted } from '../text.ts';
import { exportTable } from '../views/export-table.ts';

interface RunOptions {
  readonly compare?: boolean;
  readonly adopt?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const findings = (found: ExportFindings): string =>
  [
    `missing ${String(found.missing)}, different ${String(found.different)}, surplus ${String(found.surplus)}, ${bytes(found.bytes)}`,
    ...found.examples.map((example) => `  ${example}`),
    ...(found.complete ? [] : ['  the time was up: there may be more']),
  ].join('\n');

const summary = ({ outcome, record }: RunExportAnswer): string => {
  const { last, run, failure } = record ?? {};
  if (outcome === 'failed') return `failed ${failure?.message ?? ''}`;
  if (outcome === 'unfinished') return `unfinished ${counted(run?.copied ?? 0, 'object')} copied; it goes on by itself`;
  if (outcome === 'waiting')
    return `waiting ${counted(run?.copied ?? 0, 'object')} are copied by many workers; it goes on by itself`;
  if (outcome !== 'exported' || last === undefined) return outcome;
  return `exported ${last.to.slice(0, 12)}: ${counted(last.copied, 'object')} copied, ${bytes(last.bytes)}, ${String(last.removed)} removed, ${String(last.kept)} kept`;
};

const run = async (session: Session, context: Context, name: string, options: RunOptions): Promise<void> => {
  const { exports } = context.deployment;
  const { compare, adopt } = options;
  const choice = { export: name, ...(compare ? { compare } : {}), ...(adopt ? { adopt } : {}) };
  if (options.dryRun === true) {
    const plan = await during(context, 'looking', () => exports.plan(choice));
    const text = 'examples' in plan ? `${plan.outcome} ${findings(plan)}` : plan.outcome;
    context.answer(plan, () => context.terminal.out(`${text}\n`));
    return;
  }
  const question = `Adopt what lies at the destination of ${name}? With \`delete: true\` what is not in the lake is removed there.`;
  if (adopt === true) await confirm(context, question, options.yes);
  const answer = await during(context, 'exporting', () => exports.run(choice));
  if (answer.outcome === 'failed') session.exitCode = EXIT.fault;
  if (['unfinished', 'waiting', 'busy'].includes(answer.outcome)) session.exitCode = EXIT.timedOut;
  context.answer(answer, () => context.terminal.out(`${summary(answer)}\n`));
};

export const addExportsList = (exports: Command, session: Session): void => {
  const list = exports
    .command('list')
    .description('Lists exports: what each destination holds, and whether it is behind.')
    .action(async (_options: unknown, command: Command) => {
      const context = session.open(command);
      const answer = await during(context, 'reading the ledger', () => context.deployment.exports.list());
      context.answer(answer, () => {
        if (answer.exports.length === 0) context.say('no export is configured: see `exports` in branchline.yaml');
        else context.terminal.out(exportTable(context.terminal, answer.exports));
      });
    });
  withExamples(list, ['branchline exports list', 'all exports']);
};

export const addExportsRun = (exports: Command, session: Session): void => {
  const command = exports
    .command('run <export>')
    .description('Brings the destination to the newest verified commit: copies what changed, marker last.')
    .option('--compare', 'everything against what lies at the destination, though the ledger says that all is well')
    .option('--adopt', 'the destination may hold objects that no export has written')
    .option('-y, --yes', 'do not ask before adopting')
    .option('--dry-run', 'tell what would be copied and removed, and change nothing')
    .action(async (name: string, options: RunOptions, self: Command) =>
      run(session, session.open(self), name, options),
    );
  withExamples(
    command,
    ['branchline exports run for-redshift', 'what changed since the last time; exit code 7 while it goes on'],
    ['branchline exports run for-redshift --dry-run', 'changes nothing'],
    ['branchline exports run for-redshift --compare', 'puts right what somebody changed at the destination'],
  );
};

export const addExportsVerify = (exports: Command, session: Session): void => {
  const command = exports
    .command('verify <export>')
    .description('Compares everything at the destination with the commit that it should hold. Changes nothing.')
    .action(async (name: string, _options: unknown, self: Command) => {
      const context = session.open(self);
      const answer = await during(context, 'comparing', () => context.deployment.exports.verify({ export: name }));
      if (answer.outcome !== 'whole') session.exitCode = answer.outcome === 'running' ? EXIT.timedOut : EXIT.fault;
      const text = 'examples' in answer ? `${answer.outcome} ${findings(answer)}` : answer.outcome;
      context.answer(answer, () => context.terminal.out(`${text}\n`));
    });
  withExamples(command, ['branchline exports verify for-redshift', 'exit code 1 where it has drifted']);
};

/** The tree of commands. */
import { Command } from 'commander';
import { DEFAULT_PREFIX, ENV, VERSION } from '../lambdas/contract.ts';
import { addCatalogAt } from './commands/catalog-at.ts';
import { addCatalogPreview } from './commands/catalog-preview.ts';
import { addCatalogDropPreview, addCatalogPreviews } from './commands/catalog-previews.ts';
import { addCatalogRefresh } from './commands/catalog-refresh.ts';
import { addCatalogRepair } from './commands/catalog-repair.ts';
import { addCatalogStatus } from './commands/catalog-status.ts';
import { addCatalogSwitch } from './commands/catalog-switch.ts';
import { addCatalogVerify } from './commands/catalog-verify.ts';
import { addCompletion } from './commands/completion.ts';
import { addCredentials } from './commands/credentials.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDrill } from './commands/drill.ts';
import { addErase } from './commands/erase.ts';
import { addExportsList, addExportsRun, addExportsVerify } from './commands/exports.ts';
import { addGc } from './commands/gc.ts';
import { addReplication } from './commands/replication.ts';
import { addRequests } from './commands/requests.ts';
import { addRestore } from './commands/restore.ts';
import { addRestoresList, addRestoresShow } from './commands/restores.ts';
import { addRollback } from './commands/rollback.ts';
import { addRollbacksList, addRollbacksShow } from './commands/rollbacks.ts';
import { addRunsDiscard } from './commands/runs-discard.ts';
import { addRunsList } from './commands/runs-list.ts';
import { addRunsPromote } from './commands/runs-promote.ts';
import { addRunsRetry } from './commands/runs-retry.ts';
import { addRunsShow } from './commands/runs-show.ts';
import { addRunsStart } from './commands/runs-start.ts';
import { addSnapshotsCreate } from './commands/snapshots-create.ts';
import { addSnapshotsHold, addSnapshotsRelease } from './commands/snapshots-hold.ts';
import { addSnapshotsList } from './commands/snapshots-list.ts';
import { addSnapshotsPrune } from './commands/snapshots-prune.ts';
import { addSnapshotsVerify } from './commands/snapshots-verify.ts';
import { addTargetsHold, addTargetsRelease } from './commands/targets-hold.ts';
import { addTargetsList } from './commands/targets-list.ts';
import { addTargetsAccept, addTargetsRevert } from './commands/targets-unblock.ts';
import type { Session } from './context.ts';
import { branchlineHelp, withExamples } from './help.ts';

const addRuns = (program: Command, session: Session): void => {
  const runs = program
    .command('runs')
    .helpCommand(false)
    .description('Runs: one attempt of one managed job each, on a branch of its own.');
  addRunsList(runs, session);
  addRunsShow(runs, session);
  addRunsStart(runs, session);
  addRunsRetry(runs, session);
  addRunsPromote(runs, session);
  addRunsDiscard(runs, session);
  withExamples(
    runs,
    ['branchline runs list --waiting', 'what waits for a person'],
    ['branchline runs show r20261124t150405_ab12cd34', 'what happened, and what can be done'],
  );
};

const addTargets = (program: Command, session: Session): void => {
  const targets = program
    .command('targets')
    .helpCommand(false)
    .description('Targets: the branches that readers see and runs are promoted into.');
  addTargetsList(targets, session);
  addTargetsAccept(targets, session);
  addTargetsRevert(targets, session);
  addTargetsHold(targets, session);
  addTargetsRelease(targets, session);
  withExamples(targets, ['branchline targets list', 'which are open, held or blocked']);
};

const addCatalog = (program: Command, session: Session): void => {
  const catalog = program
    .command('catalog')
    .helpCommand(false)
    .description('Catalog: what readers of AWS Glue’s tables see of the targets.');
  addCatalogStatus(catalog, session);
  addCatalogRefresh(catalog, session);
  addCatalogVerify(catalog, session);
  addCatalogRepair(catalog, session);
  addCatalogSwitch(catalog, session);
  addCatalogAt(catalog, session);
  addCatalogPreview(catalog, session);
  addCatalogPreviews(catalog, session);
  addCatalogDropPreview(catalog, session);
  withExamples(
    catalog,
    ['branchline catalog status', 'which commit each table shows, and how far it is behind'],
    ['branchline catalog verify sales', 'whether Glue and manifests are as they should be'],
  );
};

const addRollbacks = (program: Command, session: Session): void => {
  const rollbacks = program
    .command('rollbacks')
    .helpCommand(false)
    .description('Rollbacks that were asked for: who, what, and what became of it.');
  addRollbacksList(rollbacks, session);
  addRollbacksShow(rollbacks, session);
  withExamples(rollbacks, ['branchline rollbacks list', 'newest first']);
};

const addRestores = (program: Command, session: Session): void => {
  const restores = program
    .command('restores')
    .helpCommand(false)
    .description('Restores that were asked for, plans among them: who, what, and what came of it.');
  addRestoresList(restores, session);
  addRestoresShow(restores, session);
  withExamples(restores, ['branchline restores list', 'newest first']);
};

const addSnapshots = (program: Command, session: Session): void => {
  const snapshots = program
    .command('snapshots')
    .helpCommand(false)
    .description('Snapshots of targets: the states that a target or a whole server can be brought back to.');
  addSnapshotsList(snapshots, session);
  addSnapshotsCreate(snapshots, session);
  addSnapshotsVerify(snapshots, session);
  addSnapshotsPrune(snapshots, session);
  addSnapshotsHold(snapshots, session);
  addSnapshotsRelease(snapshots, session);
  withExamples(
    snapshots,
    ['branchline snapshots list', 'which there are, and what keeps them'],
    ['branchline snapshots create lake/main', 'one more, now'],
  );
};

const addExports = (program: Command, session: Session): void => {
  const exports = program
    .command('exports')
    .helpCommand(false)
    .description('Exports: plain copies of targets, for consumers that do not know lakeFS.');
  addExportsList(exports, session);
  addExportsRun(exports, session);
  addExportsVerify(exports, session);
  withExamples(exports, ['branchline exports list', 'what each destination holds, and whether it is behind']);
};

/** @param session opens the connection that a command asks for, and keeps the exit code. */
export const createProgram = (session: Session): Command => {
  const { terminal } = session.outside;
  const program = new Command('branchline')
    .description(
      'Every AWS Glue run on its own lakeFS branch: looks at runs and targets, and does what a person decides.',
    )
    .version(VERSION, '-V, --version', 'the version of this command line')
    .option('--json', 'print the answer, or the error, as one JSON object on standard output')
    .option('--prefix <prefix>', `prefix of the deployment (environment: ${ENV.prefix}; else ${DEFAULT_PREFIX})`)
    .option('--region <region>', 'AWS region (environment: AWS_REGION; else that of the profile)')
    .option('--profile <name>', 'AWS profile (environment: AWS_PROFILE)')
    .helpOption('-h, --help', 'how to use it')
    .helpCommand(false)
    .configureHelp(branchlineHelp)
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      // Errors are thrown, and told in one place.
      outputError: () => undefined,
      getOutHelpWidth: () => terminal.columns ?? 100,
      getErrHelpWidth: () => terminal.errColumns ?? 100,
    })
    .exitOverride();
  addRuns(program, session);
  addTargets(program, session);
  addCatalog(program, session);
  addRestore(program, session);
  addRestores(program, session);
  addRequests(program, session);
  addExports(program, session);
  addCredentials(program, session);
  addRollback(program, session);
  addRollbacks(program, session);
  addSnapshots(program, session);
  addDrill(program, session);
  addGc(program, session);
  addErase(program, session);
  addReplication(program, session);
  addDoctor(program, session);
  addCompletion(program, session);
  withExamples(
    program,
    ['branchline runs list --waiting', 'what waits for a person'],
    ['branchline runs show r20261124t150405_ab12cd34', 'what happened, and what can be done'],
    ['branchline runs start nightly-sales --wait', 'start a job; exit code 0 only if it was promoted'],
    ['branchline doctor', 'whether the deployment is well'],
  );
  return program;
};

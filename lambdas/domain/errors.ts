/**
 * The catalog of errors. Every fault that a person may meet has a code, says who can mend it, whether a repeat may help,
 * and what to do. docs/errors.md and the CLI's exit codes are made from it.
 */

export type Fixer = 'operator' | 'job author' | 'platform' | 'nobody: retried';

export interface ErrorEntry {
  readonly title: string;
  readonly fixer: Fixer;
  readonly retryable: boolean;
  readonly remedy: string;
  /** Exit code of the CLI: 1 fault, 2 usage, 3 not found, 4 denied, 5 conflict, 6 rejected, 7 timed out. */
  readonly exitCode: 1 | 2 | 3 | 4 | 5 | 6 | 7;
}

const entry = (
  title: string,
  fixer: Fixer,
  retryable: boolean,
  exitCode: ErrorEntry['exitCode'],
  remedy: string,
): ErrorEntry => ({ title, fixer, retryable, remedy, exitCode });

export const ERROR_CATALOG = {
  // 1xxx: what was asked for
  BL1001: entry('invalid request', 'operator', false, 2, 'Correct the field that the message names and send it again.'),
  BL1002: entry(
    'invalid configuration',
    'platform',
    false,
    2,
    'Correct branchline.yaml at the line that the message names.',
  ),
  BL1003: entry(
    'no pipeline for this job',
    'platform',
    false,
    3,
    'Add the job to a pipeline in branchline.yaml and deploy, or pass another job.',
  ),
  BL1004: entry('unknown run', 'operator', false, 3, 'List the runs with `branchline runs list`.'),
  BL1005: entry(
    'action not possible in this state',
    'operator',
    false,
    5,
    'Look at the run with `branchline runs show`; the message names the states from which the action is possible.',
  ),
  BL1006: entry(
    'malformed event',
    'platform',
    false,
    2,
    'Look at the message in the dead-letter queue; correct its sender.',
  ),
  BL1007: entry('unknown rollback', 'operator', false, 3, 'List the rollbacks with `branchline rollbacks list`.'),
  // 2xxx: runs
  BL2001: entry(
    'run is claimed by another job run',
    'job author',
    false,
    5,
    'Give every start its own run id, or let Branchline derive it.',
  ),
  BL2002: entry(
    'run has already ended',
    'job author',
    false,
    5,
    'Start the job again: a new attempt gets a fresh branch.',
  ),
  BL2003: entry(
    'conflict with the target',
    'operator',
    false,
    5,
    'Run the job again (`branchline runs retry`), promote all the same (`branchline runs promote --strategy source-wins|target-wins`), or discard.',
  ),
  BL2004: entry(
    'run branch is gone',
    'operator',
    false,
    3,
    'The branch was deleted by hand: its work is lost. Start the job again.',
  ),
  BL2005: entry('job failed', 'job author', false, 1, "Read the job's log in Glue; start it again when mended."),
  BL2006: entry(
    'run branch without a claim',
    'operator',
    false,
    5,
    'The base commit of this branch is unknown. Discard the run, or merge by hand after looking at its diff.',
  ),
  BL2007: entry(
    'base commit is not in the history of the target',
    'operator',
    false,
    5,
    'The target was reset by hand since the run began. Run the job again.',
  ),
  BL2008: entry(
    'an earlier run of this job is unresolved',
    'operator',
    false,
    5,
    'Jobs with bookmarks run one at a time. Resolve the earlier run first.',
  ),
  BL2009: entry(
    'job run could not be started',
    'operator',
    true,
    1,
    'See the cause from Glue; start the run again with the same run id.',
  ),
  BL2010: entry(
    'superseded by a rerun',
    'nobody: retried',
    false,
    1,
    'Nothing to do: the rerun named in the message goes on.',
  ),
  BL2011: entry('discarded by an operator', 'operator', false, 1, 'Nothing to do.'),
  BL2012: entry(
    'job run never appeared',
    'operator',
    true,
    7,
    'The branch was made but Glue knows no job run for it. Start the run again.',
  ),
  BL2013: entry(
    'merge rejected by a hook',
    'operator',
    false,
    6,
    'Look at the action run in lakeFS; mend the data or the hook, then `branchline runs promote`.',
  ),
  BL2014: entry(
    'promotion undone by a rollback or revert',
    'operator',
    false,
    5,
    'The target was rolled back past this run. Run the job again to bring the change back.',
  ),
  BL2015: entry(
    'target is held or blocked',
    'operator',
    true,
    5,
    'Release the hold or accept/revert what blocks the target; promotions then go on by themselves.',
  ),
  BL2016: entry(
    'merge by hand clashes with what lay between',
    'operator',
    false,
    5,
    'Look at the commit; `branchline targets accept` keeps it, `branchline targets revert` undoes it.',
  ),
  BL2017: entry(
    'base commit was undone on the target',
    'operator',
    false,
    5,
    'The target was rolled back or reverted past what the run started from, so it may rest on bad data. Run the job again; or, having looked, promote it with a strategy.',
  ),
  BL2018: entry(
    'merge by hand of a run that did not succeed',
    'operator',
    false,
    5,
    'Look at the commit; `branchline targets accept` keeps it, `branchline targets revert` undoes it.',
  ),
  BL2019: entry(
    'columns do not fit the table',
    'job author',
    false,
    6,
    'Mend the job and run it again (`branchline runs retry`); or change the columns in branchline.yaml, deploy, and promote it (`branchline runs promote`); or promote it all the same with `--accept-schema`.',
  ),
  BL2022: entry(
    'not a state of the target',
    'operator',
    false,
    5,
    "Name a commit of the target's own history, a tag on one, or a time: `lakectl log --first-parent` lists them.",
  ),
  BL2020: entry(
    'later changes overlap',
    'operator',
    false,
    5,
    'Look with `--dry-run` at what came later; `--restore-partitions` puts whole partitions back to what they were before the run, and what came later in them is lost too.',
  ),
  BL2021: entry(
    'target moved on during the rollback',
    'nobody: retried',
    true,
    5,
    'Somebody keeps merging into the target by hand. Ask them to stop, then repeat the command: it goes on.',
  ),
  // 3xxx: lakeFS
  BL3001: entry(
    'lakeFS cannot be reached',
    'platform',
    true,
    1,
    'Check endpoint, network and the service; runs go on by themselves when it is back.',
  ),
  BL3002: entry(
    'lakeFS refuses the credentials',
    'platform',
    true,
    4,
    'Check the secret; after a rotation wait for the cache (5 minutes).',
  ),
  BL3003: entry(
    'lakeFS is throttling or locked',
    'nobody: retried',
    true,
    1,
    'Nothing to do if it passes; otherwise scale the server.',
  ),
  BL3004: entry('not found in lakeFS', 'operator', false, 3, 'Check repository, branch and commit names.'),
  BL3005: entry(
    'lakeFS answered unexpectedly',
    'platform',
    true,
    1,
    'Look at the answer in the log; check the server version.',
  ),
  BL3006: entry(
    'branch is protected',
    'platform',
    false,
    4,
    'Writes go to run branches; only merges reach a protected target.',
  ),
  BL3007: entry('repository is missing', 'platform', true, 3, 'Deploy again (set-up creates it), or restore it.'),
  BL3008: entry(
    'storage namespace is taken',
    'platform',
    false,
    5,
    'Data of a repository lies there. Restore that repository, or give this one another storageNamespace.',
  ),
  // 4xxx: AWS
  BL4001: entry('AWS call failed', 'platform', true, 1, 'See the AWS error in the message.'),
  BL4002: entry('AWS access denied', 'platform', false, 4, 'Give the caller the permission that the message names.'),
  BL4003: entry(
    'ledger entry changed meanwhile',
    'nobody: retried',
    true,
    5,
    'Nothing to do: the step is repeated on the new state.',
  ),
  BL4004: entry('Glue job not found', 'operator', false, 3, 'Check the job name.'),
  BL5001: entry('internal fault', 'platform', true, 1, 'A bug: please report it with the log lines of this run id.'),
  // 6xxx: the command line, between the person and the functions
  BL6001: entry('wrong use of the command line', 'operator', false, 2, 'See `--help` of the command.'),
  BL6002: entry(
    'not confirmed',
    'operator',
    false,
    2,
    'See what would change with `--dry-run`; pass `--yes` where nobody can be asked.',
  ),
  BL6003: entry(
    'no such deployment',
    'operator',
    false,
    3,
    'Check account, region and prefix (`AWS_PROFILE`, `AWS_REGION`, `--prefix`), or deploy.',
  ),
  BL6004: entry(
    'no AWS credentials or region',
    'operator',
    false,
    4,
    'Set up the AWS environment: `aws sso login`, `AWS_PROFILE` and `AWS_REGION`, or keys.',
  ),
  BL6005: entry(
    'AWS cannot be reached',
    'operator',
    true,
    1,
    'Check the network, the region and `AWS_ENDPOINT_URL`, and try again.',
  ),
  BL6006: entry('AWS is throttling', 'nobody: retried', true, 1, 'Try again in a minute.'),
  BL6007: entry(
    'waited in vain',
    'operator',
    true,
    7,
    'The run goes on by itself: look at it with `branchline runs show`.',
  ),
  BL6008: entry(
    'function did not answer in time',
    'platform',
    true,
    7,
    'Look at its log: what it was asked may have been done, in full or in part. Asking again is safe.',
  ),
  // 7xxx: what readers see
  BL7001: entry(
    'Glue table belongs to somebody else',
    'operator',
    false,
    5,
    'Give the table another `tableName` or `database` in branchline.yaml, or remove the Glue table that the message names.',
  ),
  BL7002: entry(
    'file cannot be shown to readers',
    'platform',
    false,
    1,
    'Athena reads files in S3 alone: look at the storage namespace, and at what was imported into the repository.',
  ),
  BL7003: entry(
    'Glue table changed meanwhile',
    'nobody: retried',
    true,
    5,
    'Nothing to do if it passes; otherwise somebody else keeps writing to the table that the message names.',
  ),
  BL7004: entry(
    'Parquet file cannot be read',
    'job author',
    false,
    1,
    'Write the file that the message names again, or take it out of the table.',
  ),
  BL7005: entry(
    'no such published table',
    'operator',
    false,
    3,
    'See `branchline catalog status`; a table is published where branchline.yaml names its `database`.',
  ),
  // 81xx: snapshots
  BL8101: entry('unknown snapshot', 'operator', false, 3, 'List the snapshots with `branchline snapshots list`.'),
  BL8102: entry(
    'action not possible in the state of this snapshot',
    'operator',
    false,
    5,
    'Look at it with `branchline snapshots list`; a hold is taken off with `branchline snapshots release`.',
  ),
  BL8103: entry(
    'backup is damaged or incomplete',
    'platform',
    false,
    6,
    'Use an older snapshot that verifies; restore the file that the message names from the earlier versions of the backup bucket.',
  ),
  BL7006: entry(
    'too many previews',
    'operator',
    false,
    5,
    'See them with `branchline catalog previews`, and drop one with `branchline catalog drop-preview`.',
  ),
  BL7007: entry('unknown preview', 'operator', false, 3, 'See them with `branchline catalog previews`.'),
  BL7008: entry('name of a preview is taken', 'operator', false, 5, 'Give the preview another name, or none.'),
  // 83xx: rotation of lakeFS's key pair
  BL8301: entry(
    'this lakeFS is not rotated like that',
    'platform',
    false,
    1,
    'Make a second key pair by its own means, write it into the secret, then remove the first.',
  ),
  BL8302: entry(
    'runs are open',
    'nobody: retried',
    true,
    5,
    'Nothing to do if it passes. Otherwise rotate in a quiet hour, or with `branchline credentials rotate --even-while-runs-are-open`: open Spark jobs then fail and start again.',
  ),
  BL8303: entry(
    'rotation did not get through',
    'platform',
    true,
    1,
    'Rotate again: it goes on from where it stopped. See docs/runbook/credential-rotation.md.',
  ),
  BL8304: entry(
    'lakeFS is left without its user',
    'platform',
    true,
    1,
    'At once: rotate again, do not stop or deploy the server. See docs/runbook/credential-rotation.md.',
  ),
  BL8305: entry(
    'another rotation is under way',
    'nobody: retried',
    true,
    5,
    'Wait for it: look with `branchline credentials status`.',
  ),
  // 84xx: restore
  BL8401: entry(
    'no good backup',
    'platform',
    false,
    3,
    'The message says what is wrong with each. Restore earlier versions of the files in the backup bucket, or the metadata store (docs/recovery.md).',
  ),
  BL8402: entry(
    'files of the dump are missing',
    'platform',
    false,
    6,
    'The storage namespace lacks what the dump wrote there: restore from an older snapshot, or bring the earlier versions of the objects below `_lakefs/` back.',
  ),
  BL8403: entry(
    'repository is there',
    'operator',
    false,
    5,
    'Nothing is restored over refs that exist. Roll back a target, or restore a branch; only a repository that was deleted, or an empty one, is restored as a whole.',
  ),
  BL8404: entry('not confirmed by name', 'operator', false, 2, 'Give the name of the repository as `--confirm NAME`.'),
  BL8405: entry(
    'restored refs differ from the backup',
    'platform',
    false,
    6,
    'The message names them. Nothing else was changed: look at them, and at an older snapshot.',
  ),
  BL8406: entry(
    'commit was lost with the metadata',
    'operator',
    false,
    5,
    'The repository was restored to a state before it. Run the job again.',
  ),
  // 9xxx: consumers outside lakeFS
  BL9001: entry(
    'unknown export',
    'operator',
    false,
    3,
    'List the exports with `branchline exports list`, or add it to branchline.yaml and deploy.',
  ),
  BL9002: entry(
    'destination is not empty',
    'operator',
    false,
    5,
    'Give the export another destination; or run it once with `--adopt`: with `delete: true` what is not in the lake is removed there.',
  ),
  BL9003: entry(
    'objects could not be copied',
    'platform',
    true,
    1,
    'Look at the objects that the message names: garbage collection may have taken them, or the function lacks a right. Then run the export again: it goes on where it stopped.',
  ),
  BL9004: entry(
    'export is not whole',
    'operator',
    false,
    5,
    'Somebody removed a part of the manifest: run the export with `--compare`, which brings the destination to the commit from what lies there.',
  ),
} as const satisfies Record<string, ErrorEntry>;
export type ErrorCode = keyof typeof ERROR_CATALOG;

/** An error of the catalog. `details` is data for programs, `message` is for people. */
export class BranchlineError extends Error {
  override readonly name = 'BranchlineError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(
      `${code} ${ERROR_CATALOG[code].title}: ${message}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.details = options.details ?? {};
  }

  get retryable(): boolean {
    return ERROR_CATALOG[this.code].retryable;
  }
}

export const isBranchlineError = (error: unknown, ...codes: ErrorCode[]): error is BranchlineError =>
  error instanceof BranchlineError && (codes.length === 0 || codes.includes(error.code));

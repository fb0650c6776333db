/** What the functions of the control plane are for, how long they may take, and what their constructs are called. */
import { Duration } from 'aws-cdk-lib';
import { FUNCTION, type FunctionName } from '../../lambdas/contract.ts';
import { REFRESH_TIMEOUT } from '../constructs/catalog-refresh.ts';
import { EXPORT_TIMEOUT } from '../constructs/exports.ts';

/**
 * promote-run must end before its lease (180 s, domain/promotion.ts), and the lease before the message is seen again: while
 * a lease stands nobody else decides.
 */
export const PROMOTE_TIMEOUT = Duration.seconds(150);
export const PROMOTE_VISIBILITY = Duration.seconds(240);

export const DESCRIPTION: Readonly<Record<FunctionName, string>> = {
  'start-run': 'Claims a run, makes its branch, starts its job',
  'claim-run': 'Tells a job its run and branch',
  'open-run': 'Opens runs on hints that a job run began',
  'settle-run': 'Commits or discards what an ended job run left',
  'promote-run': 'Promotes committed runs, one at a time per target',
  'resolve-run': 'Does what a person decides about a run or a target',
  'refresh-catalog': 'Brings what readers see of a target to its newest verified commit',
  catalog: 'Looks at what readers see, has it put right, and shows other refs',
  snapshot: 'Makes, verifies and prunes snapshots of targets',
  export: 'Runs, plans, verifies and lists exports',
  'run-exports': 'Brings plain copies of targets to their newest verified commit',
  'copy-chunk': 'Copies one chunk of a large export',
  reconcile: 'Repairs what an event should have done',
  sweep: 'Removes what has expired',
  inspect: 'Answers what ledger and lakeFS say',
  'rotate-credentials': 'Gives lakeFS a new key pair',
  'collect-garbage': 'Has lakeFS’s garbage collected, with a look before and after',
  erase: 'Erases objects wherever they are reached, and proves that they are gone',
  restore: 'Brings a lost repository or branch back',
  drill: 'Rehearses a rollback or a restore on a scratch repository',
  rollback: 'Puts a target back to an earlier state, or undoes one run',
  'set-up': 'Brings lakeFS to what the configuration says',
  replication: 'Tells what has wholly arrived in the second region',
  'publish-events': 'Turns changes of the ledger into domain events and metrics',
};

/**
 * The first publication of an Iceberg table holds what manifests say of each of its files, of 200,000 with three columns some 350 MB. Lambda
 * gives a processor core with 1,769 MB, and refreshes are what readers wait for. Source: Lambda developer guide, "Configure Lambda function memory".
 */
const MEMORY_MB: Partial<Readonly<Record<FunctionName, number>>> = { 'refresh-catalog': 2048 };
const USUAL_MEMORY_MB = 512;
export const memoryOf = (name: FunctionName): number => MEMORY_MB[name] ?? USUAL_MEMORY_MB;

export const TIMEOUT: Readonly<Record<FunctionName, Duration>> = {
  'start-run': Duration.seconds(60),
  'claim-run': Duration.seconds(30),
  'open-run': Duration.seconds(60),
  // Reading the changes of a run with a million objects takes a thousand pages.
  'settle-run': Duration.minutes(5),
  'promote-run': PROMOTE_TIMEOUT,
  'resolve-run': Duration.minutes(15),
  'refresh-catalog': REFRESH_TIMEOUT,
  // A full comparison lists every object of a table.
  catalog: Duration.minutes(15),
  // Counts the objects of a target; what is not done by then goes on in the next invocation.
  snapshot: Duration.minutes(15),
  export: EXPORT_TIMEOUT,
  'run-exports': EXPORT_TIMEOUT,
  'copy-chunk': EXPORT_TIMEOUT,
  reconcile: Duration.minutes(10),
  sweep: Duration.minutes(10),
  inspect: Duration.seconds(60),
  // As long as a function may: prefixes are put back object by object; what is left another call goes on with.
  rollback: Duration.minutes(15),
  'set-up': Duration.minutes(5),
  // It may wait until no run is open.
  'rotate-credentials': Duration.minutes(15),
  // Bringing the refs of a large repository back takes lakeFS its time.
  restore: Duration.minutes(15),
  // Lists everything that refs show; what is not done by then goes on in the next invocation.
  'collect-garbage': Duration.minutes(15),
  // What was not removed by then the next invocation removes.
  drill: Duration.minutes(15),
  // As it: the history besides.
  erase: Duration.minutes(15),
  // Lists what targets show; what is not done by then goes on in the next invocation.
  replication: Duration.minutes(15),
  'publish-events': Duration.seconds(60),
};

/** `start-run` → `StartRun`: a public contract, since changing it replaces the resource. */
export const idOf = (name: string): string =>
  // `Catalog` is the construct that holds the bucket of manifests.
  name === FUNCTION.catalog
    ? 'AskCatalog'
    : name.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());

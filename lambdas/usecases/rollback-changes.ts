/** Whether a commit holds what a rollback wants, and the single objects that bring it there where not all of a target is put back. */
import { BranchlineError } from '../domain/errors.ts';
import { clashingPartitions, isBookkeeping } from '../domain/partitions.ts';
import { tablesOf } from '../domain/pipelines.ts';
import type { RollbackPlan } from '../domain/rollback.ts';
import type { Ports } from '../ports.ts';
import { partitionsBetween } from './target-history.ts';

type UndoPlan = Extract<RollbackPlan, { kind: 'run' }>;

export interface ObjectChanges {
  /** Paths that take what `from` holds. */
  readonly copy: readonly string[];
  readonly remove: readonly string[];
  readonly from: string;
}

const isSame = async (ports: Ports, repository: string, a: string, b: string, prefix?: string): Promise<boolean> => {
  const options = { type: 'two_dot' as const, ...(prefix === undefined ? {} : { prefix }) };
  for await (const _ of ports.lakefs.diff(repository, a, b, options)) return false;
  return true;
};

/** Of an undone run only the partitions are looked at that were put back as a whole; what a revert does lakeFS answers for. */
export const holdsPlan = async (
  ports: Ports,
  repository: string,
  plan: RollbackPlan,
  commit: string,
): Promise<boolean> => {
  if (plan.kind === 'state' && plan.prefixes === undefined) return isSame(ports, repository, plan.to, commit);
  for (const prefix of plan.prefixes ?? []) {
    if (!(await isSame(ports, repository, plan.to, commit, prefix))) return false;
  }
  return true;
};

/** The run's partitions that differ by now from what its merge left. @throws BL2020 where that may not be put back as a whole. */
export const overlapOf = async (
  ports: Ports,
  repository: string,
  plan: UndoPlan,
  head: string,
): Promise<readonly string[]> => {
  const tables = tablesOf(await ports.config.load(), repository);
  const mine = await partitionsBetween(ports, repository, plan.to, plan.mergeCommit);
  const since = await partitionsBetween(ports, repository, plan.mergeCommit, head);
  return clashingPartitions(mine, since, tables);
};

const MAX_PARTITIONS = 100;

/** @throws BL2020 where somebody has to decide first. */
export const refuseOverlap = (run: string, overlap: readonly string[], mayRestore: boolean): void => {
  if (overlap.length === 0) return;
  const some = overlap
    .slice(0, 5)
    .map((partition) => (partition === '' ? '/' : partition))
    .join(', ');
  const more = overlap.length > 5 ? ` and ${String(overlap.length - 5)} more` : '';
  const refuse = (why: string): BranchlineError =>
    new BranchlineError('BL2020', `${some}${more} changed since run ${run}${why}`, { details: { overlap } });
  if (!mayRestore) throw refuse('');
  // The root's own directory cannot be told from everything.
  if (overlap.includes('')) throw refuse(': files beside all directories have to be put back by hand');
  if (overlap.length > MAX_PARTITIONS) {
    throw refuse(`: more than ${String(MAX_PARTITIONS)}; roll its tables back to the state before it instead`);
  }
};

/**
 * What has to change on `head`.
 * @param mayRestore whether an object that somebody wrote anew since the run may go too. @throws BL2020 otherwise.
 */
export const objectChanges = async (
  ports: Ports,
  repository: string,
  plan: RollbackPlan,
  head: string,
  mayRestore: boolean,
): Promise<ObjectChanges> => {
  const copy = new Set<string>();
  const remove = new Set<string>();
  for (const prefix of plan.prefixes ?? []) {
    for await (const { type, path } of ports.lakefs.diff(repository, head, plan.to, { type: 'two_dot', prefix })) {
      (type === 'removed' ? remove : copy).add(path);
    }
  }
  if (plan.kind === 'run') await addPathsOfRun(ports, repository, { plan, head, mayRestore }, { copy, remove });
  return { copy: [...copy], remove: [...remove], from: plan.to };
};

/** What the run changed outside of the partitions that are put back as a whole. */
const addPathsOfRun = async (
  ports: Ports,
  repository: string,
  { plan, head, mayRestore }: { readonly plan: UndoPlan; readonly head: string; readonly mayRestore: boolean },
  { copy, remove }: { copy: Set<string>; remove: Set<string> },
): Promise<void> => {
  const later = new Set<string>();
  for await (const { path } of ports.lakefs.diff(repository, plan.mergeCommit, head, { type: 'two_dot' }))
    later.add(path);
  const isRestored = (path: string): boolean => plan.prefixes?.some((prefix) => path.startsWith(prefix)) === true;
  for await (const { type, path } of ports.lakefs.diff(repository, plan.to, plan.mergeCommit, { type: 'two_dot' })) {
    // A marker that somebody wrote anew is theirs.
    if (isRestored(path) || (isBookkeeping(path) && later.has(path))) continue;
    if (later.has(path) && !mayRestore) throw new BranchlineError('BL2020', `${path} changed since run ${plan.run}`);
    (type === 'added' ? remove : copy).add(path);
  }
};

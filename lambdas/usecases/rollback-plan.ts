/** What a request to roll back comes to: a commit of the target's own history, or the merge of one run. Changes nothing. */
import { BranchlineError } from '../domain/errors.ts';
import { byBeginning } from '../domain/lakefs.ts';
import { repositoryOf } from '../domain/pipelines.ts';
import type { RollbackPlan } from '../domain/rollback.ts';
import { formatRunKey } from '../domain/run.ts';
import type { RollbackRequest } from '../payloads.ts';
import type { RollbackPorts } from '../rollback-ports.ts';
import { requireRun } from './change.ts';
import { stateOfTarget } from './state-of-target.ts';

export type Asked = Exclude<RollbackRequest, { action: 'continue' }>;
type ToState = Extract<Asked, { action: 'roll-back' }>;

/** @throws BL1001, BL1004, BL1005, BL2022 or BL3004 where it makes no sense. */
export const planRollback = async (ports: RollbackPorts, asked: Asked): Promise<RollbackPlan> => {
  const { repository, target } = asked;
  const targets = repositoryOf(await ports.config.load(), repository)?.targets;
  if (targets?.includes(target) !== true) {
    const known = targets === undefined ? 'no such repository' : `its targets are ${targets.join(', ')}`;
    throw new BranchlineError('BL3004', `the configuration knows no target ${repository}/${target}: ${known}`);
  }
  if (asked.action === 'undo-run') return planUndo(ports, asked);
  const prefixes = await prefixesOf(ports, asked);
  const commit = await stateOfTarget(ports, asked);
  return {
    kind: 'state',
    to: commit.id,
    metaRangeId: commit.metaRangeId,
    ...(prefixes === undefined ? {} : { prefixes }),
  };
};

const planUndo = async (
  ports: RollbackPorts,
  { repository, target, runId, attempt }: Extract<Asked, { action: 'undo-run' }>,
): Promise<RollbackPlan> => {
  const run = await requireRun(ports, { runId, attempt: attempt ?? 0 });
  const name = formatRunKey(run);
  if (run.repository !== repository || run.target !== target) {
    throw new BranchlineError('BL1001', `run ${name} went into ${run.repository}/${run.target}, not into ${target}`);
  }
  const isIn = run.state === 'PROMOTED' || run.state === 'ROLLED_BACK';
  const merge =
    !isIn || run.mergeCommit === undefined
      ? undefined
      : await ports.lakefs.getCommit(repository, byBeginning(run.mergeCommit));
  const before = merge?.parents[0];
  if (merge === undefined || before === undefined) {
    const remedy = run.state === 'COMMITTED' || run.state === 'PROMOTING' ? '; hold the target, then discard it' : '';
    throw new BranchlineError('BL1005', `run ${name} is ${run.state}: only what was promoted can be undone${remedy}`);
  }
  return { kind: 'run', run: name, mergeCommit: merge.id, to: before };
};

const prefixesOf = async (ports: RollbackPorts, asked: ToState): Promise<readonly string[] | undefined> => {
  const { repository, tables = [], prefixes = [] } = asked;
  if (tables.length + prefixes.length === 0) return undefined;
  const known = repositoryOf(await ports.config.load(), repository)?.tables ?? [];
  const paths = tables.map((name) => {
    const table = known.find((each) => each.name === name);
    if (table !== undefined) return table.path;
    const names = known.map((each) => each.name).join(', ');
    throw new BranchlineError('BL1001', `repository ${repository} has no table "${name}"; it has ${names || 'none'}`);
  });
  const plain = prefixes.map((prefix) => prefix.replace(/^\/+/, ''));
  if (plain.includes('')) {
    throw new BranchlineError('BL1001', 'an empty prefix is everything: leave it out to roll the whole target back');
  }
  const all = [...new Set([...paths, ...plain])].sort();
  return all.filter((prefix) => !all.some((other) => other !== prefix && prefix.startsWith(other)));
};

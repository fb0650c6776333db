/** What a request to roll back comes to: a commit of the target's own history, or the merge of one run. Changes nothing. */
import { METADATA } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { claimedRunOf } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import { repositoryOf } from '../domain/pipelines.ts';
import { commitAt, type Dated, parseTime } from '../domain/point-in-time.ts';
import type { RollbackPlan } from '../domain/rollback.ts';
import { type EpochMs, formatRunKey, type Run } from '../domain/run.ts';
import type { RollbackRequest } from '../payloads.ts';
import type { RollbackPorts } from '../rollback-ports.ts';
import { requireRun } from './change.ts';
import { historySince } from './target-history.ts';

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
  const commit = await stateOf(ports, asked);
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
    !isIn || run.mergeCommit === undefined ? undefined : await ports.lakefs.getCommit(repository, run.mergeCommit);
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

/** A branch, a tag, a commit id or its beginning, with steps back along first parents. */
const REF = /^[-.\w]+([~^]\d*)*$/;

const refuse = (message: string): BranchlineError => new BranchlineError('BL2022', message);

const stateOf = async (ports: RollbackPorts, asked: ToState): Promise<Commit> => {
  const { repository, target, to } = asked;
  const time = parseTime(to);
  if (time !== undefined) return commitAtTime(ports, asked, time);
  if (!REF.test(to)) {
    throw new BranchlineError('BL1001', `"${to}" is neither a ref nor a time with its zone, such as 2026-11-20T10:00Z`);
  }
  const commit = await ports.lakefs.getCommit(repository, to);
  if (commit === undefined) {
    throw new BranchlineError(
      'BL3004',
      `repository ${repository} has no commit, tag or branch "${to}", or more than one`,
    );
  }
  const { reachesBase } = await historySince(ports, repository, target, commit.id);
  if (reachesBase) return commit;
  // Reset by hand: what readers were shown last is no longer in the history, and is what one wants back.
  const known = await ports.ledger.getTarget(repository, target);
  if (known?.verifiedCommit === commit.id) return commit;
  throw refuse(`${to} (${commit.id.slice(0, 12)}) was never a state of ${repository}/${target}`);
};

/** How many commits of the log are asked of the ledger at once. */
const AT_ONCE = 200;

/** By the order of the history and the ledger's times, back to a commit of which the ledger says that it was there by then. */
const commitAtTime = async (ports: RollbackPorts, asked: ToState, at: EpochMs): Promise<Commit> => {
  const { repository, target, to } = asked;
  if (at > ports.clock.now()) throw refuse(`${to} is in the future`);
  const dated: Dated[] = [];
  let some: Commit[] = [];
  const isEnough = async (): Promise<boolean> => {
    dated.push(...(await withTimes(ports, repository, some)));
    some = [];
    return dated.some(({ latest }) => latest !== undefined && latest <= at);
  };
  for await (const commit of ports.lakefs.log(repository, target, {})) {
    some.push(commit);
    if (some.length >= AT_ONCE && (await isEnough())) break;
  }
  await isEnough();
  const found = commitAt(dated, at);
  if (found === undefined) throw refuse(`${to} is before the first commit of ${repository}/${target}`);
  return found;
};

/** What the ledger knows of when commits were made. */
const withTimes = async (
  ports: RollbackPorts,
  repository: string,
  commits: readonly Commit[],
): Promise<readonly Dated[]> => {
  const claims = commits.map((commit) => claimedRunOf(commit)).filter((key) => key !== undefined);
  const runs = new Map((await ports.ledger.getRuns(claims)).map((run) => [run.mergeCommit, run]));
  return Promise.all(
    commits.map(async (commit) => {
      const run = runs.get(commit.id);
      if (run?.repository === repository) return { commit, ...timesOfRun(run) };
      const id = commit.metadata[METADATA.rollback];
      const rollback = id === undefined ? undefined : await ports.rollbacks.get(id);
      if (rollback?.mergeCommit !== commit.id) return { commit };
      const [earliest, latest] = (['MERGING', 'MERGED'] as const).map(
        (state) => rollback.steps.find((step) => step.state === state)?.at,
      );
      return { commit, ...(earliest === undefined ? {} : { earliest }), ...(latest === undefined ? {} : { latest }) };
    }),
  );
};

/** The merge was made after its promotion began, and before the ledger said so. */
const timesOfRun = ({ steps, settledAt }: Run): { earliest?: EpochMs; latest?: EpochMs } => {
  const begun = steps.findLast(({ state, at }) => state === 'PROMOTING' && at <= (settledAt ?? at))?.at;
  return {
    ...(begun === undefined ? {} : { earliest: begun }),
    ...(settledAt === undefined ? {} : { latest: settledAt }),
  };
};

/**
 * Which commit of a target's own history a person means: by a ref of lakeFS, or by a time. Changes nothing.
 */
import { METADATA } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { claimedRunOf } from '../domain/history.ts';
import { byBeginning, type Commit } from '../domain/lakefs.ts';
import { commitAt, type Dated, parseTime } from '../domain/point-in-time.ts';
import type { EpochMs, Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import type { Rollbacks } from '../rollback-ports.ts';
import { historySince } from './target-history.ts';

export interface StatePorts extends Ports {
  readonly rollbacks: Pick<Rollbacks, 'get'>;
}

export interface AskedState {
  readonly repository: string;
  readonly target: string;
  /** A commit id or the beginning of one, a tag, a snapshot, a branch; or a time such as `2026-11-20T10:00Z`. */
  readonly to: string;
}

/** A branch, a tag, a commit id or its beginning, with steps back along first parents. */
const REF = /^[-.\w]+([~^]\d*)*$/;

const refuse = (message: string): BranchlineError => new BranchlineError('BL2022', message);

/** @throws BL1001, BL2022 or BL3004 where there is none. */
export const stateOfTarget = async (ports: StatePorts, asked: AskedState): Promise<Commit> => {
  const { repository, target, to } = asked;
  const time = parseTime(to);
  if (time !== undefined) return commitAtTime(ports, asked, time);
  if (!REF.test(to)) {
    throw new BranchlineError('BL1001', `"${to}" is neither a ref nor a time with its zone, such as 2026-11-20T10:00Z`);
  }
  const commit = await ports.lakefs.getCommit(repository, byBeginning(to));
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
const commitAtTime = async (ports: StatePorts, asked: AskedState, at: EpochMs): Promise<Commit> => {
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
  ports: StatePorts,
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

/**
 * The metadata store as a whole goes back to an earlier moment: AWS does that, by the configuration or its own command line. What is done here
 * is all around it: what there is, what would be lost, which steps in which order; and afterwards, what differs, and the ledger in line.
 */
import {
  expectedMinutes,
  type Step,
  type StoreState,
  stepsOf,
  type WayBack,
  wayBackTo,
} from '../domain/database-restore.ts';
import { BranchlineError } from '../domain/errors.ts';
import { dumpedAt, type LostWork, mayHaveCommittedSince } from '../domain/restore.ts';
import { type EpochMs, formatRunKey, type Run } from '../domain/run.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { listRefs } from './dump-refs.ts';
import { alignmentOf, findBackup } from './find-backup.ts';
import { alignLedger, holdsCommit, lostWork, summaryOf } from './restore-ledger.ts';

/** So many of each are named. */
const MANY = 100;

/** By the ledger: what happened after a moment, and is not in a store that is brought back to it. */
export interface WorkSince {
  /** Promoted, and to be run again. */
  readonly promoted: { readonly count: number; readonly runs: readonly string[] };
  /** Under way or waiting: their branches or their commits are gone. */
  readonly unfinished: { readonly count: number; readonly runs: readonly string[] };
  readonly targets: readonly { readonly repository: string; readonly target: string; readonly verifiedAt: EpochMs }[];
}

export interface DatabasePlan {
  readonly store: StoreState;
  readonly way: WayBack;
  readonly lost: WorkSince;
  readonly steps: readonly Step[];
  readonly minutes: readonly [least: number, most: number];
}

/** Needs no lakeFS. @throws BL8407 where the store is somebody else's. */
export const planDatabase = async (ports: RestorePorts, asked: EpochMs | undefined): Promise<DatabasePlan> => {
  const { metadataStores, config } = ports;
  if (metadataStores === undefined) {
    throw new BranchlineError('BL8407', 'lakefs.server is not in the configuration of this deployment');
  }
  const store = await metadataStores.look();
  const way = wayBackTo(store, asked);
  const names = (await config.load()).repositories.map(({ name }) => name);
  return {
    store,
    way,
    lost: way.kind === 'none' ? NOTHING : await workSince(ports, way.at),
    steps: stepsOf(store, way, names),
    minutes: expectedMinutes(store),
  };
};

const NOTHING: WorkSince = { promoted: { count: 0, runs: [] }, unfinished: { count: 0, runs: [] }, targets: [] };

const workSince = async ({ ledger }: RestorePorts, at: EpochMs): Promise<WorkSince> => {
  const [promoted, unfinished]: [Run[], Run[]] = [[], []];
  for await (const run of ledger.listRuns({})) {
    if (!mayHaveCommittedSince(run, at)) break;
    if ((run.settledAt ?? run.updatedAt) <= at) continue;
    if (run.state === 'PROMOTED' || run.state === 'ROLLED_BACK') promoted.push(run);
    else if (run.state !== 'DISCARDED' && run.state !== 'UNCHANGED') unfinished.push(run);
  }
  const targets: { repository: string; target: string; verifiedAt: EpochMs }[] = [];
  for await (const { repository, branch, verifiedAt, updatedAt } of ledger.listTargets()) {
    const verified = verifiedAt ?? updatedAt;
    if (verified > at) targets.push({ repository, target: branch, verifiedAt: verified });
  }
  const told = (runs: readonly Run[]) => ({ count: runs.length, runs: runs.slice(0, MANY).map(formatRunKey) });
  return { promoted: told(promoted), unfinished: told(unfinished), targets: targets.slice(0, MANY) };
};

export interface DatabaseCheck {
  readonly repository: string;
  readonly isThere: boolean;
  /** The newest good backup that was dumped before that moment; absent where there is none to compare with. */
  readonly backup?: { readonly snapshot: string; readonly dumpedAt: EpochMs };
  readonly refs: {
    /** They show what the backup shows. */
    readonly same: number;
    /** They show something else, and what the backup shows is there: they moved after it. */
    readonly moved: number;
    /** Not in the backup: made after it. */
    readonly made: number;
    /** In the backup and not in lakeFS: deleted after it, or lost. At most a hundred. */
    readonly gone: readonly string[];
    /** What the backup shows is not in lakeFS: the store is not of that moment. At most a hundred. */
    readonly lost: readonly string[];
  };
  /** What the ledger knows and lakeFS does not. */
  readonly missing: LostWork;
}

export const checkDatabase = async (
  ports: RestorePorts,
  at: EpochMs,
  only: string | undefined,
): Promise<readonly DatabaseCheck[]> => {
  const names = only === undefined ? (await ports.config.load()).repositories.map(({ name }) => name) : [only];
  const checks: DatabaseCheck[] = [];
  for (const name of names) checks.push(await checkRepository(ports, name, at));
  return checks;
};

const checkRepository = async (ports: RestorePorts, repository: string, at: EpochMs): Promise<DatabaseCheck> => {
  const none = { same: 0, moved: 0, made: 0, gone: [], lost: [] };
  if ((await ports.lakefs.getRepository(repository)) === undefined)
    return { repository, isThere: false, refs: none, missing: { runs: [], targets: [] } };
  const known = new Map<string, boolean>();
  const lookup = async (commit: string): Promise<boolean> => {
    const found = known.get(commit) ?? (await holdsCommit(ports, repository, commit));
    known.set(commit, found);
    return found;
  };
  const missing = summaryOf(await lostWork(ports, repository, at, lookup));
  const { good } = await findBackup(ports, repository, undefined, at);
  if (good === undefined) return { repository, isThere: true, refs: none, missing };
  const now = await listRefs(ports, repository);
  const shown = new Map([...now.branches, ...now.tags].map(({ id, commitId }) => [id, commitId]));
  const listed = [...good.refs.branches, ...good.refs.tags];
  const [gone, lost]: [string[], string[]] = [[], []];
  let [same, moved] = [0, 0];
  for (const { id, commitId } of listed) {
    const found = shown.get(id);
    if (found === commitId) same += 1;
    else if (!(await lookup(commitId))) lost.push(id);
    else if (found === undefined) gone.push(id);
    else moved += 1;
  }
  const ids = new Set(listed.map(({ id }) => id));
  const made = [...shown.keys()].filter((id) => !ids.has(id)).length;
  return {
    repository,
    isThere: true,
    backup: { snapshot: good.manifest.snapshot.id, dumpedAt: dumpedAt(good.manifest) },
    refs: { same, moved, made, gone: gone.slice(0, MANY), lost: lost.slice(0, MANY) },
    missing,
  };
};

/** Brings the ledger in line with the store that was brought back. Safe to repeat: only what is found missing is touched. */
export const settleDatabase = async (ports: RestorePorts, repository: string, at: EpochMs): Promise<LostWork> => {
  if ((await ports.lakefs.getRepository(repository)) === undefined)
    throw new BranchlineError('BL3007', `repository "${repository}"`);
  const { good } = await findBackup(ports, repository, undefined, at);
  const { seen } = good === undefined ? {} : alignmentOf(good);
  return alignLedger(ports, { repository, since: at, ...(seen === undefined ? {} : { seen }) });
};

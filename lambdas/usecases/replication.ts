/** What is known of the second region, and what people ask of it: status, and a look at every object anew. */
import { BranchlineError } from '../domain/errors.ts';
import {
  isWhole,
  type MissingObject,
  missingIn,
  NEVER_SECONDS,
  NEW_WALK,
  type ReplicationRecord,
} from '../domain/replication.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ReplicationRequest } from '../payloads.ts';
import type { ReplicationPorts } from '../replication-ports.ts';
import { walkOn } from './replica-look.ts';
import { objectsOf, type ReplicationWorker, watchReplication, workerOf } from './watch-replication.ts';

export interface ReplicationReport {
  readonly region: string;
  /** How old what has arrived is: of the target where it is the oldest. */
  readonly lagSeconds: number;
  /** How old the newest snapshot is that could be restored there: of the repository where it is the oldest. */
  readonly restorableSeconds: number;
  readonly missing: number;
  readonly failures: readonly { readonly what: string; readonly reason: string }[];
}

export interface VerifiedTarget {
  readonly repository: string;
  readonly target: string;
  /** Absent where nothing has arrived yet. */
  readonly commit?: string;
  readonly objects: number;
  readonly missing: readonly MissingObject[];
  readonly outside: number;
  readonly outcome: 'whole' | 'missing' | 'unfinished' | 'nothing';
}

export interface ReplicationAnswers {
  readonly status: {
    readonly outcome: 'listed';
    readonly region: string;
    readonly records: readonly ReplicationRecord[];
  };
  readonly verify: {
    readonly outcome: 'whole' | 'missing' | 'unfinished';
    readonly targets: readonly VerifiedTarget[];
  };
  readonly tend: { readonly outcome: 'tended'; readonly report: ReplicationReport };
}
export type ReplicationAnswerTo<Action extends keyof ReplicationAnswers> = ReplicationAnswers[Action];
export type ReplicationAnswer = ReplicationAnswers[keyof ReplicationAnswers];

export const replication = async (
  ports: ReplicationPorts,
  request: ReplicationRequest,
  until: EpochMs,
): Promise<ReplicationAnswer> => {
  const workers = await workersOf(ports, 'repository' in request ? request.repository : undefined, until);
  const region = workers[0]?.settings.region ?? '';
  switch (request.action) {
    case 'status': {
      const records = await Promise.all(workers.map(({ repository: { name } }) => ports.replications.get(name)));
      return {
        outcome: 'listed',
        region,
        records: records.filter((record) => record?.region === region) as ReplicationRecord[],
      };
    }
    case 'verify':
      return verify(ports, workers, request.target);
    case 'tend':
      return { outcome: 'tended', report: await tend(ports, workers, region) };
  }
};

const workersOf = async (
  ports: ReplicationPorts,
  name: string | undefined,
  until: EpochMs,
): Promise<ReplicationWorker[]> => {
  const config = await ports.config.load();
  if (config.replication === undefined) throw new BranchlineError('BL8851', 'the configuration has no replication.to');
  const chosen = config.repositories.filter((repository) => name === undefined || repository.name === name);
  if (chosen.length === 0) throw new BranchlineError('BL1002', `no repository "${name ?? ''}" in the configuration`);
  return chosen.map((repository) => workerOf(ports, config, repository, until));
};

const tend = async (
  ports: ReplicationPorts,
  workers: readonly ReplicationWorker[],
  region: string,
): Promise<ReplicationReport> => {
  const failures: { what: string; reason: string }[] = [];
  const records: ReplicationRecord[] = [];
  for (const worker of workers) {
    const { name } = worker.repository;
    try {
      if (worker.isTimeUp()) throw new BranchlineError('BL8852', `repository "${name}" was not looked at`);
      const record = await watchReplication(ports, worker);
      // Whoever was faster tells what it found.
      if (record !== 'stale') records.push(record);
    } catch (error) {
      failures.push({ what: name, reason: String(error) });
      ports.log.error('could not look at the second region', { repository: name, reason: String(error) });
    }
  }
  const now = ports.clock.now();
  const ages = records.map(({ restorable }) =>
    restorable === undefined ? NEVER_SECONDS : (now - restorable.takenAt) / 1000,
  );
  const lags = records.flatMap(({ targets }) => Object.values(targets).map(({ lagSeconds }) => lagSeconds));
  return {
    region,
    lagSeconds: Math.max(0, ...lags),
    restorableSeconds: Math.round(Math.max(0, ...ages)),
    missing: records.reduce((sum, record) => sum + missingIn(record), 0),
    failures,
  };
};

/** Every object of what has arrived, looked for again. What is found missing has not arrived: it is looked for until it has. */
const verify = async (
  ports: ReplicationPorts,
  workers: readonly ReplicationWorker[],
  only: string | undefined,
): Promise<ReplicationAnswers['verify']> => {
  const targets: VerifiedTarget[] = [];
  for (const worker of workers) {
    const { name, targets: all } = worker.repository;
    const record = await ports.replications.get(name);
    const chosen = all.filter((target) => only === undefined || target === only);
    if (chosen.length === 0) throw new BranchlineError('BL1002', `no target "${only ?? ''}" of repository "${name}"`);
    for (const target of chosen) targets.push(await verifyTarget(ports, worker, record, target));
    await forget(ports, name, targets);
  }
  const outcomes = new Set(targets.map(({ outcome }) => outcome));
  const outcome =
    outcomes.has('missing') || outcomes.has('nothing')
      ? 'missing'
      : outcomes.has('unfinished')
        ? 'unfinished'
        : 'whole';
  return { outcome, targets };
};

const verifyTarget = async (
  ports: ReplicationPorts,
  worker: ReplicationWorker,
  record: ReplicationRecord | undefined,
  target: string,
): Promise<VerifiedTarget> => {
  const { name: repository } = worker.repository;
  const commit = record?.targets[target]?.replicated?.commit;
  if (commit === undefined) return { repository, target, objects: 0, missing: [], outside: 0, outcome: 'nothing' };
  const walk = await walkOn(NEW_WALK, (after) => objectsOf(ports, repository, commit, after), worker);
  const { objects, missing, outside } = walk;
  const outcome = isWhole(walk) ? 'whole' : missing.length > 0 ? 'missing' : 'unfinished';
  return { repository, target, commit, objects, missing, outside, outcome };
};

const forget = async (ports: ReplicationPorts, name: string, verified: readonly VerifiedTarget[]): Promise<void> => {
  const gone = verified.filter(({ repository, outcome }) => repository === name && outcome === 'missing');
  for (let tries = 0; gone.length > 0 && tries < 5; tries += 1) {
    const record = await ports.replications.get(name);
    if (record === undefined) return;
    const commits = new Set(gone.map(({ commit }) => commit));
    const targets = Object.entries(record.targets).map(([target, { replicated, ...state }]) => [
      target,
      {
        ...state,
        ...(replicated === undefined || commits.has(replicated.commit) ? {} : { replicated }),
        arrived: state.arrived.filter(({ commit }) => !commits.has(commit)),
      },
    ]);
    const { restorable, ...rest } = record;
    const isLost = Object.values(restorable?.commits ?? {}).some((commit) => commits.has(commit));
    const next = {
      ...rest,
      ...(restorable === undefined || isLost ? {} : { restorable }),
      targets: Object.fromEntries(targets) as ReplicationRecord['targets'],
      version: record.version + 1,
      updatedAt: ports.clock.now(),
    };
    if ((await ports.replications.put(next)).outcome === 'written') return;
  }
};

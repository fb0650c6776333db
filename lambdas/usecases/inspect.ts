/** What ledger and lakeFS say. Changes nothing; `doctor` tries writing on a branch of its own that it removes again. */
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { Commit } from '../domain/lakefs.ts';
import type { RequestRecord } from '../domain/request.ts';
import type { RestoreRecord } from '../domain/restore.ts';
import { isUnfinished, type Rollback } from '../domain/rollback.ts';
import type { Run } from '../domain/run.ts';
import type { Target } from '../domain/target.ts';
import type { Check, InspectRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import type { Restores } from '../restore-ports.ts';
import type { Rollbacks } from '../rollback-ports.ts';
import { type AskedPorts, requestsOf } from './asked-requests.ts';
import { doctor } from './doctor.ts';

/** Attempts of a run id that are looked for: Glue's own limit for retries is 10. Source: AWS Glue API, `MaxRetries`. */
const MAX_ATTEMPTS = 11;
const DEFAULT_LIMIT = 50;

export interface RunDetails {
  readonly run: Run;
  /** Commits of the run branch since its base, and the promotion; newest first. Only those that lakeFS still knows. */
  readonly commits: readonly Commit[];
  /** Why `commits` may lack some: lakeFS is away, and the ledger tells what it can. */
  readonly commitsUnread?: string;
  /** Prefixes that the run changed; absent before it was committed. */
  readonly partitions?: readonly string[];
}

export type InspectAnswer =
  | { readonly runs: readonly Run[] }
  | { readonly attempts: readonly RunDetails[] }
  | { readonly targets: readonly Target[] }
  | { readonly rollbacks: readonly Rollback[] }
  | { readonly rollback: Rollback }
  | { readonly restores: readonly RestoreRecord[] }
  | { readonly restore: RestoreRecord }
  | { readonly requests: readonly RequestRecord[] }
  | { readonly checks: readonly Check[] };

export interface InspectPorts extends Ports, AskedPorts {
  readonly rollbacks: Pick<Rollbacks, 'get' | 'list'>;
  readonly restores: Pick<Restores, 'list'>;
}

export const inspect = async (ports: InspectPorts, request: InspectRequest): Promise<InspectAnswer> => {
  switch (request.query) {
    case 'runs': {
      const runs: Run[] = [];
      const limit = request.limit ?? DEFAULT_LIMIT;
      const { states, job, repository, target } = request;
      const filter = {
        limit,
        ...(states === undefined ? {} : { states }),
        ...(job === undefined ? {} : { job }),
        ...(repository === undefined ? {} : { repository }),
        ...(target === undefined ? {} : { target }),
      };
      for await (const run of ports.ledger.listRuns(filter)) {
        runs.push(run);
        if (runs.length >= limit) break;
      }
      return { runs };
    }
    case 'run': {
      const attempts = request.attempt === undefined ? [...Array(MAX_ATTEMPTS).keys()] : [request.attempt];
      const found = await ports.ledger.getRuns(attempts.map((attempt) => ({ runId: request.runId, attempt })));
      return { attempts: await Promise.all(found.map((run) => detailsOf(ports, run))) };
    }
    case 'targets': {
      const targets: Target[] = [];
      for await (const target of ports.ledger.listTargets()) targets.push(target);
      return { targets };
    }
    case 'rollbacks': {
      const { repository, target, unfinished, limit = DEFAULT_LIMIT } = request;
      const filter = {
        ...(repository === undefined ? {} : { repository }),
        ...(target === undefined ? {} : { target }),
        ...(unfinished === true ? { unfinished } : {}),
      };
      const rollbacks: Rollback[] = [];
      for await (const rollback of ports.rollbacks.list(filter)) {
        if (unfinished !== true || isUnfinished(rollback)) rollbacks.push(rollback);
        if (rollbacks.length >= limit) break;
      }
      return { rollbacks };
    }
    case 'rollback': {
      const rollback = await ports.rollbacks.get(request.rollback);
      if (rollback !== undefined) return { rollback };
      throw new BranchlineError('BL1007', `the ledger knows no rollback "${request.rollback}"`);
    }
    case 'restores': {
      const found = await restoresOf(ports, request.repository);
      return { restores: found.slice(0, request.limit ?? DEFAULT_LIMIT) };
    }
    case 'restore': {
      const found = (await restoresOf(ports)).filter(({ id }) => id.startsWith(request.restore));
      const [restore] = found;
      if (restore !== undefined && found.length === 1) return { restore };
      const what = restore === undefined ? 'no restore' : `${String(found.length)} restores that begin with`;
      throw new BranchlineError('BL8408', `the ledger knows ${what} "${request.restore}"`);
    }
    case 'requests': {
      const { repository, target, limit = DEFAULT_LIMIT } = request;
      const filter = {
        ...(repository === undefined ? {} : { repository }),
        ...(target === undefined ? {} : { target }),
      };
      return { requests: await requestsOf(ports, filter, { limit, restores: await restoresOf(ports, repository) }) };
    }
    case 'doctor':
      return { checks: await doctor(ports, { readOnly: request.readOnly ?? false }) };
  }
};

/** Of all repositories: what was asked of all of them at once is kept under `*`. Newest first; they are few. */
const restoresOf = async (ports: InspectPorts, repository?: string): Promise<readonly RestoreRecord[]> => {
  const configured = (await ports.config.load()).repositories.map(({ name }) => name);
  const names = repository === undefined ? [...configured, '*'] : [repository];
  const found = await Promise.all(names.map((name) => Array.fromAsync(ports.restores.list(name))));
  return found.flat().toSorted((a, b) => b.startedAt - a.startedAt);
};

const detailsOf = async (ports: Ports, run: Run): Promise<RunDetails> => {
  const partitions = run.runCommit === undefined ? undefined : await ports.ledger.getChanges(run, run.runCommit);
  const commits: Commit[] = [];
  let commitsUnread: string | undefined;
  try {
    for await (const commit of commitsOf(ports, run)) commits.push(commit);
  } catch (error) {
    // On the day when lakeFS is down people want to see what the ledger says most of all.
    if (!isBranchlineError(error, 'BL3001', 'BL3002', 'BL3003', 'BL3005', 'BL3007')) throw error;
    commitsUnread = error.message;
  }
  return {
    run,
    commits,
    ...(commitsUnread === undefined ? {} : { commitsUnread }),
    ...(partitions === undefined ? {} : { partitions }),
  };
};

async function* commitsOf(ports: Ports, run: Run): AsyncIterable<Commit> {
  if (run.mergeCommit !== undefined) {
    const merge = await ports.lakefs.getCommit(run.repository, run.mergeCommit);
    if (merge !== undefined) yield merge;
  }
  if (run.runCommit === undefined || run.runCommit === run.baseCommit) return;
  const stopAt = run.promotionBase ?? run.baseCommit;
  for await (const commit of ports.lakefs.log(run.repository, run.runCommit, { stopAt, limit: 100 })) {
    if (commit.id === run.baseCommit || commit.id === run.promotionBase) return;
    yield commit;
  }
}

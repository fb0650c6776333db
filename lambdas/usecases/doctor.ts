/** Checks of a deployment, from where its functions stand: inside the network, with their permissions. */
import type { RepositoryConfig } from '../contract.ts';
import { ERROR_CATALOG, isBranchlineError } from '../domain/errors.ts';
import { WAITING_STATES } from '../domain/run.ts';
import { isHeld } from '../domain/target.ts';
import type { Check } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { usesBookmarks } from './claim.ts';

const ok = (name: string, message: string): Check => ({ name, status: 'ok', message });
const failed = (name: string, error: unknown): Check => ({
  name,
  status: 'failed',
  message: error instanceof Error ? error.message : String(error),
  ...(isBranchlineError(error) ? { remedy: ERROR_CATALOG[error.code].remedy } : {}),
});

export const doctor = async (ports: Ports): Promise<readonly Check[]> => {
  const checks: Check[] = [];
  const tryTo = async (name: string, look: () => Promise<Check[]>): Promise<void> => {
    try {
      checks.push(...(await look()));
    } catch (error) {
      checks.push(failed(name, error));
    }
  };
  await tryTo('configuration', async () => {
    const config = await ports.config.load();
    return [
      ok(
        'configuration',
        `${String(config.repositories.length)} repositories, ${String(config.pipelines.length)} pipelines`,
      ),
    ];
  });
  await tryTo('lakeFS', async () => [ok('lakeFS', `reached, version ${await ports.lakefs.version()}`)]);
  const config = await ports.config.load();
  for (const repository of config.repositories) {
    await tryTo(`repository ${repository.name}`, () => checkRepository(ports, repository));
  }
  const names = config.pipelines.flatMap(({ jobs }) => jobs.filter((pattern) => !pattern.includes('*')));
  for (const name of new Set(names)) await tryTo(`job ${name}`, () => checkJob(ports, name));
  await tryTo('ledger', () => checkLedger(ports));
  return checks;
};

const checkRepository = async (ports: Ports, repository: RepositoryConfig): Promise<Check[]> => {
  const name = `repository ${repository.name}`;
  if ((await ports.lakefs.getRepository(repository.name)) === undefined) {
    return [{ name, status: 'failed', message: 'missing in lakeFS', remedy: ERROR_CATALOG.BL3007.remedy }];
  }
  const checks = [ok(name, repository.storageNamespace)];
  const patterns = await ports.lakefs.getProtectedBranches(repository.name);
  for (const branch of repository.targets) {
    const target = `target ${repository.name}/${branch}`;
    const ref = await ports.lakefs.getBranch(repository.name, branch);
    if (ref === undefined) {
      checks.push({
        name: target,
        status: 'failed',
        message: 'branch is missing',
        remedy: 'Deploy again: set-up makes it.',
      });
    } else if (!patterns.includes(branch)) {
      checks.push({
        name: target,
        status: 'failed',
        message: 'not protected',
        remedy: 'Deploy again: set-up protects it.',
      });
    } else {
      checks.push(await checkTarget(ports, repository.name, branch, ref.commitId));
    }
  }
  return checks;
};

const checkTarget = async (ports: Ports, repository: string, branch: string, head: string): Promise<Check> => {
  const name = `target ${repository}/${branch}`;
  const target = await ports.ledger.getTarget(repository, branch);
  if (target?.blocked !== undefined) {
    return { name, status: 'failed', message: target.blocked.cause.message, remedy: ERROR_CATALOG.BL2016.remedy };
  }
  if (isHeld(target, ports.clock.now())) {
    return { name, status: 'warning', message: `held by ${target?.hold?.owner ?? ''}: ${target?.hold?.reason ?? ''}` };
  }
  if (target?.verifiedCommit !== head) {
    return {
      name,
      status: 'warning',
      message: `head ${head.slice(0, 12)} is not verified yet`,
      remedy: 'Reconcile does it within minutes.',
    };
  }
  return ok(name, `protected, verified at ${head.slice(0, 12)}`);
};

const checkJob = async (ports: Ports, name: string): Promise<Check[]> => {
  const job = await ports.glue.getJob(name);
  if (job === undefined) {
    return [
      {
        name: `job ${name}`,
        status: 'warning',
        message: 'named by a pipeline, unknown to Glue',
        remedy: ERROR_CATALOG.BL4004.remedy,
      },
    ];
  }
  if (usesBookmarks(job) && job.maxConcurrentRuns !== 1) {
    const message = `uses bookmarks and may run ${String(job.maxConcurrentRuns)} times at once`;
    return [
      {
        name: `job ${name}`,
        status: 'failed',
        message,
        remedy: 'Set MaxConcurrentRuns to 1: a bookmark is one mark for all runs of the job.',
      },
    ];
  }
  return [ok(`job ${name}`, usesBookmarks(job) ? 'uses bookmarks, one run at a time' : 'known to Glue')];
};

const checkLedger = async (ports: Ports): Promise<Check[]> => {
  let waiting = 0;
  for await (const _ of ports.ledger.listRuns({ states: [...WAITING_STATES] })) waiting += 1;
  let owing = 0;
  for await (const run of ports.ledger.listRuns({ needsCleanUp: true }))
    if (run.bookmarkRewind === 'rerun-needed') owing += 1;
  if (waiting === 0) return [ok('ledger', 'no run waits for a person')];
  const message = `${String(waiting)} runs wait for a person${owing > 0 ? `, ${String(owing)} windows are to be run again` : ''}`;
  return [{ name: 'ledger', status: 'warning', message, remedy: 'branchline runs list --state CONFLICTED,REJECTED' }];
};

/** What `doctor` looks at for each repository and each job of the configuration. */
import type { CompiledConfig, RepositoryConfig } from '../contract.ts';
import { haveDrifted } from '../domain/collection.ts';
import { ERROR_CATALOG } from '../domain/errors.ts';
import { isHeld } from '../domain/target.ts';
import type { Check } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { usesBookmarks } from './claim.ts';
import { failed, ok, thrown, warning } from './finding.ts';

export const checkRepository = async (ports: Ports, repository: RepositoryConfig): Promise<readonly Check[]> => {
  const name = `repository ${repository.name}`;
  if ((await ports.lakefs.getRepository(repository.name)) === undefined) {
    return [failed(name, 'missing in lakeFS', ERROR_CATALOG.BL3007.remedy)];
  }
  const patterns = await ports.lakefs.getProtectedBranches(repository.name);
  const targets = await Promise.all(
    repository.targets.map((branch) => checkTarget(ports, repository.name, branch, patterns.includes(branch))),
  );
  return [ok(name, repository.storageNamespace), await checkRules(ports, repository), ...targets];
};

/** Somebody may have changed them in lakeFS: then objects go sooner or later than the configuration says. */
const checkRules = async (ports: Ports, { name, garbageCollection }: RepositoryConfig): Promise<Check> => {
  const title = `garbage-collection rules of ${name}`;
  const found = await ports.lakefs.getGarbageCollection(name);
  if (!haveDrifted(garbageCollection, found)) return ok(title, 'as configured');
  const message = found === undefined ? 'there are none' : `lakeFS has ${JSON.stringify(found)}`;
  return warning(title, message, 'Deploy again: set-up writes the configured ones.');
};

const checkTarget = async (ports: Ports, repository: string, branch: string, isProtected: boolean): Promise<Check> => {
  const name = `target ${repository}/${branch}`;
  const ref = await ports.lakefs.getBranch(repository, branch);
  if (ref === undefined) return failed(name, 'branch is missing', 'Deploy again: set-up makes it.');
  if (!isProtected) return failed(name, 'not protected', 'Deploy again: set-up protects it.');
  const target = await ports.ledger.getTarget(repository, branch);
  if (target?.blocked !== undefined) {
    return failed(name, `blocked: ${target.blocked.cause.message}`, ERROR_CATALOG.BL2016.remedy);
  }
  if (isHeld(target, ports.clock.now())) {
    const { owner, reason } = target?.hold ?? { owner: '', reason: '' };
    return warning(name, `held by ${owner}: ${reason}`, 'Promotions go on when the hold is released.');
  }
  if (target?.verifiedCommit !== ref.commitId) {
    const message = `head ${ref.commitId.slice(0, 12)} is not verified yet`;
    return warning(name, message, 'Reconcile does it within minutes.');
  }
  return ok(name, `protected, verified at ${ref.commitId.slice(0, 12)}`);
};

/** Glue answers few requests at once. */
const AT_ONCE = 8;

/** A name for what a pattern stands for: nobody's job, so that Glue's answer tells of the permission alone. */
const sampleOf = (pattern: string): string => pattern.replaceAll('*', 'branchline-doctor');

/**
 * Whether jobs may be read at all, tried once; then every job that a pipeline names in full. A pattern says nothing about
 * which jobs there are.
 */
export const checkJobs = async (ports: Ports, config: CompiledConfig): Promise<readonly Check[]> => {
  const patterns = [...new Set(config.pipelines.flatMap(({ jobs }) => jobs))];
  const [first] = patterns;
  if (first === undefined) return [];
  // Thrown where it is denied: then there is no use in asking for each job.
  await ports.glue.getJob(sampleOf(first));
  const checks = [ok('permission to read jobs', 'glue:GetJob is allowed')];
  const names = patterns.filter((pattern) => !pattern.includes('*'));
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE);
    checks.push(
      ...(await Promise.all(
        some.map((name) => checkJob(ports, name).catch((error: unknown) => thrown(`job ${name}`, error))),
      )),
    );
  }
  return checks;
};

const checkJob = async (ports: Ports, name: string): Promise<Check> => {
  const title = `job ${name}`;
  const job = await ports.glue.getJob(name);
  if (job === undefined) return warning(title, 'named by a pipeline, unknown to Glue', ERROR_CATALOG.BL4004.remedy);
  if (!usesBookmarks(job)) return ok(title, 'known to Glue');
  return job.maxConcurrentRuns === 1
    ? ok(title, 'uses bookmarks, one run at a time')
    : failed(
        title,
        `uses bookmarks and may run ${String(job.maxConcurrentRuns)} times at once`,
        'Set MaxConcurrentRuns to 1: a bookmark is one mark for all runs of the job.',
      );
};

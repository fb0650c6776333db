/**
 * Brings lakeFS to what the configuration says: repositories that are missing, protected targets, garbage-collection rules.
 * Repeatable; never deletes anything, neither a repository nor a protection that a person added.
 */

import type { RepositoryConfig } from '../contract.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { Ports } from '../ports.ts';
import { ensureTarget } from './verify-target.ts';

const PROBE_PREFIX = '_branchline/protection-probe/';
const PROBE_TRIES = 30;

export interface SetUpReport {
  readonly repositories: readonly {
    readonly name: string;
    readonly created: boolean;
    readonly targets: readonly string[];
    /** False where a target still took a write after half a minute. */
    readonly protected: boolean;
  }[];
}

/** @param request.pause waits so many milliseconds; protection takes seconds to apply (3.2 s seen on a real server). */
export const setUp = async (ports: Ports, request: { pause: (ms: number) => Promise<void> }): Promise<SetUpReport> => {
  const repositories: SetUpReport['repositories'][number][] = [];
  for (const repository of (await ports.config.load()).repositories) {
    repositories.push(await setUpRepository(ports, repository, request.pause));
  }
  return { repositories };
};

const setUpRepository = async (ports: Ports, config: RepositoryConfig, pause: (ms: number) => Promise<void>) => {
  const { lakefs } = ports;
  const { name, storageNamespace, defaultBranch } = config;
  const existing = await lakefs.getRepository(name);
  const created =
    existing === undefined ? await lakefs.createRepository({ name, storageNamespace, defaultBranch }) : 'exists';
  const main = existing?.defaultBranch ?? defaultBranch;
  for (const target of config.targets) await ensureBranchExists(ports, name, target, main);
  const before = await lakefs.getProtectedBranches(name);
  const missing = config.targets.filter((target) => !before.includes(target));
  if (missing.length > 0) await lakefs.setProtectedBranches(name, [...before, ...missing]);
  await lakefs.setGarbageCollection(name, config.garbageCollection);
  let isProtected = true;
  for (const target of config.targets) {
    if (!(await refusesWrites(ports, name, target, pause))) isProtected = false;
    await ensureTarget(ports, name, target);
  }
  if (!isProtected) {
    throw new BranchlineError(
      'BL3006',
      `targets ${config.targets.join(', ')} of "${name}" still take direct writes although protected`,
    );
  }
  return { name, created: created === 'created', targets: config.targets, protected: isProtected };
};

const ensureBranchExists = async (ports: Ports, repository: string, branch: string, from: string): Promise<void> => {
  if ((await ports.lakefs.getBranch(repository, branch)) !== undefined) return;
  const source = await ports.lakefs.getBranch(repository, from);
  if (source === undefined)
    throw new BranchlineError('BL3004', `repository "${repository}" has no branch "${from}" to make "${branch}" from`);
  await ports.lakefs.createBranch(repository, branch, source.commitId);
};

/** Tries until the protection bites: resetting a prefix that holds nothing is refused by it and does no harm without it. */
const refusesWrites = async (
  ports: Ports,
  repository: string,
  branch: string,
  pause: (ms: number) => Promise<void>,
): Promise<boolean> => {
  for (let tries = 0; tries < PROBE_TRIES; tries += 1) {
    try {
      await ports.lakefs.resetStaged(repository, branch, PROBE_PREFIX);
    } catch (error) {
      if (isBranchlineError(error, 'BL3006')) return true;
      throw error;
    }
    await pause(1000);
  }
  return false;
};

/**
 * Whether objects can be written and read: tried on a branch of its own from the head of the repository's default branch, which is
 * removed again with what is staged on it. Nothing is committed, so no target ever sees it. What an interrupted look leaves behind is
 * removed by the next one, and by sweep.
 */
import { PROBE_BRANCH_PREFIX, type RepositoryConfig } from '../contract.ts';
import type { EpochMs } from '../domain/run.ts';
import { median } from '../domain/server.ts';
import type { Check } from '../payloads.ts';
import type { Lakefs, Ports, ServerProbe } from '../ports.ts';
import { failed, ok, warning } from './finding.ts';

/** Longer than any invocation that could still use it. */
const STALE_MS = 900_000;

/** Ten digits, so that no branch of somebody else is taken for one. */
const PROBE = new RegExp(`^${PROBE_BRANCH_PREFIX}(\\d{10})-[a-zA-Z0-9]+$`);

const isStale = (branch: string, now: EpochMs): boolean => {
  const made = PROBE.exec(branch)?.[1];
  return made !== undefined && now - Number(made) * 1000 > STALE_MS;
};

export const sweepProbes = async (
  { lakefs, clock }: { readonly lakefs: Lakefs; readonly clock: Ports['clock'] },
  repository: string,
): Promise<number> => {
  let deleted = 0;
  for await (const { id } of lakefs.listBranches(repository, PROBE_BRANCH_PREFIX)) {
    if (!isStale(id, clock.now())) continue;
    await lakefs.deleteBranch(repository, id);
    deleted += 1;
  }
  return deleted;
};

const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.from(a).equals(b);
const READS = 3;

export const checkStorage = async (
  ports: Ports,
  server: ServerProbe,
  { name: repository, defaultBranch }: RepositoryConfig,
): Promise<readonly Check[]> => {
  const { lakefs, clock, ids } = ports;
  const name = `storage of ${repository}`;
  const head = await lakefs.getBranch(repository, defaultBranch);
  // Told by the looks at the repository and its targets.
  if (head === undefined) return [];
  await sweepProbes(ports, repository);
  const branch = `${PROBE_BRANCH_PREFIX}${String(Math.floor(clock.now() / 1000))}-${ids
    .owner()
    .replace(/[^a-zA-Z0-9]/g, '')
    .slice(0, 12)}`;
  await lakefs.createBranch(repository, branch, head.commitId);
  try {
    const content = Buffer.from(`branchline doctor ${branch}\n`);
    const path = `_branchline/${branch}`;
    const began = clock.now();
    await lakefs.putObject(repository, branch, path, content);
    const written = clock.now() - began;
    const times: number[] = [];
    while (times.length < READS) {
      const from = clock.now();
      if (!same(await lakefs.getObject(repository, branch, path), content))
        return [
          failed(
            name,
            'what was written was read back otherwise',
            'Look at the bucket: does something rewrite objects in it?',
          ),
        ];
      times.push(clock.now() - from);
    }
    const speed = `written in ${String(written)} ms, read in ${String(median(times))} ms (median of ${String(READS)})`;
    return [ok(name, speed), ...(await checkPresigned(server, { repository, branch }))];
  } finally {
    await lakefs.deleteBranch(repository, branch);
  }
};

/** A warning at most: jobs may be elsewhere in the network than this function, or use the S3 gateway. */
const checkPresigned = async (
  server: ServerProbe,
  { repository, branch }: { readonly repository: string; readonly branch: string },
): Promise<readonly Check[]> => {
  const name = `presigned access to ${repository}`;
  const { kind, canPresign } = await server.storage();
  if (!canPresign)
    return [
      warning(
        name,
        `the ${kind} storage of this server signs no addresses`,
        'Jobs use the S3 gateway: access `s3a` or `simple`.',
      ),
    ];
  const content = Buffer.from(`branchline doctor ${branch}, presigned\n`);
  const path = `_branchline/${branch}-presigned`;
  const remedy =
    'Jobs that use lakefs:// need it. Is there a way from here to the bucket, and may the server sign for it?';
  try {
    await server.putPresigned(repository, branch, path, content);
    return [
      same(await server.getPresigned(repository, branch, path), content)
        ? ok(name, 'written and read past the server')
        : warning(name, 'what was written was read back otherwise', remedy),
    ];
  } catch (error) {
    return [warning(name, error instanceof Error ? error.message : String(error), remedy)];
  }
};

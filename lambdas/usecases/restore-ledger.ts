/**
 * Brings the ledger in line with a repository that was restored: runs whose commits are gone, targets whose verified commit is gone,
 * tables that show one that is gone. Only what is found missing is touched, so that a repeat changes nothing more.
 */
import { byBeginning } from '../domain/lakefs.ts';
import { commitToMiss, type LostWork, mayHaveCommittedSince } from '../domain/restore.ts';
import { type EpochMs, formatRunKey, type Run, type RunState } from '../domain/run.ts';
import type { Target } from '../domain/target.ts';
import { advance } from '../domain/transitions.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { changeRun, changeTarget } from './change.ts';

const MANY = 100;

/** Whether lakeFS holds a commit. */
export const holdsCommit = async ({ lakefs }: RestorePorts, repository: string, commit: string): Promise<boolean> =>
  (await lakefs.getCommit(repository, byBeginning(commit))) !== undefined;

/** What the ledger knows and lakeFS does not. Reads only. @param lookup whether lakeFS holds a commit. */
export const lostWork = async (
  ports: RestorePorts,
  repository: string,
  since: EpochMs,
  lookup: (commit: string) => Promise<boolean>,
): Promise<{ readonly runs: readonly Run[]; readonly targets: readonly Target[] }> => {
  const runs: Run[] = [];
  for await (const run of ports.ledger.listRuns({ repository })) {
    if (!mayHaveCommittedSince(run, since)) break;
    const commit = commitToMiss(run);
    if (commit !== undefined && !(await lookup(commit))) runs.push(run);
  }
  const targets: Target[] = [];
  for await (const target of ports.ledger.listTargets()) {
    if (target.repository === repository && !(await lookup(target.verifiedCommit))) targets.push(target);
  }
  return { runs, targets };
};

export const summaryOf = (lost: { readonly runs: readonly Run[]; readonly targets: readonly Target[] }): LostWork => ({
  runs: lost.runs.slice(0, MANY).map(formatRunKey),
  targets: lost.targets
    .slice(0, MANY)
    .map(({ branch, verifiedCommit }) => ({ target: branch, commit: verifiedCommit })),
});

/** What the repository was brought back to. */
export interface Alignment {
  readonly repository: string;
  /** The moment that the refs are of. */
  readonly since: EpochMs;
  /** A target, and the commit of it that readers saw then, where that is known. */
  readonly seen?: { readonly branch: string; readonly commit: string };
}

export const alignLedger = async (ports: RestorePorts, alignment: Alignment): Promise<LostWork> => {
  const { repository, since } = alignment;
  const known = new Map<string, boolean>();
  const lookup = async (commit: string): Promise<boolean> => {
    const found = known.get(commit) ?? (await holdsCommit(ports, repository, commit));
    known.set(commit, found);
    return found;
  };
  const lost = await lostWork(ports, repository, since, lookup);
  for (const run of lost.runs) await changeRun(ports, run, (current) => withoutItsCommit(current, ports.clock.now()));
  for await (const target of ports.ledger.listTargets()) {
    if (target.repository !== repository) continue;
    if (lost.targets.some(({ branch }) => branch === target.branch))
      await alignTarget(ports, target, alignment, lookup);
    await alignPublication(ports, target, lookup);
  }
  return summaryOf(lost);
};

/** Runs that wait or move and whose work is gone cannot be promoted any more. */
const DISCARDED_FROM: readonly RunState[] = ['COMMITTED', 'AUDITING', 'AWAITING_APPROVAL', 'CONFLICTED', 'REJECTED'];

const withoutItsCommit = (run: Run, now: EpochMs): Run | undefined => {
  const commit = commitToMiss(run);
  const cause = {
    code: 'BL8406',
    message: `commit ${commit?.slice(0, 12) ?? ''} is not in the restored repository`,
  };
  const rewind = run.bookmarks === true ? { bookmarkRewind: 'due' as const } : {};
  const settled = { cause, settledAt: run.settledAt ?? now, ...rewind };
  const options = { note: cause.message, forget: ['lease', 'policy', 'clashes'] as const };
  if (run.state === 'PROMOTED' || run.state === 'PROMOTING') {
    return advance(run, now, { state: 'ROLLED_BACK', ...settled }, options);
  }
  return DISCARDED_FROM.includes(run.state)
    ? advance(run, now, { state: 'DISCARDED', ...settled }, options)
    : undefined;
};

const alignTarget = async (
  ports: RestorePorts,
  target: Target,
  { seen }: Alignment,
  lookup: (commit: string) => Promise<boolean>,
): Promise<void> => {
  const head = await ports.lakefs.getBranch(target.repository, target.branch);
  // A target that was made since: set-up makes it again.
  if (head === undefined) return;
  const isKnown = seen !== undefined && seen.branch === target.branch && (await lookup(seen.commit));
  const verified = isKnown ? seen.commit : head.commitId;
  await changeTarget(ports, target.repository, target.branch, target, (current) => {
    if (current === undefined || current.verifiedCommit === verified) return undefined;
    const { blocked: _, ...rest } = current;
    const now = ports.clock.now();
    return { ...rest, version: current.version + 1, verifiedCommit: verified, verifiedAt: now, updatedAt: now };
  });
};

/** A table that shows a commit which is gone is compared in full: there is nothing to follow from. */
const alignPublication = async (
  ports: RestorePorts,
  { repository, branch }: Target,
  lookup: (commit: string) => Promise<boolean>,
): Promise<void> => {
  const publication = await ports.publications.get(repository, branch);
  if (publication === undefined) return;
  const now = ports.clock.now();
  let isChanged = false;
  const tables = { ...publication.tables };
  for (const [name, { commit, towards, ...record }] of Object.entries(publication.tables)) {
    const isGone = async (id: string | undefined): Promise<boolean> => id !== undefined && !(await lookup(id));
    if (!(await isGone(commit)) && !(await isGone(towards))) continue;
    isChanged = true;
    // Without a commit the next refresh compares everything that Glue names with everything that the target holds.
    tables[name] = { ...record, compareAskedAt: now };
  }
  if (!isChanged) return;
  const { commit: _, ...rest } = publication;
  await ports.publications.put({ ...rest, tables, version: publication.version + 1, updatedAt: now });
};

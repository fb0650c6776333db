/** Targets whose head is not the commit that was verified: what a person merged past us, found by looking. */
import type { CatalogPorts } from '../catalog-ports.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import type { Target } from '../domain/target.ts';
import type { Ports } from '../ports.ts';
import type { ChosenTarget } from './catalog-tables.ts';
import { verifyTarget } from './verify-target.ts';

type WatchPorts = Ports & Pick<CatalogPorts, 'pause'>;

export interface WatchReport {
  readonly looks: number;
  /** Heads that were verified, or found to clash. */
  readonly verified: number;
}

/** The head of a target where it is not verified; `undefined` also for one that waits for a person. */
const unverifiedHead = async (ports: Ports, target: Target | undefined): Promise<string | undefined> => {
  if (target === undefined || target.blocked !== undefined) return undefined;
  const head = (await ports.lakefs.getBranch(target.repository, target.branch))?.commitId;
  return head === target.verifiedCommit ? undefined : head;
};

/** @returns the target as it is when its head has been looked at. */
export const verifyHead = async (ports: Ports, target: Target | undefined): Promise<Target | undefined> =>
  target !== undefined && (await unverifiedHead(ports, target)) !== undefined ? verifyTarget(ports, target) : target;

/**
 * A promotion of ours verifies its own merge a moment after it: only a head that two looks in a row find unverified is somebody
 * else's. Its target's entry changes, and that wakes the refresh.
 */
export const watchHeads = async (
  ports: WatchPorts,
  chosen: readonly ChosenTarget[],
  { everyMs, until }: { readonly everyMs: number; readonly until: EpochMs },
): Promise<WatchReport> => {
  const report = { looks: 0, verified: 0 };
  const seen = new Map<string, string | undefined>();
  const look = async ({ repository, branch }: ChosenTarget): Promise<void> => {
    const name = `${repository}/${branch}`;
    const target = await ports.ledger.getTarget(repository, branch);
    const head = await unverifiedHead(ports, target);
    const isSeen = head !== undefined && seen.get(name) === head;
    seen.set(name, head);
    if (!isSeen || target === undefined) return;
    await verifyTarget(ports, target);
    report.verified += 1;
  };
  for (;;) {
    for (const each of chosen) {
      try {
        await look(each);
      } catch (error) {
        // lakeFS is away, or somebody else verifies: the next look, or reconcile, sees to it.
        if (!isBranchlineError(error, 'BL3001', 'BL3002', 'BL3003', 'BL3004', 'BL3007', 'BL4003')) throw error;
        ports.log.warn('head could not be looked at', { repository: each.repository, reason: error.message });
      }
    }
    report.looks += 1;
    if (ports.clock.now() + everyMs >= until) return report;
    await ports.pause(everyMs);
  }
};

/**
 * Before entries of runs are changed by a head that is not verified yet, the target's entry says so. Otherwise a crash before the
 * verification, and a reset by hand after it, would leave entries that nobody looks at again.
 */
import { type Target, withNoted } from '../domain/target.ts';
import type { Ports } from '../ports.ts';
import { changeTarget } from './change.ts';

/** @returns the target's entry as it is now. */
export const noteHead = async (ports: Ports, target: Target, head: string): Promise<Target> => {
  const written = await changeTarget(ports, target.repository, target.branch, target, (current) => {
    if (current === undefined) return undefined;
    const now = ports.clock.now();
    return { ...current, version: current.version + 1, updatedAt: now, noted: withNoted(current, head, now) };
  });
  return written ?? target;
};

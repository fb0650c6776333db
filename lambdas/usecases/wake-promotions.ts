/** Wakes runs that wait for their promotion: a wake-up may have been lost, or what they waited for is over. */
import { leaseStands } from '../domain/promotion.ts';
import type { Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';

/** @returns whether it was woken: a run that moved meanwhile needs no waking. */
export const wakeAgain = async (ports: Ports, run: Run): Promise<boolean> => {
  const woken = await changeRun(ports, run, (current) => {
    const isFree = current.state === 'PROMOTING' && !leaseStands(current, ports.clock.now());
    return current.state === 'COMMITTED' || isFree
      ? advance(current, ports.clock.now(), { wakeUps: (current.wakeUps ?? 0) + 1 })
      : undefined;
  });
  if (woken.version === run.version) return false;
  await ports.promotions.wake(woken);
  return true;
};

/** Those of one target, oldest first. What a crash leaves asleep, reconcile wakes. */
export const wakeWaiting = async (ports: Ports, repository: string, target: string): Promise<number> => {
  const waiting: Run[] = [];
  for await (const run of ports.ledger.listRuns({ states: ['COMMITTED', 'PROMOTING'], repository, target }))
    waiting.push(run);
  let woken = 0;
  for (const run of waiting.reverse()) if (await wakeAgain(ports, run)) woken += 1;
  return woken;
};

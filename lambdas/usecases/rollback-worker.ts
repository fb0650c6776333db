/** The right to work on a rollback, and its ledger entry while it is held. One worker at a time; every word makes it longer. */
import { BranchlineError } from '../domain/errors.ts';
import {
  advanceRollback,
  branchPrefixOf,
  holdOwnerOf,
  ROLLBACK_HOLD_MS,
  ROLLBACK_LEASE_MS,
  type Rollback,
  workStands,
} from '../domain/rollback.ts';
import type { EpochMs } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import type { RollbackPorts } from '../rollback-ports.ts';
import { giveBackHold, takeHold } from './hold-target.ts';

type Changes = Parameters<typeof advanceRollback>[2];
type Options = Parameters<typeof advanceRollback>[3];

export interface RollbackWorker {
  readonly entry: Rollback;
  /** No step is begun after that. */
  readonly until: EpochMs;
  isTimeUp(): boolean;
  /** @throws BL4003 where somebody else took the work over. */
  save(changes: Changes, options?: Options): Promise<void>;
  /** A sign of life of long work: lease and hold last on. */
  beat(): Promise<void>;
  /** Gives the right back. */
  release(): Promise<void>;
}

/** @returns `undefined` while somebody else is at it. */
export const takeRollback = async (
  ports: RollbackPorts,
  start: Rollback,
  until: EpochMs,
): Promise<RollbackWorker | undefined> => {
  if (workStands(start, ports.clock.now())) return undefined;
  const owner = ports.ids.owner();
  const lease = () => ({ owner, expiresAt: ports.clock.now() + ROLLBACK_LEASE_MS });
  let entry = advanceRollback(start, ports.clock.now(), { lease: lease() });
  if ((await ports.rollbacks.put(entry)).outcome === 'stale') return undefined;

  const write = async (changes: Changes, options?: Options): Promise<void> => {
    const next = advanceRollback(entry, ports.clock.now(), changes, options);
    if ((await ports.rollbacks.put(next)).outcome === 'stale') {
      throw new BranchlineError('BL4003', `somebody else works on rollback ${entry.id} now`);
    }
    entry = next;
  };
  return {
    get entry() {
      return entry;
    },
    until,
    isTimeUp: () => ports.clock.now() >= until,
    save: (changes, options) => write({ lease: lease(), ...changes }, options),
    async beat() {
      const left = (entry.lease?.expiresAt ?? 0) - ports.clock.now();
      if (left > ROLLBACK_LEASE_MS / 2) return;
      await write({ lease: lease() });
      if (entry.state === 'HOLDING' || entry.state === 'MERGING') await holdFor(ports, entry);
    },
    release: () => write({}, { forget: ['lease'] }),
  };
};

/** @throws BL2015 while somebody else holds the target. */
export const holdFor = async (ports: RollbackPorts, { id, repository, target, reason }: Rollback): Promise<void> => {
  await takeHold(ports, repository, target, {
    owner: holdOwnerOf(id),
    reason: reason ?? 'it is being rolled back',
    expiresAt: ports.clock.now() + ROLLBACK_HOLD_MS,
    rollback: id,
  });
};

/** Scratch branches go before the entry says that it is over: were they left, nobody would know whose they are. */
export const removeBranches = async (ports: Ports, { entry }: Pick<RollbackWorker, 'entry'>): Promise<void> => {
  const names: string[] = [];
  for await (const { id } of ports.lakefs.listBranches(entry.repository, branchPrefixOf(entry.id))) names.push(id);
  for (const name of names) await ports.lakefs.deleteBranch(entry.repository, name);
};

/** Nothing of it is on the target: what it made is removed, and promotions go on. */
export const letGo = async (ports: Ports, worker: RollbackWorker): Promise<void> => {
  const { id, repository, target } = worker.entry;
  await removeBranches(ports, worker);
  const held = await ports.ledger.getTarget(repository, target);
  if (held !== undefined) await giveBackHold(ports, held, holdOwnerOf(id));
};

/** The right to work on one erasure, and its ledger entry while it is held. One worker at a time. */
import { createHash } from 'node:crypto';
import type { RepositoryConfig } from '../contract.ts';
import { type ErasedObject, ErasedObjects } from '../domain/erasure.ts';
import { advanceErasure, ERASURE_LEASE_MS, type Erasure, erasureFolder } from '../domain/erasure-record.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { ErasureMemory } from './erasure-memory.ts';

type Change = Parameters<typeof advanceErasure>[1];

export interface ErasureWorker {
  readonly erasure: Erasure;
  readonly repository: RepositoryConfig;
  readonly objects: ErasedObjects;
  /** What was looked at for it. */
  readonly memory: ErasureMemory;
  readonly until: EpochMs;
  /** @throws BL4003 where somebody else took the work over. */
  save(change: Change): Promise<void>;
  release(): Promise<void>;
}

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

const objectsKey = (repository: string, id: string): string => `${erasureFolder(repository, id)}objects.json`;

/** Written before the entry: what it names is there. */
export const keepObjects = async (
  { backups }: Pick<ErasurePorts, 'backups'>,
  { repository, id }: Pick<Erasure, 'repository' | 'id'>,
  objects: ErasedObjects,
): Promise<Erasure['objects']> => {
  const key = objectsKey(repository, id);
  const { all } = objects;
  const text = JSON.stringify({ repository, erasure: id, objects: all });
  await backups.put(key, text);
  const bytes = all.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  return { count: all.length, bytes, uri: backups.uri(key), sha256: sha256(text) };
};

/** @throws BL8608 where the list is not what was written. */
const readObjects = async ({ backups }: ErasurePorts, erasure: Erasure): Promise<ErasedObjects> => {
  const text = await backups.get(objectsKey(erasure.repository, erasure.id));
  if (text === undefined || sha256(text) !== erasure.objects.sha256)
    throw new BranchlineError('BL8608', `${erasure.objects.uri} is not what erasure ${erasure.id} wrote`);
  const found = new ErasedObjects();
  for (const object of (JSON.parse(text) as { objects: readonly ErasedObject[] }).objects) found.restore(object);
  return found;
};

/** @returns `undefined` while somebody else is at it. */
export const takeErasure = async (
  ports: ErasurePorts,
  start: Erasure,
  of: Pick<ErasureWorker, 'repository' | 'until'>,
): Promise<ErasureWorker | undefined> => {
  if (start.lease !== undefined && start.lease.expiresAt > ports.clock.now()) return undefined;
  const owner = ports.ids.owner();
  const lease = () => ({ owner, expiresAt: ports.clock.now() + ERASURE_LEASE_MS });
  let erasure = advanceErasure(start, { lease: lease() }, ports.clock.now());
  if ((await ports.erasures.put(erasure)).outcome === 'stale') return undefined;
  const write = async (next: Erasure): Promise<void> => {
    if ((await ports.erasures.put(next)).outcome === 'stale')
      throw new BranchlineError('BL4003', `somebody else works on erasure ${next.id} now`);
    erasure = next;
  };
  const objects = await readObjects(ports, erasure);
  const key = `${erasureFolder(erasure.repository, erasure.id)}looked.json`;
  return {
    ...{ ...of, objects, memory: await new ErasureMemory(ports, key, objects).load() },
    get erasure() {
      return erasure;
    },
    save: (change) => write(advanceErasure(erasure, { ...change, lease: lease() }, ports.clock.now())),
    async release() {
      const free = advanceErasure(erasure, { lease: undefined }, ports.clock.now());
      // Whoever took it over meanwhile gives it back.
      if ((await ports.erasures.put(free)).outcome === 'written') erasure = free;
    },
  };
};

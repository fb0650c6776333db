/** Writes down that a collection of a repository is wanted: whoever tends to collections takes it on. */
import type { CollectionPorts } from '../collection-ports.ts';
import { SCHEMA_VERSION } from '../contract.ts';
import { beginCollection, type Collection, type CollectionRecord, newRecord } from '../domain/collection.ts';
import { BranchlineError } from '../domain/errors.ts';

type Beginning = Pick<CollectionPorts, 'clock' | 'collections' | 'config'>;

/** The one under way, where there is one. */
export const beginCollectionRecord = async (
  ports: Beginning,
  repository: string,
  asked: Pick<Collection, 'sweep' | 'requestedBy'>,
): Promise<CollectionRecord> => {
  const now = ports.clock.now();
  const stored = (await ports.collections.get(repository)) ?? newRecord(repository, SCHEMA_VERSION, now);
  if (stored.current !== undefined) return stored;
  const next = beginCollection(stored, asked, now);
  const answer = await ports.collections.put(next);
  if (answer.outcome === 'written') return next;
  if (answer.record?.current !== undefined) return answer.record;
  throw new BranchlineError('BL4003', `the entry about collections of ${repository} changed meanwhile`);
};

/** @throws BL8602 where the repository is not collected. */
export const beginCollectionOf = async (
  ports: Beginning,
  repository: string,
  requestedBy: string,
): Promise<Collection> => {
  const { garbageCollection: settings } = await ports.config.load();
  if (settings?.repositories.includes(repository) !== true)
    throw new BranchlineError('BL8602', `repository "${repository}" is not collected`);
  const { current } = await beginCollectionRecord(ports, repository, { sweep: settings.sweep, requestedBy });
  if (current !== undefined) return current;
  throw new BranchlineError('BL4003', `the entry about collections of ${repository} changed meanwhile`);
};

/** The right to write what readers see of a target, and the ledger's entry while it is held. One writer at a time. */
import type { CatalogPorts } from '../catalog-ports.ts';
import { SCHEMA_VERSION } from '../contract.ts';
import { PUBLICATION_LEASE_MS, type Publication } from '../domain/catalog/publication.ts';
import { BranchlineError } from '../domain/errors.ts';

export interface PublicationWriter {
  readonly entry: Publication;
  /** Somebody held the right before and never gave it back: nobody knows what it had begun. */
  readonly tookOver: boolean;
  /** @throws BL4003 where somebody else took the right meanwhile. */
  save(change: (entry: Publication) => Publication): Promise<void>;
  /** Gives the right back. */
  release(): Promise<void>;
}

/** @returns `undefined` while somebody else holds it. */
export const takePublication = async (
  ports: CatalogPorts,
  repository: string,
  branch: string,
  /** Where the last holder never gave it back: leave it to a refresh, which compares in full. */
  options: { readonly onlyFree?: boolean } = {},
): Promise<PublicationWriter | undefined> => {
  const now = ports.clock.now();
  const found = await ports.publications.get(repository, branch);
  if (found?.lease !== undefined && found.lease.expiresAt > now) return undefined;
  if (found?.lease !== undefined && options.onlyFree === true) return undefined;
  const owner = ports.ids.owner();
  let entry: Publication = {
    ...(found ?? { schemaVersion: SCHEMA_VERSION, version: 0, repository, branch, tables: {} }),
    version: (found?.version ?? 0) + 1,
    lease: { owner, expiresAt: now + PUBLICATION_LEASE_MS },
    updatedAt: now,
  };
  if ((await ports.publications.put(entry)).outcome === 'stale') return undefined;

  const save = async (change: (entry: Publication) => Publication): Promise<void> => {
    for (;;) {
      const next = { ...change(entry), version: entry.version + 1, updatedAt: ports.clock.now() };
      const answer = await ports.publications.put(next);
      if (answer.outcome === 'written') {
        entry = next;
        return;
      }
      // Whoever only asks for a comparison writes into the entry without the right to publish.
      if (answer.publication?.lease?.owner !== owner) {
        throw new BranchlineError('BL4003', `somebody else publishes ${repository}/${branch} now`);
      }
      entry = answer.publication;
    }
  };
  return {
    get entry() {
      return entry;
    },
    tookOver: found?.lease !== undefined,
    save,
    release: () => save(({ lease: _, ...rest }) => rest),
  };
};

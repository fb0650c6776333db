/** The model's records as the documented JSON of the API. */
import type { PageOf } from './model/trees.ts';
import type { CommitRecord, DiffEntry, Entry, RepositoryRecord } from './model/types.ts';

export const wireRepository = (repository: RepositoryRecord) => ({
  id: repository.id,
  storage_id: '',
  storage_namespace: repository.storageNamespace,
  default_branch: repository.defaultBranch,
  creation_date: repository.creationDate,
  read_only: false,
});

export const wireCommit = (commit: CommitRecord) => ({
  id: commit.id,
  parents: commit.parents,
  committer: commit.committer,
  message: commit.message,
  creation_date: commit.creationDate,
  meta_range_id: commit.metaRangeId,
  metadata: commit.metadata,
  generation: commit.generation,
  version: 1,
});

export const wireDiff = ({ type, path, isPrefix, sizeBytes }: DiffEntry) =>
  isPrefix ? { type, path, path_type: 'common_prefix' } : { type, path, path_type: 'object', size_bytes: sizeBytes };

export interface Listed {
  readonly path: string;
  /** Missing for a common prefix. */
  readonly entry?: Entry;
}

export const wireObject = ({ path, entry }: Listed, physicalAddress?: string) =>
  entry === undefined
    ? { path, path_type: 'common_prefix', physical_address: '', checksum: '', mtime: 0 }
    : {
        path,
        path_type: 'object',
        physical_address: physicalAddress ?? entry.physicalAddress,
        checksum: entry.checksum,
        size_bytes: entry.sizeBytes,
        mtime: entry.mtime,
        metadata: entry.metadata,
        content_type: entry.contentType,
      };

/** In a listing an object without metadata has no such field. */
export const wireListed = (listed: Listed, physicalAddress?: string) => {
  const wire = wireObject(listed, physicalAddress);
  if (!('metadata' in wire) || Object.keys(wire.metadata ?? {}).length > 0) return wire;
  const { metadata: _, ...rest } = wire;
  return rest;
};

export const MAX_PAGE = 1000;

export const wirePage = <T, W>(page: PageOf<T>, convert: (item: T) => W) => ({
  pagination: {
    has_more: page.hasMore,
    next_offset: page.nextOffset,
    results: page.results.length,
    max_per_page: MAX_PAGE,
  },
  results: page.results.map(convert),
});

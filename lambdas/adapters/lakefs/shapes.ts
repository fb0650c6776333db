/** Wire shapes of lakeFS to ours. */
import type { Change, Commit, ObjectStats, Ref, Repository } from '../../domain/lakefs.ts';
import type { components } from './api-types.ts';

type Wire = components['schemas'];

export const toRepository = (wire: Wire['Repository']): Repository => ({
  name: wire.id,
  storageNamespace: wire.storage_namespace,
  defaultBranch: wire.default_branch,
});

export const toRef = (wire: Wire['Ref']): Ref => ({ id: wire.id, commitId: wire.commit_id });

export const toCommit = (wire: Wire['Commit']): Commit => ({
  id: wire.id,
  parents: wire.parents,
  metaRangeId: wire.meta_range_id,
  message: wire.message,
  committer: wire.committer,
  creationDate: wire.creation_date * 1000,
  metadata: wire.metadata ?? {},
});

export const toChange = (wire: Wire['Diff']): Change => ({
  type: wire.type,
  path: wire.path,
  isPrefix: wire.path_type === 'common_prefix',
  ...(wire.size_bytes === undefined ? {} : { sizeBytes: wire.size_bytes }),
});

export const toObjectStats = (wire: Wire['ObjectStats']): ObjectStats => ({
  path: wire.path,
  isPrefix: wire.path_type === 'common_prefix',
  physicalAddress: wire.physical_address,
  checksum: wire.checksum,
  sizeBytes: wire.size_bytes ?? 0,
  mtime: wire.mtime * 1000,
  metadata: wire.metadata ?? {},
});

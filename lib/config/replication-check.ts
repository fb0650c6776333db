/** What no single key says about replication: whether every bucket has exactly one replica, and none is another's. */
import { placeOfNamespace } from '../constructs/namespace.ts';
import type { Fault } from './allowed.ts';
import type { Config } from './schema.ts';

export const replicationFaults = ({ repositories, replication: { to } }: Config): Fault[] => {
  if (to === undefined) return [];
  const path = (...keys: PropertyKey[]): PropertyKey[] => ['replication', 'to', ...keys];
  const namespaces = Object.entries(repositories).map(([name, { storageNamespace }]) => ({ name, storageNamespace }));
  const sources = new Set(
    namespaces
      .filter(({ storageNamespace }) => storageNamespace.startsWith('s3://'))
      .map(({ storageNamespace }) => placeOfNamespace(storageNamespace).bucket),
  );
  const replicas = [...Object.values(to.buckets), to.backups];
  return [
    ...namespaces
      .filter(({ storageNamespace }) => !storageNamespace.startsWith('s3://'))
      .map(({ name, storageNamespace }) => ({
        path: ['repositories', name, 'storageNamespace'],
        message: `found "${storageNamespace}" beside replication.to; allowed: s3://…, S3 alone replicates`,
      })),
    ...[...sources]
      .filter((bucket) => !Object.hasOwn(to.buckets, bucket))
      .map((bucket) => ({
        path: path('buckets'),
        message: `found no replica of "${bucket}", which a repository uses`,
      })),
    ...Object.keys(to.buckets)
      .filter((bucket) => !sources.has(bucket))
      .map((bucket) => ({
        path: path('buckets', bucket),
        message: `found a bucket that no repository uses; allowed: ${[...sources].join(', ')}`,
      })),
    ...Object.entries(to.buckets).flatMap(([source, replica]) =>
      sources.has(replica) || replicas.filter((name) => name === replica).length > 1
        ? [
            {
              path: path('buckets', source),
              message: `found "${replica}", which is another bucket too; allowed: a bucket of its own`,
            },
          ]
        : [],
    ),
    ...(sources.has(to.backups)
      ? [{ path: path('backups'), message: `found "${to.backups}", a bucket of the lake; allowed: one of its own` }]
      : []),
  ];
};

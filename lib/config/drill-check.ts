/** Where drills may lie, and that no repository lies there. */
import type { Fault } from './allowed.ts';
import type { Config } from './schema.ts';

/** Beside the storage namespace of a repository. */
const FOLDER = 'branchline-drills';

/** @returns `undefined` where a repository has a whole bucket, or none of S3, and no place is named. */
const rootOf = (storageNamespace: string, named: string | undefined): string | undefined => {
  if (named !== undefined) return named;
  const [, beside] = /^(s3:\/\/[^/]+(?:\/.+)?)\/[^/]+\/?$/.exec(storageNamespace) ?? [];
  return beside === undefined ? undefined : `${beside}/${FOLDER}`;
};

export const drillPlacesOf = ({ repositories, drills }: Config): { repository: string; root: string }[] =>
  Object.entries(repositories).flatMap(([repository, { storageNamespace }]) => {
    const root = rootOf(storageNamespace, drills.storageNamespace);
    return root === undefined || overlaps(root, repositories) !== undefined ? [] : [{ repository, root }];
  });

const withSlash = (uri: string): string => (uri.endsWith('/') ? uri : `${uri}/`);

/** A repository whose storage namespace holds the place, or lies in it. */
const overlaps = (root: string, repositories: Config['repositories']): string | undefined =>
  Object.entries(repositories).find(([, { storageNamespace }]) => {
    const [place, lake] = [withSlash(root), withSlash(storageNamespace)];
    return place.startsWith(lake) || lake.startsWith(place);
  })?.[0];

const SCRATCH_NAME = /^drill-(rollback|restore)-/;

export const drillFaults = (config: Config): Fault[] => {
  const { repositories, drills } = config;
  const { storageNamespace, every } = drills;
  const taken = storageNamespace === undefined ? undefined : overlaps(storageNamespace, repositories);
  const placed = drillPlacesOf(config).map(({ repository }) => repository);
  const without = Object.keys(repositories).filter((name) => !placed.includes(name));
  return [
    ...Object.keys(repositories)
      .filter((name) => SCRATCH_NAME.test(name))
      .map((name) => ({
        path: ['repositories', name],
        message: `found "${name}"; allowed: a name that does not begin with drill-rollback- or drill-restore-, as those of drills do`,
      })),
    ...(taken === undefined
      ? []
      : [
          {
            path: ['drills', 'storageNamespace'],
            message: `found "${storageNamespace ?? ''}"; it overlaps with that of repository "${taken}"; allowed: a place of its own`,
          },
        ]),
    ...(every === 'never' || taken !== undefined || without.length === 0
      ? []
      : [
          {
            path: ['drills', 'every'],
            message: `found "${every}", and no place for drills of ${without.join(', ')}; allowed: never, or with \`storageNamespace\``,
          },
        ]),
  ];
};

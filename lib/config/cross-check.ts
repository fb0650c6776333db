/** What no single key can say: whether the parts of a configuration fit each other. */
import { KEEPER_BRANCH_PREFIX, RESOLUTION_BRANCH_PREFIX, RUN_BRANCH_PREFIX } from '../../lambdas/contract.ts';
import { matchesPattern } from '../../lambdas/domain/pipelines.ts';
import type { Fault } from './allowed.ts';
import { drillFaults } from './drill-check.ts';
import { exampleFaults, withExamples } from './examples.ts';
import { exportFaults } from './export-check.ts';
import { publicationFaults } from './publication-check.ts';
import { replicationFaults } from './replication-check.ts';
import { type Config, durationSeconds } from './schema.ts';
import { serverFaults } from './server-check.ts';

export const crossCheck = (written: Config): Fault[] => {
  // A pipeline of the file may well take the example jobs.
  const config = { ...withExamples(written), pipelines: written.pipelines };
  return [...exampleFaults(written), ...faultsOf(config)];
};

const faultsOf = (config: Config): Fault[] => [
  ...serverFaults(config),
  ...Object.entries(config.repositories).flatMap(([name, repository]) => [
    ...branchFaults(name, repository),
    ...tableFaults(name, repository.tables),
  ]),
  ...namespaceFaults(config),
  ...publicationFaults(config),
  ...exportFaults(config),
  ...pipelineFaults(config),
  ...shadowFaults(config),
  ...scheduleFaults(config),
  ...snapshotFaults(config),
  ...collectionFaults(config),
  ...replicationFaults(config),
  ...drillFaults(config),
];

const snapshotFaults = ({ repositories, snapshots }: Config): Fault[] => {
  const known = Object.entries(repositories).flatMap(([name, { targets }]) =>
    targets.map((target) => `${name}/${target}`),
  );
  return snapshots.targets.flatMap((name, i) =>
    known.includes(name)
      ? []
      : [{ path: ['snapshots', 'targets', i], message: `found "${name}"; allowed: ${known.join(', ')}` }],
  );
};

const collectionFaults = ({
  repositories,
  garbageCollection: { clientJar, every, repositories: named },
}: Config): Fault[] => {
  const at = 'garbageCollection';
  const known = Object.keys(repositories);
  return [
    ...named.flatMap((name, i) =>
      Object.hasOwn(repositories, name)
        ? []
        : [{ path: [at, 'repositories', i], message: `found "${name}"; allowed: ${known.join(', ')}` }],
    ),
    ...(every !== 'never' && clientJar === undefined
      ? [{ path: [at, 'every'], message: `found "${every}" without \`clientJar\`; allowed: never, or both` }]
      : []),
  ];
};

/** A target of such a name would be taken for one of our own branches, and swept. */
const OURS = [RUN_BRANCH_PREFIX, RESOLUTION_BRANCH_PREFIX, KEEPER_BRANCH_PREFIX];
const isOurs = (branch: string): boolean => OURS.some((prefix) => branch.startsWith(prefix));

const branchFaults = (name: string, { defaultBranch, targets }: Config['repositories'][string]): Fault[] => {
  const at = ['repositories', name];
  const places = [
    { path: [...at, 'defaultBranch'], branch: defaultBranch },
    ...targets.map((branch, i) => ({ path: [...at, 'targets', i], branch })),
  ];
  const reserved = `a name that does not begin with ${OURS.slice(0, -1).join(', ')} or ${KEEPER_BRANCH_PREFIX}`;
  return [
    ...places
      .filter(({ branch }) => isOurs(branch))
      .map(({ path, branch }) => ({ path, message: `found "${branch}"; allowed: ${reserved}` })),
    ...targets.flatMap((branch, i) =>
      targets.indexOf(branch) === i
        ? []
        : [{ path: [...at, 'targets', i], message: `found "${branch}" twice; allowed: every target once` }],
    ),
  ];
};

const withSlash = (path: string): string => (path.endsWith('/') ? path : `${path}/`);

const tableFaults = (repository: string, tables: Config['repositories'][string]['tables']): Fault[] => {
  const entries = Object.entries(tables).map(([name, { path }]) => ({ name, prefix: withSlash(path) }));
  return entries.flatMap(({ name, prefix }, i) =>
    entries.slice(0, i).flatMap((other) =>
      prefix.startsWith(other.prefix) || other.prefix.startsWith(prefix)
        ? [
            {
              path: ['repositories', repository, 'tables', name, 'path'],
              message: `found "${prefix}"; it overlaps with table "${other.name}" at "${other.prefix}"`,
            },
          ]
        : [],
    ),
  );
};

const namespaceFaults = (config: Config): Fault[] => {
  const seen = new Map<string, string>();
  return Object.entries(config.repositories).flatMap(([name, { storageNamespace }]) => {
    const other = seen.get(withSlash(storageNamespace));
    seen.set(withSlash(storageNamespace), name);
    return other === undefined
      ? []
      : [
          {
            path: ['repositories', name, 'storageNamespace'],
            message: `found "${storageNamespace}"; repository "${other}" has it already`,
          },
        ];
  });
};

const pipelineFaults = (config: Config): Fault[] =>
  Object.entries(config.pipelines).flatMap(([name, { repository, target }]) => {
    // Names such as `constructor` are good repository names and no repositories.
    const found = Object.hasOwn(config.repositories, repository) ? config.repositories[repository] : undefined;
    if (found === undefined) {
      const known = Object.keys(config.repositories).join(', ');
      return [{ path: ['pipelines', name, 'repository'], message: `found "${repository}"; allowed: one of ${known}` }];
    }
    if (target !== undefined && !found.targets.includes(target)) {
      return [
        {
          path: ['pipelines', name, 'target'],
          message: `found "${target}"; allowed: a target of "${repository}": ${found.targets.join(', ')}`,
        },
      ];
    }
    return [];
  });

/** A literal job name that an earlier pipeline takes would never be reached. */
const shadowFaults = (config: Config): Fault[] => {
  const earlier: { name: string; pattern: string }[] = [];
  const faults: Fault[] = [];
  for (const [name, { jobs }] of Object.entries(config.pipelines)) {
    for (const [i, pattern] of jobs.entries()) {
      // A pattern is read as a name here: what `sales-*` matches, `sales-x*` cannot be reached behind it.
      const shadow = earlier.find((other) => other.name !== name && matchesPattern(other.pattern, pattern));
      if (shadow !== undefined) {
        faults.push({
          path: ['pipelines', name, 'jobs', i],
          message: `found "${pattern}"; pipeline "${shadow.name}" above takes these jobs by "${shadow.pattern}"`,
        });
      }
    }
    earlier.push(...jobs.map((pattern) => ({ name, pattern })));
  }
  return faults;
};

/** The longest time between two looks: alarms on what reconcile measures compare periods of at most a day. */
const LONGEST: Readonly<Record<'reconcile' | 'sweep', string>> = { reconcile: '1h', sweep: '1d' };

const scheduleFaults = (config: Config): Fault[] =>
  (['reconcile', 'sweep'] as const).flatMap((name) => {
    const every = config.schedules[name];
    const seconds = durationSeconds(every);
    return seconds < 60 || seconds % 60 !== 0 || seconds > durationSeconds(LONGEST[name])
      ? [
          {
            path: ['schedules', name],
            message: `found "${every}"; allowed: whole minutes, at least 1m, at most ${LONGEST[name]}`,
          },
        ]
      : [];
  });

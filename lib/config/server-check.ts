/** Whether the keys of `lakefs` fit each other and the repositories: one server, ours or another's, and no half of either. */
import type { Fault } from './allowed.ts';
import type { Config } from './schema.ts';
import type { ServerConfig } from './server-schema.ts';

export const serverFaults = (config: Config): Fault[] => {
  const { server } = config.lakefs;
  return server === undefined
    ? connectionFaults(config)
    : [
        ...eitherFaults(config),
        ...doorFaults(server),
        ...domainFaults(server),
        ...networkFaults(server),
        ...databaseFaults(server),
        ...taskFaults(server),
        ...bucketFaults(config),
      ];
};

const at = (...path: PropertyKey[]): PropertyKey[] => ['lakefs', 'server', ...path];

const connectionFaults = ({ lakefs }: Config): Fault[] => {
  if (lakefs.endpoint === undefined && lakefs.secretArn === undefined) {
    const message =
      'found no server; allowed: endpoint and secretArn of one that is there, or server for one of its own';
    return [{ path: ['lakefs'], message }];
  }
  return (['endpoint', 'secretArn'] as const)
    .filter((key) => lakefs[key] === undefined)
    .map((key) => ({ path: ['lakefs', key], message: 'found nothing; endpoint and secretArn belong together' }));
};

const eitherFaults = ({ lakefs, controlPlane }: Config): Fault[] => [
  ...(['endpoint', 'secretArn', 'secretKmsKeyArn'] as const)
    .filter((key) => lakefs[key] !== undefined)
    .map((key) => ({ path: ['lakefs', key], message: 'found it beside server; allowed: one of the two' })),
  ...(controlPlane.vpc === undefined
    ? []
    : [
        {
          path: ['controlPlane', 'vpc'],
          message:
            'found it beside lakefs.server; functions use the network of the server: lakefs.server.network.existing',
        },
      ]),
];

const doorFaults = (server: ServerConfig): Fault[] => {
  const { access, allowFrom, domain, plainHttp, network } = server;
  if (domain === undefined && !plainHttp) {
    const message = 'found no domain; allowed: a domain with a certificate, or plainHttp: true for an internal trial';
    return [{ path: at(), message }];
  }
  return [
    ...(domain !== undefined && plainHttp
      ? [{ path: at('plainHttp'), message: 'found true beside a domain; allowed: one of the two' }]
      : []),
    ...(access === 'public' && domain === undefined
      ? [
          {
            path: at('access'),
            message: 'found "public" without a domain; allowed: internal, or a domain with a certificate',
          },
        ]
      : []),
    ...(access === 'public' && allowFrom.length === 0
      ? [
          {
            path: at('access'),
            message: 'found "public" without allowFrom; allowed: internal, or the ranges that may reach it',
          },
        ]
      : []),
    ...(access === 'public' && network.egress === 'endpoints'
      ? [{ path: at('network', 'egress'), message: 'found "endpoints"; functions reach a public server by nat only' }]
      : []),
  ];
};

const domainFaults = ({ domain }: ServerConfig): Fault[] => {
  if (domain === undefined) return [];
  const { certificateArn, hostedZoneId, hostedZoneName, name, s3Name } = domain;
  if ((hostedZoneId === undefined) !== (hostedZoneName === undefined)) {
    const [there, missing] =
      hostedZoneId === undefined ? ['hostedZoneName', 'hostedZoneId'] : ['hostedZoneId', 'hostedZoneName'];
    return [{ path: at('domain', there), message: `found it without ${missing}; they belong together` }];
  }
  if (hostedZoneName === undefined) {
    return certificateArn === undefined
      ? [
          {
            path: at('domain'),
            message: 'found no certificate; allowed: certificateArn, or a hosted zone to validate one',
          },
        ]
      : [];
  }
  return (
    [
      ['name', name],
      ['s3Name', s3Name],
    ] as const
  ).flatMap(([key, host]) =>
    host === undefined || host === hostedZoneName || host.endsWith(`.${hostedZoneName}`)
      ? []
      : [{ path: at('domain', key), message: `found "${host}"; allowed: a name in the zone ${hostedZoneName}` }],
  );
};

const ECR = /^\d{12}\.dkr\.ecr\./;

const networkFaults = ({ image, access, network }: ServerConfig): Fault[] => {
  const { egress, existing } = network;
  const imageFaults =
    egress === 'endpoints' && !ECR.test(image)
      ? [
          {
            path: at('image'),
            message: `found "${image}"; with egress endpoints allowed: a copy in ECR, there is no way to other registries`,
          },
        ]
      : [];
  if (existing === undefined) return imageFaults;
  const { availabilityZones, privateSubnetIds, publicSubnetIds } = existing;
  const path = at('network', 'existing');
  return [
    ...imageFaults,
    ...(availabilityZones.length === privateSubnetIds.length
      ? []
      : [
          {
            path: [...path, 'availabilityZones'],
            message: `found ${String(availabilityZones.length)}; allowed: one for each of the ${String(privateSubnetIds.length)} privateSubnetIds`,
          },
        ]),
    ...(new Set(availabilityZones).size < 2
      ? [{ path: [...path, 'availabilityZones'], message: 'found one zone; allowed: two or more' }]
      : []),
    ...(access === 'public' && publicSubnetIds.length < 2
      ? [{ path: [...path, 'publicSubnetIds'], message: 'found fewer than two; a public load balancer needs them' }]
      : []),
  ];
};

const databaseFaults = ({ database, adopt }: ServerConfig): Fault[] => [
  ...(database.kind === 'dynamodb' && database.restoreFromSnapshot !== undefined
    ? [
        {
          path: at('database', 'restoreFromSnapshot'),
          message:
            'found it with kind dynamodb; allowed: with rds-postgres. A restored table is taken up by adopt.tableArn',
        },
      ]
    : []),
  ...(database.kind === 'dynamodb' && database.restoreToPoint !== undefined
    ? [
        {
          path: at('database', 'restoreToPoint'),
          message:
            'found it with kind dynamodb; allowed: with rds-postgres. A restored table is taken up by adopt.tableArn',
        },
      ]
    : []),
  ...(database.restoreFromSnapshot !== undefined && database.restoreToPoint !== undefined
    ? [
        {
          path: at('database', 'restoreToPoint'),
          message: 'found it beside restoreFromSnapshot; allowed: one of the two',
        },
      ]
    : []),
  ...(database.kind === 'rds-postgres' && adopt?.tableArn !== undefined
    ? [{ path: at('adopt', 'tableArn'), message: 'found it with kind rds-postgres; allowed: with dynamodb' }]
    : []),
];

/** Source: Amazon ECS developer guide, task CPU and memory on Fargate. In MiB, in steps of 1024. */
const MEMORY: Readonly<Record<ServerConfig['tasks']['cpu'], readonly [number, number]>> = {
  512: [1024, 4096],
  1024: [2048, 8192],
  2048: [4096, 16_384],
  4096: [8192, 30_720],
};

const taskFaults = ({ tasks }: ServerConfig): Fault[] => {
  const [least, most] = MEMORY[tasks.cpu];
  const { memoryMiB, min, max } = tasks;
  return [
    ...(memoryMiB % 1024 !== 0 || memoryMiB < least || memoryMiB > most
      ? [
          {
            path: at('tasks', 'memoryMiB'),
            message: `found ${String(memoryMiB)}; with cpu ${String(tasks.cpu)} allowed: ${String(least)} to ${String(most)} in steps of 1024`,
          },
        ]
      : []),
    ...(max < min
      ? [{ path: at('tasks', 'max'), message: `found ${String(max)}; allowed: min, ${String(min)}, or more` }]
      : []),
  ];
};

const NAMESPACE = /^s3:\/\/([a-z0-9][a-z0-9-]{1,61}[a-z0-9])\/(?!\/)\S+$/;

/** The one bucket of all storage namespaces: the server's, made with it. `undefined` where they do not name one. */
export const bucketOf = ({ repositories }: Pick<Config, 'repositories'>): string | undefined => {
  const names = Object.values(repositories).map(({ storageNamespace }) => NAMESPACE.exec(storageNamespace)?.[1]);
  return new Set(names).size === 1 ? names[0] : undefined;
};

/** The server reaches one bucket, and it is made under the name that the repositories give it. */
const bucketFaults = ({ repositories }: Config): Fault[] => {
  const entries = Object.entries(repositories);
  const [first] = entries.map(([, { storageNamespace }]) => NAMESPACE.exec(storageNamespace)?.[1]);
  return entries.flatMap(([name, { storageNamespace }]) => {
    // The load balancer keeps the path /metrics inside, and path style would reach a repository of that name by it.
    if (name === 'metrics')
      return [{ path: ['repositories', name], message: 'found "metrics"; allowed: any other name' }];
    const bucket = NAMESPACE.exec(storageNamespace)?.[1];
    if (bucket !== undefined && (first === undefined || bucket === first)) return [];
    const allowed =
      bucket === undefined
        ? 's3://bucket/prefix, a bucket name without dots: with lakefs.server the bucket is made'
        : `the bucket of the first repository, ${String(first)}: the server reaches one`;
    const path = ['repositories', name, 'storageNamespace'];
    return [{ path, message: `found "${storageNamespace}"; allowed: ${allowed}` }];
  });
};

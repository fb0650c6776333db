/** What `doctor` looks at of the server: the way to it, its version, its metadata store, how fast it answers. */
import type { CompiledConfig } from '../contract.ts';
import { judgeLatency, judgeTls, judgeVersion } from '../domain/server.ts';
import type { Check } from '../payloads.ts';
import type { Ports, ServerProbe } from '../ports.ts';
import { failed, ok } from './finding.ts';

export const checkVersion = async ({ lakefs }: Ports): Promise<readonly Check[]> => [
  { name: 'lakeFS', ...judgeVersion(await lakefs.version()) },
];

export const checkHealth = async (server: ServerProbe): Promise<readonly Check[]> => {
  const status = await server.health();
  return [
    status === 200
      ? ok('health of lakeFS', 'the server answers')
      : failed('health of lakeFS', `answered ${String(status)}`, 'See docs/runbook/lakefs-server.md.'),
  ];
};

export const checkTls = async ({ clock }: Ports, server: ServerProbe): Promise<readonly Check[]> => [
  { name: 'TLS of lakeFS', ...judgeTls(await server.tls(), clock.now()) },
];

/** Enough for a median that one slow answer does not move, few enough to be no load. */
const SAMPLES = 5;

/**
 * The health check asks nothing behind the server, a branch asks its metadata store: the two together tell which of them is away.
 * Reads alone; one call after the other, so that they do not wait for each other.
 */
export const checkMetadata = async (
  { lakefs, clock }: Ports,
  server: ServerProbe,
  { repositories }: CompiledConfig,
): Promise<readonly Check[]> => {
  const [first] = repositories;
  if (first === undefined) return [];
  const timed = async (call: () => Promise<unknown>): Promise<readonly number[]> => {
    const times: number[] = [];
    while (times.length < SAMPLES) {
      const began = clock.now();
      await call();
      times.push(clock.now() - began);
    }
    return times;
  };
  const health = await timed(() => server.health());
  let branch: readonly number[];
  try {
    branch = await timed(() => lakefs.getBranch(first.name, first.defaultBranch));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return [
      failed(
        'metadata store',
        `the server is healthy, yet reads no branch: ${said}`,
        'Look at the database of lakeFS: docs/runbook/metadata-store.md.',
      ),
    ];
  }
  return [ok('metadata store', 'read through the server'), { name: 'latency', ...judgeLatency({ health, branch }) }];
};

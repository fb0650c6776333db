/** Checks of a deployment, from where its functions stand: inside the network, with their permissions. */
import { type CompiledConfig, VERSION } from '../contract.ts';
import { WAITING_STATES } from '../domain/run.ts';
import type { Check } from '../payloads.ts';
import type { Gauges, Ports } from '../ports.ts';
import { checkJobs, checkRepository } from './doctor-lake.ts';
import { checkHealth, checkMetadata, checkTls, checkVersion } from './doctor-server.ts';
import { checkStorage } from './doctor-storage.ts';
import { failed, ok, thrown, warning } from './finding.ts';

/** A call that hangs is a finding too, and must not cost the others their answer: the function has a minute. */
const LIMIT_MS = 15_000;

const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${String(ms / 1000)} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

export interface DoctorOptions {
  /** Without the probe that writes. */
  readonly readOnly?: boolean;
  readonly limitMs?: number;
}

/** All looks at once, their findings in this order. */
export const doctor = async (ports: Ports, options: DoctorOptions = {}): Promise<readonly Check[]> => {
  const { limitMs = LIMIT_MS } = options;
  const look = async (name: string, find: () => Promise<readonly Check[]>): Promise<readonly Check[]> => {
    try {
      return await within(limitMs, find());
    } catch (error) {
      return [thrown(name, error)];
    }
  };
  const config = ports.config.load();
  /** Nothing to add where the configuration cannot be read: `configuration` tells so. */
  const withConfig = (find: (loaded: CompiledConfig) => Promise<readonly Check[]>): Promise<readonly Check[]> =>
    within(limitMs, config).then(find, () => []);
  const { gauges, server } = ports;
  const found = await Promise.all([
    [ok('version', VERSION)],
    look('configuration', async () => [checkConfig(await config)]),
    look('lakeFS', () => checkVersion(ports)),
    ...(server === undefined
      ? []
      : [
          look('health of lakeFS', () => checkHealth(server)),
          look('TLS of lakeFS', () => checkTls(ports, server)),
          withConfig((loaded) => look('metadata store', () => checkMetadata(ports, server, loaded))),
        ]),
    withConfig(async ({ repositories }) =>
      (
        await Promise.all(
          repositories.map((each) => look(`repository ${each.name}`, () => checkRepository(ports, each))),
        )
      ).flat(),
    ),
    server === undefined || options.readOnly === true
      ? []
      : withConfig(async ({ repositories }) =>
          (
            await Promise.all(
              repositories.map((each) => look(`storage of ${each.name}`, () => checkStorage(ports, server, each))),
            )
          ).flat(),
        ),
    withConfig((loaded) => look('permission to read jobs', () => checkJobs(ports, loaded))),
    look('ledger', async () => [await checkLedger(ports)]),
    ...(gauges === undefined ? [] : gaugeLooks(gauges).map(([name, find]) => look(name, find))),
  ]);
  return found.flat();
};

const checkConfig = ({ repositories, pipelines }: CompiledConfig): Check =>
  ok('configuration', `${String(repositories.length)} repositories, ${String(pipelines.length)} pipelines`);

const checkLedger = async (ports: Ports): Promise<Check> => {
  let waiting = 0;
  for await (const _ of ports.ledger.listRuns({ states: [...WAITING_STATES] })) waiting += 1;
  let owing = 0;
  for await (const run of ports.ledger.listRuns({ needsCleanUp: true }))
    if (run.bookmarkRewind === 'rerun-needed') owing += 1;
  if (waiting === 0 && owing === 0) return ok('ledger', 'no run waits for a person');
  const windows = owing > 0 ? `, ${String(owing)} windows are to be run again` : '';
  const message = `${String(waiting)} runs wait for a person${windows}`;
  return warning('ledger', message, 'Look at them with `branchline runs list --waiting`.');
};

const gaugeLooks = (gauges: Gauges): [name: string, find: () => Promise<readonly Check[]>][] => [
  ['queues', () => checkQueues(gauges)],
  ['clock of lakeFS', async () => [checkClock('lakeFS', await gauges.clockSkew('lakeFS'))]],
  ['clock of AWS', async () => [checkClock('AWS', await gauges.clockSkew('AWS'))]],
];

/** So many messages are a backlog that a person should know of; alarms look at their age. */
const BACKLOG = 1000;

const checkQueues = async (gauges: Gauges): Promise<Check[]> =>
  (await gauges.queueDepths()).map(({ queue, isDeadLetters, waiting, inFlight }) => {
    const name = `queue ${queue}`;
    if (isDeadLetters) {
      const count = waiting + inFlight;
      const message = `${String(count)} messages could not be worked off`;
      const remedy = 'See docs/runbook/dead-letter-queue.md: mend the cause, then start the redrive.';
      return count === 0 ? ok(name, 'empty') : failed(name, message, remedy);
    }
    const depth = `${String(waiting)} waiting, ${String(inFlight)} in flight`;
    return waiting < BACKLOG
      ? ok(name, depth)
      : warning(name, `${depth}: a backlog`, 'It is worked off unless its function fails: look at its log.');
  });

/** AWS refuses signatures that are 5 minutes off. Source: AWS General Reference, Signature Version 4. */
const REFUSED_MS = 300_000;
/** Times of the ledger, of Glue and of commits are shown side by side: so far they may differ without misleading. */
const NOTICED_MS = 5_000;

const checkClock = (side: 'lakeFS' | 'AWS', skewMs: number): Check => {
  const name = `clock of ${side}`;
  const off = Math.abs(skewMs);
  if (off < NOTICED_MS) return ok(name, `within ${String(NOTICED_MS / 1000)} s of the function's`);
  const message = `${(off / 1000).toFixed(1)} s ${skewMs < 0 ? 'behind' : 'ahead of'} the function's`;
  const remedy =
    side === 'lakeFS' ? 'Have the server keep its clock by NTP.' : 'Lambda keeps its own clock: try again.';
  return off < REFUSED_MS ? warning(name, message, remedy) : failed(name, message, remedy);
};

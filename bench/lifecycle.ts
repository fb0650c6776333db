/**
 * A run from its claim to its promotion, through our functions with the ledger in memory, over the same calls to lakeFS made
 * in a tight loop by the same client. Both in turns, on the same server, through the same connections; what the job itself uploads in
 * between is timed in neither.
 *
 * Goals: at most 1.25 times the bare calls, and at most 10 calls for a run that changed up to 1,000 objects without conflict.
 */
import type { Run } from '../lambdas/domain/run.ts';
import { type CountingClient, countingClient } from './parts/client.ts';
import { type ControlPlane, makeControlPlane, quietly } from './parts/control-plane.ts';
import { lowerQuartile, median, round, timed } from './parts/numbers.ts';
import { type Played, play, Recorder, type Script, scriptOf } from './parts/replay.ts';
import { type Server, startServer } from './parts/server.ts';
import { stage } from './parts/wire.ts';

const MAX_RATIO = 1.25;
const MAX_CALLS = 10;
const WARM_UP = 8;

const CASES = [
  { name: 'begun by the job', opens: 'begin', objects: 10, rounds: 40 },
  { name: 'begun by start-run', opens: 'startAndBegin', objects: 10, rounds: 40 },
  { name: '1,000 objects', opens: 'begin', objects: 1000, rounds: 6 },
] as const;
type Case = (typeof CASES)[number];

/** Partitions are named in order, in both repositories: lakeFS takes longer to commit what sorts between older files. */
const folderOf = (serial: number): string => `sales/dt=${String(serial).padStart(6, '0')}/`;

interface Lap {
  readonly run: Run;
  readonly ms: number;
  /** HTTP requests to lakeFS, those of the job left out. */
  readonly requests: number;
}

class Lifecycle {
  readonly #server: Server;
  readonly #client: CountingClient;
  readonly #recorder = new Recorder();
  readonly #ours: ControlPlane;
  readonly #repository: { readonly ours: string; readonly bare: string };
  #before: Played | undefined;
  readonly #serial = { ours: 0, bare: 0 };

  constructor(server: Server, repository: { readonly ours: string; readonly bare: string }) {
    this.#server = server;
    this.#client = countingClient(server);
    this.#repository = repository;
    this.#ours = makeControlPlane(server, repository.ours, this.#recorder.around(this.#client.lakefs));
  }

  async #stage(repository: string, branch: string, serial: number, objects: number): Promise<void> {
    await stage(this.#server.wire, { repository, branch, prefix: folderOf(serial) }, objects);
  }

  /** A run of ours. @param onOpen is told once the run is open, before its job writes. */
  async lap({ opens, objects }: Case, onOpen: () => void = () => undefined): Promise<Lap> {
    const before = this.#client.requests();
    const [openMs, run] = await quietly(() => timed(() => this.#ours[opens]()));
    onOpen();
    this.#serial.ours += 1;
    await this.#stage(run.repository, run.branch, this.#serial.ours, objects);
    const [restMs] = await quietly(() =>
      timed(async () => {
        await this.#ours.settle([run]);
        await this.#ours.promote(10);
      }),
    );
    await this.#ours.requirePromoted([run]);
    return { run, ms: openMs + restMs, requests: this.#client.requests() - before };
  }

  /** Records two runs in a row: the second shows what a run costs in a container that has seen others. */
  async record(which: Case): Promise<Recording> {
    const { calls } = this.#recorder;
    calls.length = 0;
    this.#recorder.recording = true;
    await this.lap(which);
    const first = calls.splice(0);
    let opening = 0;
    const { run } = await this.lap(which, () => {
      opening = calls.length;
    });
    this.#recorder.recording = false;
    this.#before = undefined;
    return {
      script: scriptOf([...calls], first, { repository: this.#repository.ours, branch: run.branch }),
      opening,
    };
  }

  async bareLap({ objects }: Case, { script, opening }: Recording): Promise<Omit<Lap, 'run'>> {
    this.#serial.bare += 1;
    const names = { repository: this.#repository.bare, branch: `run-bare-${String(this.#serial.bare)}` };
    const now: Played = new Map();
    const part = (from: number, to: number) =>
      timed(() => play(script, this.#client.lakefs, names, { now, before: this.#before }, [from, to]));
    const before = this.#client.requests();
    const [openMs] = await part(0, opening);
    await this.#stage(names.repository, names.branch, this.#serial.bare, objects);
    const [restMs] = await part(opening, script.steps.length);
    this.#before = now;
    return { ms: openMs + restMs, requests: this.#client.requests() - before };
  }
}

interface Recording {
  readonly script: Script;
  /** So many calls were made before the job wrote. */
  readonly opening: number;
}

const measure = async (lifecycle: Lifecycle, which: Case, rounds: number) => {
  await lifecycle.lap(which);
  const recording = await lifecycle.record(which);
  // As many bare ones, for repositories of the same size.
  for (let lap = 0; lap < 3; lap += 1) await lifecycle.bareLap(which, recording);
  const [ours, bare]: [number[], number[]] = [[], []];
  let requests = 0;
  for (let turn = -Math.min(WARM_UP, rounds); turn < rounds; turn += 1) {
    const oneOfOurs = await lifecycle.lap(which);
    const oneBare = await lifecycle.bareLap(which, recording);
    if (oneOfOurs.requests !== oneBare.requests) {
      throw new Error(
        `a run made ${String(oneOfOurs.requests)} requests, the bare calls ${String(oneBare.requests)}: they are not the same`,
      );
    }
    requests = Math.max(requests, oneOfOurs.requests);
    if (turn < 0) continue;
    ours.push(oneOfOurs.ms);
    bare.push(oneBare.ms);
  }
  // Neighbours in time had the same load beside them.
  const ratios = ours.map((ms, at) => ms / (bare[at] ?? ms));
  const result = {
    name: which.name,
    runs: rounds,
    objects: which.objects,
    lakefsCalls: requests,
    stagingCalls: which.objects,
    oursMs: round(lowerQuartile(ours)),
    bareMs: round(lowerQuartile(bare)),
    ratio: round(median(ratios), 3),
  };
  return { result, ratios };
};

export const run = async (scale: number) => {
  const server = await startServer();
  try {
    console.log(`against ${server.description}`);
    const repository = { ours: await server.makeRepository('ours'), bare: await server.makeRepository('bare') };
    const lifecycle = new Lifecycle(server, repository);
    const cases = [];
    const all: number[] = [];
    for (const which of CASES) {
      const { result, ratios } = await measure(lifecycle, which, Math.max(3, Math.round(which.rounds * scale)));
      cases.push(result);
      all.push(...ratios);
      console.log(
        `${result.name.padEnd(20)} ${String(result.lakefsCalls)} calls (and ${String(result.stagingCalls)} by the job)   ours ${String(result.oursMs)} ms, bare ${String(result.bareMs)} ms, ratio ${String(result.ratio)}`,
      );
    }
    const ratio = round(median(all), 3);
    const lakefsCalls = Math.max(...cases.map((each) => each.lakefsCalls));
    return {
      ok: ratio <= MAX_RATIO && lakefsCalls <= MAX_CALLS,
      ratio,
      maxRatio: MAX_RATIO,
      lakefsCalls,
      maxLakefsCalls: MAX_CALLS,
      server: server.description,
      cases,
    };
  } finally {
    await server.close();
  }
};

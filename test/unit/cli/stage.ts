/** The CLI against a deployment in memory: its connection runs the real use cases, its terminal keeps what was written. */

import type { Connection } from '../../../cli/connection.ts';
import { functionFailure } from '../../../cli/failure.ts';
import { main } from '../../../cli/main.ts';
import type { Terminal } from '../../../cli/terminal.ts';
import type { PipelineConfig } from '../../../lambdas/contract.ts';
import { FUNCTION, type FunctionName, functionName } from '../../../lambdas/contract.ts';
import { isBranchlineError } from '../../../lambdas/domain/errors.ts';
import { askingOf } from '../../../lambdas/domain/request.ts';
import type { Run } from '../../../lambdas/domain/run.ts';
import {
  inspectRequest,
  resolveRunRequest,
  rollbackRequest,
  snapshotRequest,
  startRunRequest,
} from '../../../lambdas/payloads.ts';
import { asAsked } from '../../../lambdas/usecases/as-asked.ts';
import { inspect } from '../../../lambdas/usecases/inspect.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { resolveRun } from '../../../lambdas/usecases/resolve-run.ts';
import { rollBack } from '../../../lambdas/usecases/rollback.ts';
import { setUp } from '../../../lambdas/usecases/set-up.ts';
import { settleRun } from '../../../lambdas/usecases/settle-run.ts';
import { snapshot } from '../../../lambdas/usecases/snapshot.ts';
import { startRun } from '../../../lambdas/usecases/start-run.ts';
import { makeWorld, text, type World } from '../../fakes/ports.ts';
import { withRollbacks } from '../../fakes/rollback-world.ts';
import { type SnapshotWorld, snapshotWorldOf } from '../../fakes/snapshots.ts';

export interface Call {
  readonly name: FunctionName;
  readonly payload: unknown;
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Standard output as JSON. */
  json<T>(): T;
}

interface Person {
  /** Columns of the terminal; none where output is piped. */
  readonly columns?: number;
  /** What is answered to each question; nobody can be asked without. */
  readonly answers?: readonly (string | undefined)[];
  readonly environment?: Readonly<Record<string, string>>;
}

type Invoke = (name: FunctionName, payload: unknown) => Promise<unknown>;

/** The ledger's entries and the backups of one world stay with it. */
const snapshotWorlds = new WeakMap<World, SnapshotWorld>();
const withSnapshots = (world: World): SnapshotWorld => {
  const known = snapshotWorlds.get(world) ?? snapshotWorldOf(world);
  snapshotWorlds.set(world, known);
  return known;
};

/** As Lambda does it: JSON there and back, errors by name and message alone. */
const deployed = (world: World): Invoke => {
  const act = (name: FunctionName, payload: unknown): Promise<unknown> => {
    switch (name) {
      case FUNCTION.inspect:
        return inspect(world, inspectRequest.parse(payload));
      case FUNCTION.startRun:
        return startRun(world, startRunRequest.parse(payload));
      case FUNCTION.rollback:
        return rollBack(withRollbacks(world), rollbackRequest.parse(payload), Number.MAX_SAFE_INTEGER);
      case FUNCTION.resolveRun:
        return resolveRun(world, resolveRunRequest.parse(payload));
      case FUNCTION.snapshot:
        return snapshot(withSnapshots(world), snapshotRequest.parse(payload), world.clock.now() + 600_000);
      default:
        throw new Error(`the CLI does not invoke ${name}`);
    }
  };
  return async (name, payload) => {
    try {
      const request = JSON.parse(JSON.stringify(payload)) as object;
      const asking = askingOf(name, request);
      const answer = await (asking === undefined
        ? act(name, request)
        : asAsked(world, asking, () => act(name, request)));
      return JSON.parse(JSON.stringify(answer)) as unknown;
    } catch (error) {
      if (!isBranchlineError(error)) throw error;
      throw functionFailure(functionName('branchline', name), error.code, error.message);
    }
  };
};

export class Stage {
  readonly world: World;
  readonly calls: Call[] = [];
  /** In place of the deployment. */
  invoke: Invoke;
  /** What a pause of the CLI is used for by the rest of the world. */
  onPause: () => Promise<void> = async () => undefined;
  skewMs: number | undefined = 0;
  identity: Connection['identity'] = async () => ({
    ...{ account: '111122223333', arn: 'arn:aws:iam::111122223333:user/op', region: 'eu-west-1' },
  });
  tryInvoke: Connection['tryInvoke'] = async () => undefined;
  places: unknown[] = [];

  constructor(world: World) {
    this.world = world;
    this.invoke = deployed(world);
  }

  async run(words: readonly string[], person: Person = {}): Promise<Ended> {
    let out = '';
    let err = '';
    const questions = [...(person.answers ?? [])];
    const terminal: Terminal = {
      out: (each) => {
        out += each;
      },
      err: (each) => {
        err += each;
      },
      styleOut: (_, each) => each,
      styleErr: (_, each) => each,
      columns: person.columns,
      errColumns: undefined,
      canAsk: person.answers !== undefined,
      ask: async (question) => {
        err += `${question}\n`;
        return questions.shift();
      },
    };
    const connection: Connection = {
      invoke: async (name, payload) => {
        this.calls.push({ name, payload });
        return this.invoke(name, payload);
      },
      tryInvoke: (name) => this.tryInvoke(name),
      identity: () => this.identity(),
      skewMs: () => this.skewMs,
      close: () => undefined,
    };
    const code = await main(words, {
      terminal,
      connect: (place) => {
        this.places.push(place);
        return connection;
      },
      environment: person.environment ?? {},
      now: () => this.world.clock.now(),
      pause: async (ms) => {
        this.world.clock.advance(ms);
        await this.onPause();
      },
      newRunId: () => this.world.ids.runId(),
    });
    return { code, out, err, json: <T>() => JSON.parse(out) as T };
  }
}

export const openStage = async (pipeline: Partial<PipelineConfig> = {}): Promise<Stage> => {
  const world = await makeWorld(pipeline);
  await setUp(world, { pause: async () => undefined });
  return new Stage(world);
};

// -- What jobs and events do meanwhile ---------------------------------------------------------------------------------

export const write = (world: World, run: Run, path: string): Promise<unknown> =>
  world.lakefs.putObject('lake', run.branch, path, text(`${run.runId}:${path}`));

export const finish = async (world: World, run: Run, state = 'SUCCEEDED', message?: string): Promise<void> => {
  const jobRunId = run.jobRunId ?? '';
  world.glue.end(jobRunId, state, message);
  await settleRun(world, { jobName: run.job, jobRunId });
};

export const promoteAll = async (world: World): Promise<void> => {
  for (let key = world.promotions.queue.shift(); key !== undefined; key = world.promotions.queue.shift())
    await promoteRun(world, key);
};

/** Two runs that overwrite one partition: the first is promoted, the second waits. */
export const conflict = async (world: World): Promise<readonly [winner: Run, loser: Run]> => {
  const a = (await startRun(world, { job: 'job-a', runId: 'winner' })).run;
  const b = (await startRun(world, { job: 'job-b', runId: 'loser' })).run;
  await write(world, a, 'sales/dt=1/a');
  await write(world, b, 'sales/dt=1/b');
  await write(world, b, 'sales/dt=2/b');
  for (const run of [a, b]) await finish(world, run);
  await promoteAll(world);
  return [a, b];
};

/** A run whose job failed with a Python traceback. */
export const failure = async (world: World, runId = 'broken'): Promise<Run> => {
  const { run } = await startRun(world, { job: 'job-c', runId });
  const trace =
    'Traceback (most recent call last):\n  File "x.py", line 3, in <module>\n    1 / 0\nZeroDivisionError: division by zero\n';
  await finish(world, run, 'FAILED', trace);
  return run;
};

import { beforeEach, describe, expect, it } from 'vitest';
import type { CompiledConfig, PipelineConfig } from '../../../lambdas/contract.ts';
import type { Run } from '../../../lambdas/domain/run.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { resolveRun } from '../../../lambdas/usecases/resolve-run.ts';
import { settleRun } from '../../../lambdas/usecases/settle-run.ts';
import type { World } from '../../fakes/ports.ts';
import { Crash, Gate } from '../../property/gate.ts';
import { parquetFile } from '../domain/parquet/files.ts';
import { drain, entry, files, finish, reconcileNow, stage, start } from './stage.ts';

type Kind = 'INT32' | 'INT64' | 'STRING';
const VALUE = { INT32: 1, INT64: 1n, STRING: 'x' } as const;
const parquet = (columns: Readonly<Record<string, Kind>>): Uint8Array =>
  parquetFile(Object.entries(columns).map(([name, type]) => ({ name, type, data: [VALUE[type]] })));

let world: World;
const make = async (
  pipeline: Partial<PipelineConfig> = {},
  columns: readonly { name: string; type: string }[] = [],
) => {
  const made = await stage(pipeline);
  const config = await made.config.load();
  const publish = {
    database: 'db',
    tableName: 'sales',
    target: 'main',
    format: 'parquet' as const,
    partitionTypes: {},
  };
  const published: CompiledConfig = {
    ...config,
    repositories: config.repositories.map((repository) => ({
      ...repository,
      tables: repository.tables.map((table) =>
        table.name === 'sales' ? { ...table, publish: { ...publish, columns } } : table,
      ),
    })),
  };
  world = { ...made, config: { load: async () => published } };
  world.ledger.columns.set('lake/main/sales', [
    { name: 'id', type: 'int' },
    { name: 'note', type: 'string' },
  ]);
};
const put = (run: Run, path: string, columns: Readonly<Record<string, Kind>> | string) =>
  world.lakefs.putObject(
    'lake',
    run.branch,
    path,
    typeof columns === 'string' ? new TextEncoder().encode(columns) : parquet(columns),
  );
const ran = async (path: string, columns: Readonly<Record<string, Kind>> | string, job = 'job-a'): Promise<Run> => {
  const run = await start(world, job);
  await put(run, path, columns);
  await finish(world, run);
  return entry(world, run);
};
const promotedWith = async (path: string, columns: Readonly<Record<string, Kind>> | string): Promise<Run> => {
  const run = await ran(path, columns);
  await drain(world);
  return entry(world, run);
};

beforeEach(() => make());

describe('by default', () => {
  it('columns that fit, that are new or wider, and that are missing come in', async () => {
    const run = await promotedWith('sales/dt=1/a', { id: 'INT64', extra: 'STRING' });
    expect(run.state).toBe('PROMOTED');
    expect(run.schemaChanges?.map(({ kind, column }) => `${kind} ${column ?? ''}`)).toEqual([
      'dropped note',
      'widened id',
      'added extra',
    ]);
  });

  it('a changed type is refused before anything reaches the target, by file, column, old and new type', async () => {
    const run = await promotedWith('sales/dt=1/a', { id: 'STRING', note: 'STRING' });
    expect(run.state).toBe('REJECTED');
    expect(run.cause).toEqual({
      code: 'BL2019',
      message: 'sales/dt=1/a: column id is string, table sales has int',
    });
    expect(files(world)).toEqual([]);
  });

  it('so is a file that nobody can read, and hidden ones are nobody’s', async () => {
    expect((await promotedWith('sales/dt=1/a', 'no Parquet')).cause?.message).toMatch(/sales\/dt=1\/a.*too few/);
    expect((await promotedWith('sales/dt=1/_SUCCESS', 'x')).state).toBe('PROMOTED');
    expect((await promotedWith('stock/a', 'no Parquet, and no table of readers')).state).toBe('PROMOTED');
  });

  it('a table that nobody has read yet takes its first columns', async () => {
    world.ledger.columns.clear();
    expect((await promotedWith('sales/dt=1/a', { anything: 'STRING' })).state).toBe('PROMOTED');
  });
});

describe('modes', () => {
  it.each([
    ['strict', { id: 'INT64', note: 'STRING' }, 'REJECTED'],
    ['strict', { id: 'INT32' }, 'REJECTED'],
    ['strict', { id: 'INT32', note: 'STRING', extra: 'INT32' }, 'PROMOTED'],
    ['off', { id: 'STRING' }, 'PROMOTED'],
  ] as const)('%s: %o is %s', async (schema, columns, state) => {
    await make({ schema });
    expect((await promotedWith('sales/dt=1/a', columns)).state).toBe(state);
  });

  it('columns that somebody gave are the measure, whatever the files say', async () => {
    await make({}, [{ name: 'id', type: 'int' }]);
    expect((await promotedWith('sales/dt=1/a', { id: 'INT64' })).state).toBe('REJECTED');
    expect((await promotedWith('sales/dt=2/a', { id: 'INT32', unknown: 'STRING' })).state).toBe('PROMOTED');
  });
});

describe('a table that the repository describes', () => {
  const FILE = '_lakefs_tables/extra.yaml';
  const description = (type: string): string =>
    ['name: extra', 'type: hive', 'path: extra/', 'schema:', '  type: struct', '  fields:']
      .concat(`    - {name: id, type: ${type}}`)
      .join('\n');
  beforeEach(async () => {
    await make({ schema: 'strict' });
    const config = await world.config.load();
    const settings = { database: 'db', target: 'main', format: 'parquet' as const };
    const repositories = config.repositories.map((repository) => ({ ...repository, lakefsTables: settings }));
    world = { ...world, config: { load: async () => ({ ...config, repositories }) } };
    const table = { name: 'extra', path: 'extra/', partitionColumns: [], partitionTypes: {} };
    world.ledger.descriptions.set('lake/main', [
      { file: FILE, checksum: 'x', table: { ...table, columns: [{ name: 'id', type: 'int' }] } },
    ]);
  });

  it('is held to the columns that its description gives', async () => {
    const refused = await promotedWith('extra/a', { id: 'INT64' });
    expect(refused).toMatchObject({ state: 'REJECTED', cause: { code: 'BL2019' } });
    expect(refused.cause?.message).toContain('extra/a: column id is bigint, table extra has int');
    expect((await promotedWith('extra/b', { id: 'INT32' })).state).toBe('PROMOTED');
  });

  it('and to those of the run, where it brings the description along', async () => {
    const run = await start(world);
    await put(run, 'extra/a', { id: 'INT64' });
    await put(run, FILE, description('long'));
    await finish(world, run);
    await drain(world);
    expect((await entry(world, run)).state).toBe('PROMOTED');
  });
});

it('two runs that bring one column of two types: the second is refused, though each fitted when it ended', async () => {
  const first = await ran('sales/dt=1/a', { id: 'INT32', note: 'STRING', extra: 'INT32' });
  const second = await ran('sales/dt=2/a', { id: 'INT32', note: 'STRING', extra: 'STRING' }, 'job-b');
  await drain(world);
  expect((await entry(world, first)).state).toBe('PROMOTED');
  expect(await entry(world, second)).toMatchObject({ state: 'REJECTED', cause: { code: 'BL2019' } });
  expect((await entry(world, second)).cause?.message).toContain(`by run ${first.runId}`);
});

describe('what a person does about it', () => {
  it('takes the columns as they are', async () => {
    const run = await promotedWith('sales/dt=1/a', { id: 'STRING' });
    await resolveRun(world, { action: 'promote', runId: run.runId, acceptSchema: true });
    await drain(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED', schemaAccepted: true });
  });

  it('has it looked at again, by the columns of now', async () => {
    const run = await promotedWith('sales/dt=1/a', { id: 'STRING', note: 'STRING' });
    await resolveRun(world, { action: 'promote', runId: run.runId });
    await drain(world);
    expect((await entry(world, run)).state).toBe('REJECTED');
    world.ledger.columns.set('lake/main/sales', [{ name: 'id', type: 'string' }]);
    await resolveRun(world, { action: 'promote', runId: run.runId });
    await drain(world);
    expect((await entry(world, run)).state).toBe('PROMOTED');
  });

  it('runs the job again, or throws the work away', async () => {
    const run = await promotedWith('sales/dt=1/a', { id: 'STRING' });
    await resolveRun(world, { action: 'retry', runId: run.runId });
    expect((await entry(world, run)).state).toBe('DISCARDED');
  });
});

it('whatever call its functions die at, before or after it took effect, no row of it reaches the target', async () => {
  for (const fault of ['crash-before', 'crash-after', 'unreachable-before', 'unreachable-after'] as const) {
    let struck = true;
    for (let at = 0; struck; at += 1) {
      await make();
      const run = await start(world);
      await put(run, 'sales/dt=1/a', { id: 'STRING' });
      world.glue.end(run.jobRunId ?? '', 'SUCCEEDED');
      const gate = new Gate(new Map([[at, fault]]));
      const ports = gate.guard(world);
      const work = async (): Promise<void> => {
        try {
          await settleRun(ports, { jobName: run.job, jobRunId: run.jobRunId ?? '' });
          await promoteRun(ports, run);
        } catch (error) {
          if (!(error instanceof Crash) && !String(error).includes('BL3001')) throw error;
        }
      };
      await gate.run([work], () => 0);
      struck = gate.calls > at;
      world.clock.advance(3_600_000);
      await reconcileNow(world);
      await drain(world);
      expect(await entry(world, run), `${fault} ${String(at)}`).toMatchObject({
        state: 'REJECTED',
        cause: { code: 'BL2019' },
      });
      expect(files(world)).toEqual([]);
    }
  }
});

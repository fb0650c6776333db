/** Two repositories with two targets each in one configuration: what is asked of one target or repository touches no other. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { CompiledConfig, ExportConfig, RepositoryConfig, TableConfig } from '../../../lambdas/contract.ts';
import { collectGarbage } from '../../../lambdas/usecases/collect-garbage.ts';
import { createSnapshot } from '../../../lambdas/usecases/create-snapshot.ts';
import { erase } from '../../../lambdas/usecases/erase.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { reconcile } from '../../../lambdas/usecases/reconcile.ts';
import { refreshCatalog } from '../../../lambdas/usecases/refresh-catalog.ts';
import { rollBack } from '../../../lambdas/usecases/rollback.ts';
import { runExport } from '../../../lambdas/usecases/run-export.ts';
import { wakeExportsOf } from '../../../lambdas/usecases/run-exports.ts';
import { tendSnapshots } from '../../../lambdas/usecases/tend-snapshots.ts';
import { wakeExports } from '../../../lambdas/usecases/wake-exports.ts';
import { publish, readSymlinks } from '../../fakes/catalog.ts';
import { work } from '../../fakes/collections.ts';
import { makeErasureWorld } from '../../fakes/erasure.ts';
import { FakeExportJobs, FakeExportMaps } from '../../fakes/exports.ts';
import { text } from '../../fakes/ports.ts';
import { FakeBackups, FakeDatabases } from '../../fakes/snapshots.ts';

const DAY = 86_400_000;
const FOREVER = Number.MAX_SAFE_INTEGER;
const REPOSITORIES = ['lake', 'sea'] as const;
const TARGETS = ['main', 'staging'] as const;
const PLACES = REPOSITORIES.flatMap((repository) => TARGETS.map((target) => ({ repository, target })));
type Place = (typeof PLACES)[number];

const nameOf = ({ repository, target }: Place): string => `${repository}-${target}`;

/** Each target has a table of its own, at the same prefix. */
const tablesOf = (repository: string): readonly TableConfig[] =>
  TARGETS.map((target) => ({
    ...{ name: `sales_${target}`, path: 'sales/', partitionColumns: ['dt'], overwrite: 'partition', appendOnly: false },
    publish: { ...publish(`db_${repository}`, `sales_${target}`), target },
  }));

const repositoryOf = (name: string): RepositoryConfig => ({
  ...{ name, storageNamespace: `s3://bucket/${name}`, defaultBranch: 'main', targets: [...TARGETS] },
  ...{ garbageCollection: { defaultRetentionDays: 7, branches: {} }, tables: tablesOf(name) },
});

const exportOf = (place: Place): ExportConfig => ({
  ...{ name: nameOf(place), ...place, bucket: 'out', prefix: `${nameOf(place)}/`, scopes: [{ path: '', to: '' }] },
  ...{ trigger: 'promotion', delete: true },
});

/** With what every use case needs at once. */
const makeSeveral = async () => {
  const base = await makeErasureWorld(...PLACES.map(exportOf));
  const { lakefs, ledger, clock, collecting } = base;
  if (collecting === undefined) throw new Error('nothing is collected');
  base.collecting = { ...collecting, repositories: [...REPOSITORIES] };
  const given = await base.config.load();
  const snapshots: NonNullable<CompiledConfig['snapshots']> = {
    ...{ everySeconds: 86_400, targets: PLACES, database: false },
    retention: { last: 2, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 },
  };
  const load = async (): Promise<CompiledConfig> => ({
    ...given,
    ...{ garbageCollection: base.collecting, exports: base.exporting, snapshots },
    repositories: REPOSITORIES.map(repositoryOf),
  });
  // An object lies below the namespace of its repository.
  const put = lakefs.putObject.bind(lakefs);
  lakefs.putObject = async (repository, ...rest) => {
    lakefs.addressOf = (serial) => `s3://bucket/${repository}/data/f/${String(serial)}`;
    return put(repository, ...rest);
  };
  await lakefs.createRepository({ name: 'sea', storageNamespace: 's3://bucket/sea', defaultBranch: 'main' });
  for (const name of REPOSITORIES) {
    const head = (await lakefs.getBranch(name, 'main'))?.commitId ?? '';
    await lakefs.createBranch(name, 'staging', head);
    await lakefs.setGarbageCollection(name, { defaultRetentionDays: 7, branches: {} });
  }
  return Object.assign(base, {
    ...{
      config: { load },
      exportMaps: new FakeExportMaps(),
      exportJobs: new FakeExportJobs(),
      sweeps: { stands: async () => false },
    },
    ...{ databases: new FakeDatabases(), backups: new FakeBackups() },
    async changeAt({ repository, target }: Place, files: Readonly<Record<string, string | null>>): Promise<string> {
      for (const [path, content] of Object.entries(files)) {
        if (content === null) await lakefs.deleteObjects(repository, target, [path]);
        else await lakefs.putObject(repository, target, path, text(content));
      }
      const done = await lakefs.commit(repository, target, { message: 'change', metadata: {} });
      const commit = done.outcome === 'committed' ? done.commit.id : '';
      const before = await ledger.getTarget(repository, target);
      const now = clock.now();
      await ledger.putTarget({
        ...{ schemaVersion: 1, version: (before?.version ?? 0) + 1, repository, branch: target },
        ...{ verifiedCommit: commit, verifiedAt: now, updatedAt: now },
      });
      return commit;
    },
  });
};
type World = Awaited<ReturnType<typeof makeSeveral>>;

let world: World;
const [LAKE, LAKE_STAGING, SEA, SEA_STAGING] = PLACES as unknown as readonly [Place, Place, Place, Place];

const fill = async (): Promise<void> => {
  for (const place of PLACES)
    await world.changeAt(place, { 'sales/dt=1/a': `a of ${nameOf(place)}`, 'sales/dt=1/b': `b of ${nameOf(place)}` });
};
const listing = async ({ repository, target }: Place): Promise<readonly string[]> =>
  (await Array.fromAsync(world.lakefs.listObjects(repository, target, {}))).map(({ path }) => path);
const copies = (place: Place): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...world.destination.objects]
      .filter(([at]) => at.startsWith(`out/${nameOf(place)}/`) && !at.includes('/_branchline/'))
      .map(([at, { content }]) => [at.slice(`out/${nameOf(place)}/`.length), content]),
  );
const exportAll = async (): Promise<readonly string[]> => {
  const outcomes: string[] = [];
  for (const place of PLACES) outcomes.push((await runExport(world, { name: nameOf(place), until: FOREVER })).outcome);
  return outcomes;
};

beforeEach(async () => {
  world = await makeSeveral();
  await fill();
});

describe('exports', () => {
  it('hold each their own target, and follow it alone', async () => {
    expect(await exportAll()).toEqual(['exported', 'exported', 'exported', 'exported']);
    for (const place of PLACES)
      expect(copies(place)).toEqual({
        ...{ 'sales/dt=1/a': `a of ${nameOf(place)}`, 'sales/dt=1/b': `b of ${nameOf(place)}` },
      });
    await world.changeAt(SEA_STAGING, { 'sales/dt=1/a': null });
    world.exportQueue.woken.length = 0;
    expect(await wakeExportsOf(world, SEA_STAGING, 'again')).toEqual(['sea-staging']);
    expect(await exportAll()).toEqual(['up-to-date', 'up-to-date', 'up-to-date', 'exported']);
    expect(copies(SEA_STAGING)).toEqual({ 'sales/dt=1/b': 'b of sea-staging' });
    expect(Object.keys(copies(SEA))).toHaveLength(2);
  });

  it('that are behind are found for each target by itself', async () => {
    await exportAll();
    world.clock.advance(DAY);
    await world.changeAt(LAKE_STAGING, { 'sales/dt=2/a': 'more' });
    world.exportQueue.woken.length = 0;
    expect(await wakeExports(world)).toMatchObject({ woken: 1, failed: 0 });
    expect(world.exportQueue.woken).toEqual(['lake-staging']);
  });
});

describe('tables', () => {
  it('show each their own target', async () => {
    for (const place of PLACES)
      expect((await refreshCatalog(world, { ...place, until: FOREVER })).outcome).toBe('published');
    const shown = Object.fromEntries(
      PLACES.map(({ repository, target }) => {
        const rows = readSymlinks(world, `db_${repository}`, `sales_${target}`);
        return [`${repository}/${target}`, Object.values(rows).join('\n').split('\n')];
      }),
    );
    for (const { repository, target } of PLACES) {
      const files = shown[`${repository}/${target}`] ?? [];
      expect(files).toHaveLength(2);
      for (const file of files) expect(file).toContain(`s3://bucket/${repository}/data/`);
    }
    expect(new Set(Object.values(shown).flat()).size).toBe(8);
    await world.changeAt(SEA, { 'sales/dt=2/a': 'more' });
    const outcomes: string[] = [];
    for (const place of PLACES) outcomes.push((await refreshCatalog(world, { ...place, until: FOREVER })).outcome);
    expect(outcomes).toEqual(['up-to-date', 'up-to-date', 'published', 'up-to-date']);
  });
});

describe('snapshots', () => {
  it('are made of every target by the schedule, and pruned by the snapshots of that target alone', async () => {
    const report = await tendSnapshots(world, { until: FOREVER });
    expect(report.failures).toEqual([]);
    expect(report.created).toHaveLength(4);
    for (const { repository, target } of PLACES) {
      const found = await Array.fromAsync(world.snapshots.list({ repository, target }));
      expect(found).toMatchObject([{ repository, target, state: 'COMPLETE', content: { objects: 2 } }]);
    }
    for (let day = 0; day < 3; day += 1) {
      world.clock.advance(DAY);
      expect((await tendSnapshots(world, { until: FOREVER })).failures).toEqual([]);
    }
    for (const { repository, target } of PLACES)
      expect(await Array.fromAsync(world.snapshots.list({ repository, target }))).toHaveLength(2);
  });

  it('of one target keep what it showed, in its own repository', async () => {
    const asked = { kind: 'manual', requestedBy: 'anna', until: FOREVER } as const;
    const { snapshot } = await createSnapshot(world, { ...SEA_STAGING, ...asked });
    expect(await world.lakefs.getTag('sea', snapshot.id)).toMatchObject({ commitId: snapshot.commit });
    expect(await world.lakefs.getTag('lake', snapshot.id)).toBeUndefined();
    expect(world.lakefs.branchNames('lake')).toEqual(['main', 'staging']);
  });
});

describe('a rollback', () => {
  it('of one target moves no other, and wakes the readers of that target alone', async () => {
    const before = (await world.lakefs.getBranch('sea', 'staging'))?.commitId ?? '';
    for (const place of PLACES) await world.changeAt(place, { 'sales/dt=2/bad': 'bad' });
    const heads = async () =>
      Promise.all(
        PLACES.map(async ({ repository, target }) => (await world.lakefs.getBranch(repository, target))?.commitId),
      );
    const [lake, lakeStaging, sea, seaStaging] = await heads();
    const asked = { action: 'roll-back', to: before, requestedBy: 'anna', ...SEA_STAGING } as const;
    const { pause } = world;
    // While it waits for readers, they are brought to where the targets are.
    const waiting = async (ms: number): Promise<void> => {
      await pause(ms);
      for (const place of PLACES) await refreshCatalog({ ...world, pause }, { ...place, until: FOREVER });
    };
    const until = world.clock.now() + DAY;
    expect(await rollBack({ ...world, pause: waiting }, asked, until)).toMatchObject({ outcome: 'rolled-back' });
    const after = await heads();
    expect(after.slice(0, 3)).toEqual([lake, lakeStaging, sea]);
    expect(after[3]).not.toBe(seaStaging);
    expect(await listing(SEA_STAGING)).toEqual(['sales/dt=1/a', 'sales/dt=1/b']);
    expect(await listing(SEA)).toContain('sales/dt=2/bad');
    for (const { repository, target } of PLACES)
      expect((await world.ledger.getTarget(repository, target))?.hold).toBeUndefined();
    // A commit of another repository is none of this one.
    const foreign = { ...asked, to: lake ?? '', dryRun: true } as const;
    await expect(rollBack(world, foreign, FOREVER)).rejects.toMatchObject({ code: expect.stringMatching(/^BL/) });
  });
});

const isThere = (content: string): boolean =>
  [...world.storage.objects].some(([at, stored]) => at.includes('/data/') && stored.content === content);

/** As the schedule and whoever approves would, until nothing is under way. */
const collectAll = async (): Promise<void> => {
  for (let turn = 0; turn < 6; turn += 1) {
    await collectGarbage(world, { action: 'tend' }, FOREVER);
    await work(world);
    for (const repository of REPOSITORIES) {
      const current = (await world.collections.get(repository))?.current;
      if (current?.state === 'MARKED' && current.approved === undefined)
        await collectGarbage(world, { action: 'approve', repository, collection: current.id }, FOREVER);
    }
    await work(world);
  }
};

describe('garbage', () => {
  it('is planned for every repository, and collected below its own namespace', async () => {
    for (const place of PLACES) await world.changeAt(place, { 'sales/dt=1/a': null });
    world.clock.advance(10 * DAY);
    const planned = await collectGarbage(world, { action: 'plan' }, FOREVER);
    expect(planned).toMatchObject({ plans: [{ repository: 'lake' }, { repository: 'sea' }] });
    await collectGarbage(world, { action: 'run', repository: 'sea' }, FOREVER);
    await collectAll();
    for (const place of [SEA, SEA_STAGING]) expect(isThere(`a of ${nameOf(place)}`)).toBe(false);
    for (const place of [LAKE, LAKE_STAGING]) expect(isThere(`a of ${nameOf(place)}`)).toBe(true);
    for (const place of PLACES) expect(isThere(`b of ${nameOf(place)}`)).toBe(true);
    expect((await world.collections.get('sea'))?.past[0]).toMatchObject({ state: 'DONE', readBack: { missing: 0 } });
    expect(await world.collections.get('lake')).toBeUndefined();
  });

  it('of one repository waits neither for staged work in another one nor for a rollback there', async () => {
    const head = (await world.lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await world.lakefs.createBranch('lake', 'open', head);
    await world.lakefs.putObject('lake', 'open', 'sales/dt=9/a', text('staged'));
    world.clock.advance(2 * DAY);
    const planned = await collectGarbage(world, { action: 'plan' }, FOREVER);
    expect(planned).toMatchObject({
      plans: [
        { repository: 'lake', blockers: [{ kind: 'staged', what: 'open' }] },
        { repository: 'sea', blockers: [] },
      ],
    });
  });

  it('of a repository whose collection cannot go on holds up no other', async () => {
    for (const place of PLACES) await world.changeAt(place, { 'sales/dt=1/a': null });
    world.clock.advance(10 * DAY);
    for (const repository of REPOSITORIES) await collectGarbage(world, { action: 'run', repository }, FOREVER);
    const { getRepository } = world.lakefs;
    world.lakefs.getRepository = async (name) => (name === 'lake' ? undefined : getRepository.call(world.lakefs, name));
    await collectAll();
    expect((await world.collections.get('sea'))?.past[0]).toMatchObject({ state: 'DONE' });
    const tended = await collectGarbage(world, { action: 'tend' }, FOREVER);
    expect(tended).toMatchObject({ report: { faults: [{ repository: 'lake' }] } });
  });
});

describe('an erasure', () => {
  it('takes a person out of both targets of one repository, and leaves the same path in the other one alone', async () => {
    await exportAll();
    const selection = { prefixes: ['sales/dt=1/a'] };
    const request = { action: 'run', repository: 'sea', confirm: 'sea', reason: 'request 1', selection } as const;
    const planned = await erase(world, { action: 'plan', repository: 'sea', selection }, FOREVER);
    expect(planned).toMatchObject({
      plan: {
        objects: 2,
        held: [{ holder: { kind: 'target', name: 'main' } }, { holder: { kind: 'target', name: 'staging' } }],
        exports: [{ name: 'sea-main' }, { name: 'sea-staging' }],
      },
    });
    for (let turn = 0; turn < 20; turn += 1) {
      await erase(world, turn === 0 ? request : { action: 'tend' }, FOREVER);
      for (const { runId, attempt, state } of [...world.ledger.runs.values()])
        if (state === 'COMMITTED') await promoteRun(world, { runId, attempt });
      await reconcile(world, { until: FOREVER });
      await exportAll();
      await collectAll();
      world.clock.advance(DAY);
    }
    const [erasure] = [...world.erasures.entries.values()];
    expect(erasure).toMatchObject({ repository: 'sea', state: 'DONE', proof: { gone: 2, left: 0 } });
    for (const place of [SEA, SEA_STAGING]) {
      expect(await listing(place)).toEqual(['sales/dt=1/b']);
      expect(Object.keys(copies(place))).toEqual(['sales/dt=1/b']);
      expect(isThere(`a of ${nameOf(place)}`)).toBe(false);
    }
    for (const place of [LAKE, LAKE_STAGING]) {
      expect(await listing(place)).toEqual(['sales/dt=1/a', 'sales/dt=1/b']);
      expect(Object.keys(copies(place))).toHaveLength(2);
      expect(isThere(`a of ${nameOf(place)}`)).toBe(true);
    }
    expect(await world.collections.get('lake')).toBeUndefined();
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { METADATA } from '../../../../lambdas/contract.ts';
import type { ReplicaNote } from '../../../../lambdas/domain/replica-note.ts';
import { MOST_MISSING, NEVER_SECONDS, type ReplicationRecord } from '../../../../lambdas/domain/replication.ts';
import { replicationEventsOf } from '../../../../lambdas/domain/replication-events.ts';
import { replicationRequest } from '../../../../lambdas/payloads.ts';
import { type ReplicationReport, replication } from '../../../../lambdas/usecases/replication.ts';
import { text } from '../../../fakes/ports.ts';
import { makeReplicationWorld, REPLICATING, type ReplicationWorld } from '../../../fakes/replication.ts';

let world: ReplicationWorld;
beforeEach(async () => {
  world = await makeReplicationWorld();
});

const UNTIL = Number.MAX_SAFE_INTEGER;
const ask = (request: unknown, until = UNTIL) => replication(world, replicationRequest.parse(request), until);
const tend = async (until?: number): Promise<ReplicationReport> => {
  const answer = await ask({ action: 'tend' }, until);
  if (answer.outcome !== 'tended') throw new Error(answer.outcome);
  expect(answer.report.failures).toEqual([]);
  return answer.report;
};
const record = (): ReplicationRecord => {
  const found = world.replications.entries.get('lake');
  if (found === undefined) throw new Error('no entry');
  return found;
};
const replicated = (): string | undefined => record().targets['main']?.replicated?.commit;
const data = (): string[] => world.pending().filter((address) => address.includes('/data/'));
const metadata = (): string[] => world.pending().filter((address) => address.includes('/_lakefs/'));
const all = (): void => world.copy(...world.pending());

describe('a commit counts as replicated', () => {
  test('when all its objects and all of lakeFS’s files are there, and not before', async () => {
    const commit = await world.commit({ 'sales/a': 'one', 'sales/b': 'two' });
    expect(await tend()).toMatchObject({ lagSeconds: NEVER_SECONDS });
    expect(record().targets['main']?.candidate).toMatchObject({ commit, missing: [{}, {}] });
    const [first = '', second = ''] = data();
    world.copy(first, ...metadata());
    expect((await tend()).missing).toBe(1);
    expect(replicated()).toBeUndefined();
    world.copy(second);
    expect(await tend()).toMatchObject({ missing: 0, lagSeconds: 0, region: 'eu-central-1' });
    expect(replicated()).toBe(commit);
    expect(record().targets['main']).toMatchObject({ lagCommits: 0, replicated: { objects: 2 } });
  });

  test('not without a file of lakeFS’s own', async () => {
    const commit = await world.commit({ a: '1' });
    const [last = '', ...others] = metadata();
    world.copy(...data(), ...others);
    await tend();
    await tend();
    expect(replicated()).toBeUndefined();
    expect(record().metadata.walk?.missing).toEqual([{ address: last, sizeBytes: 'range'.length }]);
    world.copy(last);
    await tend();
    expect(replicated()).toBe(commit);
  });

  test('not where an object of another size lies at its place', async () => {
    await world.commit({ a: 'whole' });
    all();
    const [there = ''] = [...world.replica.objects.keys()].filter((address) => address.includes('/data/'));
    world.replica.objects.set(there, { content: 'wh', at: 0 });
    await tend();
    expect(replicated()).toBeUndefined();
  });

  test('not by a look at lakeFS’s files that began before it was made', async () => {
    const first = await world.commit({ a: '1' });
    world.copy(...data(), ...metadata().slice(1));
    await tend();
    expect(record().metadata).toMatchObject({ begun: 1, whole: 0 });
    // Its own files sort before what the look under way has seen already.
    const second = await world.commit({ b: '2' });
    world.copy(...data());
    await tend();
    expect(replicated()).toBeUndefined();
    const late = metadata().at(-1) ?? '';
    world.copy(...metadata().filter((address) => address !== late));
    await tend();
    expect(replicated()).toBe(first);
    expect(record().targets['main']).toMatchObject({ lagCommits: 1 });
    await tend();
    expect(replicated()).toBe(first);
    world.copy(late);
    await tend();
    await tend();
    expect(replicated()).toBe(second);
  });

  test('where it shows imported objects only if that is accepted', async () => {
    world.lakefs.addressOf = (serial) => `s3://elsewhere/${String(serial)}`;
    const commit = await world.commit({ a: '1' });
    all();
    await tend();
    expect(record().targets['main']?.candidate).toMatchObject({ outside: 1, isAtEnd: true });
    expect(replicated()).toBeUndefined();
    world.replicating = { ...REPLICATING, importedObjects: 'accept' };
    await tend();
    expect(replicated()).toBe(commit);
  });
});

test('how far behind is told by when the replicated commit was last the head, and by the history', async () => {
  await world.commit({ a: '1' });
  all();
  await tend();
  world.clock.advance(600_000);
  expect(await tend()).toMatchObject({ lagSeconds: 0 });
  await world.commit({ a: '2' });
  await world.commit({ a: '3' });
  world.clock.advance(900_000);
  expect(await tend()).toMatchObject({ lagSeconds: 900 });
  expect(record().targets['main']).toMatchObject({ lagCommits: 2 });
});

test('a target that was put back to what has arrived is not behind', async () => {
  const first = await world.commit({ a: '1' });
  all();
  await tend();
  await world.commit({ a: '2' });
  await tend();
  const branch = world.lakefs.repositories.get('lake')?.branches.get('main');
  if (branch !== undefined) branch.head = first;
  expect(await tend()).toMatchObject({ lagSeconds: 0 });
  expect(record().targets['main']).toMatchObject({ lagCommits: 0, replicated: { commit: first } });
});

test('a candidate that does not arrive gives way to the head, and the next one is given more time', async () => {
  await world.commit({ a: 'never' });
  const [never = ''] = data();
  world.copy(...metadata());
  await tend();
  const second = await world.commit({ a: '2' });
  world.copy(...world.pending().filter((address) => address !== never));
  await tend();
  expect(replicated()).toBeUndefined();
  world.clock.advance(3_600_000);
  await tend();
  expect(replicated()).toBe(second);
  expect(record().targets['main']?.givenUp).toBe(0);
});

describe('large targets', () => {
  test('no more missing objects are remembered than an entry holds, and none is forgotten', async () => {
    const files = Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`f${String(i).padStart(4, '0')}`, 'x']));
    const commit = await world.commit(files);
    world.copy(...metadata());
    expect(await tend()).toMatchObject({ missing: MOST_MISSING });
    expect(record().targets['main']?.candidate).toMatchObject({ isAtEnd: false, objects: MOST_MISSING });
    const rounds: number[] = [];
    while (data().length > 0) {
      world.copy(...data().slice(0, 40));
      await tend();
      rounds.push(record().targets['main']?.candidate?.objects ?? 0);
    }
    await tend();
    expect(replicated()).toBe(commit);
    expect(record().targets['main']?.replicated?.objects).toBe(130);
    expect(rounds.length).toBeGreaterThan(2);
  });

  test('what the time did not suffice for goes on in the next pass', async () => {
    const files = Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`f${String(i).padStart(5, '0')}`, 'x']));
    const commit = await world.commit(files);
    all();
    let looked = 0;
    const listObjects = world.lakefs.listObjects.bind(world.lakefs);
    world.lakefs.listObjects = async function* (...args) {
      for await (const object of listObjects(...args)) {
        looked += 1;
        if (looked % 1000 === 0) world.clock.advance(1000);
        yield object;
      }
    };
    await tend(world.clock.now() + 1000);
    expect(record().targets['main']?.candidate).toMatchObject({ objects: 1000, isAtEnd: false, missing: [] });
    await tend();
    expect(replicated()).toBe(commit);
    expect(record().targets['main']?.replicated?.objects).toBe(2500);
  });
});

describe('a snapshot could be restored there', () => {
  test('when its commits, lakeFS’s files of the dump and both files of the backup have arrived', async () => {
    await world.commit({ a: '1' });
    all();
    await tend();
    const id = await world.snapshot();
    const moved = await world.commit({ a: '2' });
    world.copy(...world.pending().filter((address) => !address.endsWith('manifest.json')));
    await tend();
    expect(record().restorable).toBeUndefined();
    expect(record().point?.missing).toEqual([`s3://backup/backups/lake/${id}/manifest.json`]);
    all();
    world.clock.advance(60_000);
    const report = await tend();
    expect(record().restorable).toMatchObject({ snapshot: id });
    expect(report.restorableSeconds).toBe(61);
    await tend();
    expect(replicated()).toBe(moved);
  });

  test('and what came after it is told, by commits and by runs, with word of it beside the backups', async () => {
    await world.commit({ a: '1' });
    const id = await world.snapshot();
    all();
    await tend();
    await tend();
    const note = () => JSON.parse(world.backups.files.get('lake/replicated.json') ?? '{}') as ReplicaNote;
    expect(note()).toMatchObject({ snapshot: id, since: { main: { commits: 0, runs: [] } } });
    await world.lakefs.putObject('lake', 'main', 'b', new Uint8Array([1]));
    const made = await world.lakefs.commit('lake', 'main', { message: 'b', metadata: { [METADATA.runId]: 'r7' } });
    const head = await world.commit({ a: '3' });
    world.clock.advance(60_000);
    await tend();
    const since = { main: { head, commits: 2, runs: ['r7'] } };
    expect(made.outcome).toBe('committed');
    expect(record().restorable).toMatchObject({ snapshot: id, since });
    expect(note()).toMatchObject({ since, foundAt: new Date(world.clock.now()).toISOString() });
  });

  test('also where the target has moved on before anything had arrived', async () => {
    const shown = await world.commit({ a: '1' });
    const id = await world.snapshot();
    const head = await world.commit({ a: '2' });
    all();
    await tend();
    expect(record().restorable).toMatchObject({ snapshot: id, commits: { main: shown } });
    await tend();
    expect(replicated()).toBe(head);
  });
});

describe('verify', () => {
  test('looks for every object of what has arrived, and what is missing has not arrived any more', async () => {
    const commit = await world.commit({ a: '1', b: '2' });
    await world.snapshot();
    all();
    await tend();
    expect(record().restorable).toBeDefined();
    const whole = { repository: 'lake', target: 'main', commit, objects: 2, missing: [], outcome: 'whole' };
    expect(await ask({ action: 'verify' })).toMatchObject({ outcome: 'whole', targets: [whole] });
    const [lost = ''] = [...world.replica.objects.keys()].filter((address) => address.includes('/data/'));
    world.replica.objects.delete(lost);
    expect(await ask({ action: 'verify', repository: 'lake', target: 'main' })).toMatchObject({
      outcome: 'missing',
      targets: [{ outcome: 'missing', missing: [{ address: lost.replace('bucket-there', 'bucket') }] }],
    });
    expect(replicated()).toBeUndefined();
    expect(record().restorable).toBeUndefined();
    await tend();
    expect(replicated()).toBeUndefined();
    all();
    await tend();
    expect(replicated()).toBe(commit);
  });

  test('names what it does not know', async () => {
    await expect(ask({ action: 'verify', repository: 'none' })).rejects.toMatchObject({ code: 'BL1002' });
    await expect(ask({ action: 'verify', target: 'none' })).rejects.toMatchObject({ code: 'BL1002' });
    expect(await ask({ action: 'verify' })).toMatchObject({ outcome: 'missing', targets: [{ outcome: 'nothing' }] });
  });
});

test('without a second region it is said how to get one', async () => {
  world.replicating = undefined;
  await expect(ask({ action: 'status' })).rejects.toMatchObject({ code: 'BL8851' });
});

test('of another region nothing is known', async () => {
  await world.commit({ a: '1' });
  all();
  await tend();
  world.replicating = { ...REPLICATING, region: 'us-east-1' };
  expect(await ask({ action: 'status' })).toEqual({ outcome: 'listed', region: 'us-east-1', records: [] });
  world.replica.objects.clear();
  await tend();
  expect(replicated()).toBeUndefined();
});

test('what fails for one repository is told', async () => {
  world.replica.list = () => {
    throw new Error('away');
  };
  await world.commit({ a: '1' });
  expect(await ask({ action: 'tend' })).toMatchObject({
    report: { failures: [{ what: 'lake', reason: 'Error: away' }] },
  });
  expect(await ask({ action: 'tend' }, 0)).toMatchObject({ report: { failures: [{ what: 'lake' }] } });
});

test('events tell of commits and snapshots that have arrived, once', async () => {
  const commit = await world.commit({ a: '1' });
  const id = await world.snapshot();
  all();
  await tend();
  await tend();
  const events = world.replications.stream.flatMap(({ before, after }) => replicationEventsOf(before, after));
  expect(events.map(({ type, detail }) => [type, detail['commit'] ?? detail['snapshot']])).toEqual([
    ['Commit Replicated', commit],
    ['Snapshot Replicated', id],
  ]);
});

test('nothing is listed where nothing has changed', async () => {
  await world.commit({ a: '1' });
  await world.snapshot();
  all();
  await tend();
  let calls = 0;
  for (const side of [world.source, world.replica]) {
    const list = side.list.bind(side);
    side.list = (below) => {
      calls += 1;
      return list(below);
    };
  }
  await tend();
  expect(calls).toBe(0);
  await world.lakefs.putObject('lake', 'main', 'staged', text('not committed'));
  await tend();
  expect(calls).toBe(0);
});

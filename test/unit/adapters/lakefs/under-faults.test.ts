/** The client against the emulator, which loses answers, hangs up, is late and says what it is told to. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLakefs } from '../../../../lambdas/adapters/lakefs/client.ts';
import type { Failure } from '../../../../lambdas/adapters/lakefs/retry.ts';
import type { Lakefs } from '../../../../lambdas/ports.ts';
import type { FaultAction } from '../../../../local/emulator/faults.ts';
import { type Emulator, startEmulator } from '../../../../local/emulator/server.ts';
import { codeOf } from './scripted.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const request = { message: 'm', metadata: {} };

let emulator: Emulator;
let lakefs: Lakefs;
let failures: Failure[];

const clientOf = (pair: { accessKeyId: string; secretAccessKey: string }, requestTimeoutMs = 5_000): Lakefs =>
  createLakefs({
    endpoint: emulator.endpoint,
    credentials: { get: async () => pair, refresh: async () => pair },
    sleep: async () => undefined,
    requestTimeoutMs,
    onError: (failure) => void failures.push(failure),
  });

beforeEach(async () => {
  emulator = await startEmulator();
  failures = [];
  lakefs = clientOf(emulator);
  await lakefs.createRepository({ name: 'lake', storageNamespace: 'mem://lake', defaultBranch: 'main' });
});
afterEach(() => emulator.close());

const strike = (match: string, action: FaultAction, times = 1): void => emulator.faults.add({ match, action, times });
const head = async (branch = 'main'): Promise<string> => (await lakefs.getBranch('lake', branch))?.commitId ?? '';
/** A run branch with one commit. */
const run = async (name = 'run'): Promise<string> => {
  await lakefs.createBranch('lake', name, await head());
  await lakefs.putObject('lake', name, name, bytes('1'));
  const made = await lakefs.commit('lake', name, request);
  if (made.outcome !== 'committed') throw new Error(made.outcome);
  return made.commit.id;
};

describe.each<FaultAction>([
  { kind: 'hang-up' },
  { kind: 'lose-answer' },
  { kind: 'answer', status: 500, message: 'branch is currently locked, try again later' },
  { kind: 'answer', status: 503, message: 'slow down' },
  { kind: 'answer', status: 429, message: 'too many tries' },
])('$kind $status', (action) => {
  const isSilent = action.kind !== 'answer';

  it('does not keep a branch from being made, looked at, written to, reset and removed', async () => {
    const start = await head();
    strike('^POST .*/branches$', action);
    // A branch whose answer was lost is there at the second try.
    expect(await lakefs.createBranch('lake', 'run', start)).toBe(action.kind === 'lose-answer' ? 'exists' : 'created');
    strike('^GET .*/branches/run$', action);
    expect(await lakefs.getBranch('lake', 'run')).toEqual({ id: 'run', commitId: start });
    strike('^POST .*/objects$', action);
    expect(await lakefs.putObject('lake', 'run', 'x', bytes('1'))).toBe('written');
    strike('^POST .*/objects/delete', action);
    await lakefs.deleteObjects('lake', 'run', ['x']);
    strike('^PUT .*/branches/run$', action);
    await lakefs.resetStaged('lake', 'run');
    expect(await Array.fromAsync(lakefs.listObjects('lake', 'run', {}))).toEqual([]);
    strike('^DELETE ', action);
    expect(await lakefs.deleteBranch('lake', 'run')).toBe(action.kind === 'lose-answer' ? 'absent' : 'deleted');
    // What is found done already is an answer, no fault.
    const faults = failures.filter((failure) => failure.kind !== 'answer' || ![404, 409].includes(failure.status));
    expect(faults).toHaveLength(6);
  });

  it('leaves a merge to the log where it gives no answer, and repeats it where it says no', async () => {
    const commit = await run();
    const before = await head();
    strike('^POST .*/merge/', action);
    const merged = await lakefs.merge('lake', commit, 'main', request).catch((error: { code: string }) => error.code);
    if (!isSilent) {
      expect(merged).toMatchObject({ outcome: 'merged' });
      return;
    }
    expect(merged).toBe('BL3001');
    const [last] = await Array.fromAsync(lakefs.log('lake', 'main', { stopAt: before }));
    expect(last?.parents).toEqual(action.kind === 'lose-answer' ? [before, commit] : []);
    expect(await lakefs.merge('lake', commit, 'main', request)).toMatchObject({
      outcome: action.kind === 'lose-answer' ? 'no-changes' : 'merged',
    });
  });

  it('makes a commit once at most', async () => {
    await lakefs.createBranch('lake', 'run', await head());
    await lakefs.putObject('lake', 'run', 'x', bytes('1'));
    strike('^POST .*/commits', action);
    const answer = await lakefs.commit('lake', 'run', request).catch((error: { code: string }) => error.code);
    if (isSilent) {
      expect(answer).toBe('BL3001');
      expect((await lakefs.commit('lake', 'run', request)).outcome).toBe(
        action.kind === 'lose-answer' ? 'nothing-to-commit' : 'committed',
      );
    } else expect(answer).toMatchObject({ outcome: 'committed' });
    expect(await Array.fromAsync(lakefs.log('lake', 'run', {}))).toHaveLength(2);
  });
});

describe('a server that', () => {
  it('is down stays down after every try', async () => {
    emulator.faults.add({ match: '', action: { kind: 'hang-up' } });
    expect(await codeOf(lakefs.getBranch('lake', 'main'))).toBe('BL3001');
    expect(failures.every(({ kind }) => kind === 'no-answer')).toBe(true);
  });

  it('is late is not waited for longer than one try may take', async () => {
    emulator.faults.add({ match: '^GET ', action: { kind: 'delay', ms: 2_000 }, times: 1 });
    expect(await clientOf(emulator, 50).getBranch('lake', 'main')).toBeDefined();
    expect(failures).toHaveLength(1);
  });

  it('merges late does so once, though nobody waits', async () => {
    const commit = await run();
    strike('^POST .*/merge/', { kind: 'delay', ms: 150 });
    expect(await codeOf(clientOf(emulator, 50).merge('lake', commit, 'main', request))).toBe('BL3001');
    await expect
      .poll(async () => (await Array.fromAsync(lakefs.log('lake', 'main', {})))[0]?.parents.at(1), { timeout: 20_000 })
      .toBe(commit);
    expect(await lakefs.merge('lake', commit, 'main', request)).toEqual({ outcome: 'no-changes' });
  });

  it('knows another key refuses this one', async () => {
    const other = clientOf({ accessKeyId: 'AKIAOTHER', secretAccessKey: 'wrong' });
    expect(await codeOf(other.getBranch('lake', 'main'))).toBe('BL3002');
  });

  it('breaks off between two pages is asked for the second one again', async () => {
    const paths = Array.from({ length: 1_200 }, (_, i) => `f/${String(i).padStart(4, '0')}`);
    const entry = { physicalAddress: 'a', checksum: 'c', sizeBytes: 1, mtime: 1, contentType: 't', metadata: {} };
    const repository = emulator.model.repository('lake');
    for (const path of paths) emulator.model.stage(repository, 'main', path, entry);
    emulator.faults.add({ match: '/objects/ls', action: { kind: 'hang-up' }, skip: 1, times: 2 });
    const listed = await Array.fromAsync(lakefs.listObjects('lake', 'main', {}));
    expect(listed.map(({ path }) => path)).toEqual(paths);
    expect(failures).toHaveLength(2);
  });
});

it('a diff by prefixes of more than a page loses nothing, though the server would', async () => {
  const repository = emulator.model.repository('lake');
  const entry = { physicalAddress: 'a', checksum: 'c', sizeBytes: 1, mtime: 1, contentType: 't', metadata: {} };
  const base = await head();
  const files = Array.from({ length: 999 }, (_, i) => `a${String(i).padStart(4, '0')}`);
  for (const path of [...files, 'p=1', 'p=1/x', 'p=10/x', 'q']) emulator.model.stage(repository, 'main', path, entry);
  await lakefs.commit('lake', 'main', request);
  const changes = await Array.fromAsync(lakefs.diff('lake', base, 'main', { type: 'two_dot', delimiter: '/' }));
  expect(changes.map(({ path }) => path)).toEqual([...files, 'p=1', 'p=1/', 'p=10/', 'q']);
});

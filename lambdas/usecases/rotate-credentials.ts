/**
 * Rotation of lakeFS's key pair, in the four steps of Secrets Manager. Each may be repeated and interrupted anywhere.
 *
 * Open-source lakeFS has one user with one key pair, no call that changes it, and none that lets a second one in. What is left,
 * tried on a real 1.84: log in; delete the user by that session; make it again; let the server make a key pair. A session outlives
 * the pair, so it is kept in the secret beside the pair until the end: whatever is lost after the user is made again, a repeat
 * gets a pair by it.
 *
 *     user  ──────┤deleted├──made──┤pair made├── secret: pending ── tried ── secret: current
 *                 └──1──┘          └──────────────2──────────────┘
 *
 * 1: a few milliseconds in which the server has no user. It then still takes the session, for as long as it remembers the user
 *    (20 s), and the user is made within that. A server that stops here for good does not start again: the way back is the
 *    metadata store of a moment before (docs/runbook/credential-rotation.md). So every server process is made to remember the
 *    user first, and nothing is begun while a run is open or a deployment of the server is under way.
 * 2: the old pair is gone, the new one not told yet. Who is refused reads the secret again; a second or two.
 */
import { BranchlineError } from '../domain/errors.ts';
import { ROTATION_LEASE_MS } from '../domain/rotation.ts';
import { formatRunKey } from '../domain/run.ts';
import type { KeyPair, RotationPorts, RotationWork, Session } from '../rotation-ports.ts';
import { holdRotation, noteSnapshots, releaseRotation, yieldRotation } from './rotation-lock.ts';
import { snapshotFirst } from './rotation-snapshot.ts';

export const ROTATION_STEP = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type RotationStep = (typeof ROTATION_STEP)[number];

export interface RotationRequest {
  readonly step: RotationStep;
  /** Id of the version of the secret that is being made. */
  readonly token: string;
  readonly by: string;
  /** Do not wait until no run is open. */
  readonly evenWhileRunsAreOpen?: boolean;
}

/** More than a server of ours has processes: each answers one of them with good likelihood, and then remembers the user. */
const WARM_UPS = 24;
/** A server forgets the user after 20 s (seen on 1.84): later tries are in vain. */
const REPAIR_TRIES = 60;
const REPAIR_PAUSE_MS = 250;
const PAIR_TRIES = 4;
const QUIET_PAUSE_MS = 15_000;
/** What the steps after the waiting need. */
const STEPS_MS = 120_000;

export const rotateCredentials = async (ports: RotationPorts, request: RotationRequest): Promise<void> => {
  try {
    await doStep(ports, request);
  } catch (error) {
    // Whoever comes to mend it is not to wait for the end of a lease.
    await yieldRotation(ports, request).catch(() => undefined);
    throw error;
  }
};

const doStep = (ports: RotationPorts, request: RotationRequest): Promise<void> => {
  switch (request.step) {
    case 'createSecret':
      return prepare(ports, request);
    case 'setSecret':
      return change(ports, request);
    case 'testSecret':
      return tryPair(ports, request);
    case 'finishSecret':
      return finish(ports, request);
  }
};

const prepare = async (ports: RotationPorts, request: RotationRequest): Promise<void> => {
  const { users, secret, clock } = ports;
  await holdRotation(ports, request);
  if ((await secret.pairOf(request.token)) !== undefined) return;
  const model = await users.accessControl();
  if (model !== 'none') {
    const message = `this lakeFS has access control of its own (${model}); only a server with one user is rotated like this`;
    throw new BranchlineError('BL8301', `${message}: make a second key pair there and write it into the secret`);
  }
  const left = await secret.work();
  // An earlier rotation stopped on its way: only its session is sure to be taken still.
  if (left !== undefined && left.session.expiresAt > clock.now() + ROTATION_LEASE_MS) return;
  if (request.evenWhileRunsAreOpen !== true) await waitForQuiet(ports);
  const pair = await currentPair(ports);
  const session = await users.login(pair);
  const user = session === undefined ? undefined : await users.userOf(session);
  if (session === undefined || user === undefined) {
    const message = `the server refuses the key pair that the secret holds, so nothing was changed`;
    throw new BranchlineError('BL3002', `${message}; write the pair that works into the secret first`);
  }
  // Nothing is changed yet, and from here on it can be taken back.
  await noteSnapshots(ports, request, await snapshotFirst(ports, request));
  await secret.putWork({ user, session });
};

/** A Spark job takes the pair when it begins and cannot be given another one: it would fail with the old one. */
const waitForQuiet = async (ports: RotationPorts): Promise<void> => {
  for (;;) {
    const open = await Array.fromAsync(ports.ledger.listRuns({ states: ['OPEN'], limit: 3 }));
    if (open.length === 0) return;
    if (ports.clock.now() + QUIET_PAUSE_MS + STEPS_MS > ports.deadline()) {
      const runs = open.map(formatRunKey).join(', ');
      throw new BranchlineError('BL8302', `still open: ${runs}; their jobs hold the pair that would go`);
    }
    await ports.pause(QUIET_PAUSE_MS);
  }
};

const currentPair = async ({ secret }: RotationPorts): Promise<KeyPair> => {
  const pair = await secret.pairOf(await secret.currentVersion());
  if (pair === undefined) throw new BranchlineError('BL3002', 'the secret holds no key pair');
  return pair;
};

const change = async (ports: RotationPorts, request: RotationRequest): Promise<void> => {
  const { secret, log } = ports;
  await holdRotation(ports, request);
  if ((await secret.pairOf(request.token)) === undefined) {
    const work = await workOf(ports, request.token);
    for (let i = 0; i < WARM_UPS; i += 1) await ports.users.userOf(work.session);
    const pair = await renewPair(ports, work);
    await secret.putPending(request.token, pair);
    log.info('lakeFS has a new key pair', { user: work.user, accessKeyId: pair.accessKeyId });
  }
  // Not left to finishSecret, nor to a trial: the old pair is gone, and whoever is refused reads the current version.
  await makeCurrent(ports, request.token);
};

/** @throws BL8303 where nothing was prepared. */
const workOf = async (ports: RotationPorts, token: string): Promise<RotationWork> => {
  const { users, secret } = ports;
  const work = await secret.work();
  if (work === undefined) throw new BranchlineError('BL8303', `version ${token} of the secret was not prepared`);
  if ((await users.userOf(work.session)) !== undefined) return work;
  // Sessions end with the secret that signs them. As long as the pair is taken there is nothing to repair by this one.
  const session = await users.login(await currentPair(ports));
  if (session === undefined) return work;
  const fresh = { user: work.user, session };
  await secret.putWork(fresh);
  return fresh;
};

/** @returns a pair that nobody else has. Whatever an interrupted try has left, this goes on from it. */
const renewPair = async (ports: RotationPorts, { user, session }: RotationWork): Promise<KeyPair> => {
  // First of all: there may be no user since an earlier try, and the server may be about to forget the session.
  await ensureUser(ports, session, user);
  for (let tries = 1; tries <= PAIR_TRIES; tries += 1) {
    const pair = await ports.users.createKeyPair(session, user);
    if (pair !== 'has-one') return pair;
    // The old one, or one whose telling was lost: it cannot be asked for.
    try {
      await ports.users.deleteUser(session, user);
    } finally {
      // A lost answer may have deleted it all the same.
      await ensureUser(ports, session, user);
    }
  }
  throw new BranchlineError('BL8303', `somebody else makes key pairs for "${user}" at the same time`);
};

const ensureUser = async ({ users, pause, log }: RotationPorts, session: Session, user: string): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      await users.createUser(session, user);
      return;
    } catch (error) {
      log.error('lakeFS has no user at this moment; trying again', { user, tries, error: String(error) });
      if (tries < REPAIR_TRIES) {
        await pause(REPAIR_PAUSE_MS);
        continue;
      }
      throw new BranchlineError(
        'BL8304',
        `"${user}" could not be made again in ${String(tries)} tries: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }
};

const tryPair = async ({ secret, users }: RotationPorts, { token }: RotationRequest): Promise<void> => {
  // Secrets Manager tries this step alone when the schedule is set up: then there is no new version.
  const pair = (await secret.pairOf(token)) ?? (await secret.pairOf(await secret.currentVersion()));
  if (pair !== undefined && (await users.userOf(pair)) !== undefined) return;
  throw new BranchlineError('BL8303', `the server refuses the key pair of version ${token} of the secret`);
};

const makeCurrent = async ({ secret }: RotationPorts, token: string): Promise<void> => {
  const before = await secret.currentVersion();
  if (before !== token) await secret.makeCurrent(token, before);
};

const finish = async (ports: RotationPorts, request: RotationRequest): Promise<void> => {
  if ((await ports.secret.pairOf(request.token)) === undefined) {
    throw new BranchlineError('BL8303', `version ${request.token} of the secret holds no key pair`);
  }
  await makeCurrent(ports, request.token);
  await ports.secret.dropWork();
  await releaseRotation(ports, request);
};

/** lakeFS's one user, the secret and the ledger's entry in memory, for tests of the rotation. */
import { BranchlineError } from '../../lambdas/domain/errors.ts';
import type {
  KeyPair,
  KeyPairSecret,
  LakefsUsers,
  RotationPorts,
  RotationWork,
  Session,
} from '../../lambdas/rotation-ports.ts';
import { makeWorld, type World } from './ports.ts';
import { FakeRotations } from './rotations.ts';
import { type SnapshotWorld, snapshotWorldOf } from './snapshots.ts';

/** How long a server takes identities for good that it has seen. Seen on 1.84: 20 s. */
const REMEMBERS_MS = 20_000;
const DAYS_7 = 7 * 86_400_000;

/** As a real 1.84 answers: one user, one pair, both remembered for a while after they are gone. */
export class FakeUsers implements LakefsUsers {
  model = 'none';
  user: { id: string; pair?: KeyPair } | undefined = {
    id: 'admin',
    pair: { accessKeyId: 'AKIA0', secretAccessKey: 'secret-0' },
  };
  readonly #now: () => number;
  readonly #sessions = new Map<string, string>();
  #remembered: { id: string; until: number } | undefined;
  #serial = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A login's token is enough as long as its user exists, or is remembered. */
  #isTaken({ token }: Session): string | undefined {
    const id = this.#sessions.get(token);
    if (id === undefined) return undefined;
    if (this.user?.id === id) {
      if (this.#remembered === undefined || this.#remembered.until <= this.#now())
        this.#remembered = { id, until: this.#now() + REMEMBERS_MS };
      return id;
    }
    return this.#remembered?.id === id && this.#remembered.until > this.#now() ? id : undefined;
  }
  #refuseUnless(session: Session): void {
    if (this.#isTaken(session) === undefined) throw new BranchlineError('BL3002', 'answered 401');
  }
  #has({ accessKeyId, secretAccessKey }: KeyPair): boolean {
    const pair = this.user?.pair;
    return pair?.accessKeyId === accessKeyId && pair.secretAccessKey === secretAccessKey;
  }

  async accessControl(): Promise<string> {
    return this.model;
  }
  async login(pair: KeyPair): Promise<Session | undefined> {
    if (!this.#has(pair) || this.user === undefined) return undefined;
    this.#serial += 1;
    const token = `session-${String(this.#serial)}`;
    this.#sessions.set(token, this.user.id);
    return { token, expiresAt: this.#now() + DAYS_7 };
  }
  async userOf(identity: KeyPair | Session): Promise<string | undefined> {
    if ('token' in identity) return this.#isTaken(identity);
    return this.#has(identity) ? this.user?.id : undefined;
  }
  async deleteUser(session: Session, user: string): Promise<'deleted' | 'absent'> {
    this.#refuseUnless(session);
    if (this.user?.id !== user) return 'absent';
    this.user = undefined;
    return 'deleted';
  }
  async createUser(session: Session, user: string): Promise<'created' | 'exists'> {
    this.#refuseUnless(session);
    if (this.user !== undefined) return 'exists';
    this.user = { id: user };
    return 'created';
  }
  async createKeyPair(session: Session, user: string): Promise<KeyPair | 'has-one'> {
    this.#refuseUnless(session);
    if (this.user?.id !== user) throw new BranchlineError('BL3004', 'user not found');
    if (this.user.pair !== undefined) return 'has-one';
    this.#serial += 1;
    const pair = { accessKeyId: `AKIA${String(this.#serial)}`, secretAccessKey: `secret-${String(this.#serial)}` };
    this.user = { ...this.user, pair };
    return pair;
  }
}

export class FakeSecret implements KeyPairSecret {
  readonly pairs = new Map<string, KeyPair>([['v0', { accessKeyId: 'AKIA0', secretAccessKey: 'secret-0' }]]);
  current = 'v0';
  pending: string | undefined;
  kept: RotationWork | undefined;

  async currentVersion(): Promise<string> {
    return this.current;
  }
  async pairOf(version: string): Promise<KeyPair | undefined> {
    return this.pairs.get(version);
  }
  async putPending(version: string, pair: KeyPair): Promise<void> {
    const stored = this.pairs.get(version);
    // As Secrets Manager has it: a version, once written, never changes.
    if (stored !== undefined && stored.secretAccessKey !== pair.secretAccessKey) throw new Error('version exists');
    this.pairs.set(version, pair);
    this.pending = version;
  }
  async makeCurrent(version: string, before: string): Promise<void> {
    if (before !== this.current) throw new Error(`AWSCURRENT is on ${this.current}, not on ${before}`);
    this.current = version;
  }
  async work(): Promise<RotationWork | undefined> {
    return this.kept;
  }
  async putWork(work: RotationWork): Promise<void> {
    this.kept = work;
  }
  async dropWork(): Promise<void> {
    this.kept = undefined;
  }
}

export interface RotationWorld extends RotationPorts, Pick<World, 'ledger' | 'clock'> {
  readonly users: FakeUsers;
  readonly secret: FakeSecret;
  readonly rotations: FakeRotations;
  readonly forSnapshots: SnapshotWorld;
  readonly ledger: World['ledger'];
  readonly clock: World['clock'];
}

const SNAPSHOTS = {
  ...{ everySeconds: 86_400, targets: [{ repository: 'lake', target: 'main' }], database: true },
  retention: { last: 3, hourly: 0, daily: 7, weekly: 5, monthly: 12, yearly: 0 },
};

/** Fifteen minutes to work in; a pause passes at once. */
export const makeRotationWorld = async (): Promise<RotationWorld> => {
  const world = await makeWorld();
  const { clock } = world;
  const until = clock.now() + 15 * 60_000;
  const config = { ...(await world.config.load()), snapshots: SNAPSHOTS };
  const inside = { ...world, config: { load: async () => config } };
  return {
    ...inside,
    forSnapshots: snapshotWorldOf(inside),
    users: new FakeUsers(() => clock.now()),
    secret: new FakeSecret(),
    rotations: new FakeRotations(),
    pause: async (ms) => clock.advance(ms),
    deadline: () => until,
  };
};

/** What rotating lakeFS's key pair needs from outside besides `Ports`. */
import type { Rotation } from './domain/rotation.ts';
import type { EpochMs } from './domain/run.ts';
import type { Ports } from './ports.ts';
import type { SnapshotPorts } from './snapshot-ports.ts';

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A signed token of a login: good for days, whatever becomes of the key pair, as long as its user exists. */
export interface Session {
  readonly token: string;
  readonly expiresAt: EpochMs;
}

/** The users of lakeFS. Open source has one, with one key pair that the server makes itself; a second is refused. */
export interface LakefsUsers {
  /** What lakeFS calls RBAC: `none` on open source. */
  accessControl(): Promise<string>;
  /** `undefined` where the server refuses the pair. */
  login(pair: KeyPair): Promise<Session | undefined>;
  /** Id of the user that these belong to; `undefined` where the server refuses them. */
  userOf(identity: KeyPair | Session): Promise<string | undefined>;
  /** The user's key pair goes too. Both are known to a server for some twenty seconds more (seen on 1.84). */
  deleteUser(session: Session, user: string): Promise<'deleted' | 'absent'>;
  createUser(session: Session, user: string): Promise<'created' | 'exists'>;
  /** `has-one` where the user has a pair: nobody can ask which. */
  createKeyPair(session: Session, user: string): Promise<KeyPair | 'has-one'>;
}

/** Session and user of a rotation that is under way, kept beside the pair under a label of its own. */
export interface RotationWork {
  readonly user: string;
  readonly session: Session;
}

/** The secret with lakeFS's key pair, by its versions. */
export interface KeyPairSecret {
  /** Which version is the current one. */
  currentVersion(): Promise<string>;
  /** `undefined` where there is no such version, or nothing in it yet. */
  pairOf(version: string): Promise<KeyPair | undefined>;
  /** As what comes next; repeatable with the same pair. */
  putPending(version: string, pair: KeyPair): Promise<void>;
  /** From then on everybody reads it; the one before stays as the previous one. */
  makeCurrent(version: string, before: string): Promise<void>;
  work(): Promise<RotationWork | undefined>;
  putWork(work: RotationWork): Promise<void>;
  dropWork(): Promise<void>;
}

export interface Rotations {
  get(): Promise<Rotation | undefined>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: Rotation): Promise<{ outcome: 'written' } | { outcome: 'stale'; rotation: Rotation | undefined }>;
}

export interface RotationPorts extends Ports {
  readonly users: LakefsUsers;
  readonly secret: KeyPairSecret;
  readonly rotations: Rotations;
  /** Absent where this deployment does not rotate, and so has no right to make any. */
  readonly forSnapshots?: SnapshotPorts;
  /** Waits so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
  /** When the invocation ends. */
  readonly deadline: () => EpochMs;
}

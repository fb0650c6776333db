/**
 * The one user of an open-source server, with its one key pair, and sessions that outlive it. As seen on 1.84: whoever was let in
 * once is let in for twenty seconds more, although user or pair is gone by then.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ModelError } from './model/types.ts';

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const REMEMBERS_MS = 20_000;
const SESSION_SECONDS = 7 * 86_400;

const isSame = (given: string, expected: string): boolean => {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
};

export class Users {
  #user: { readonly id: string; readonly since: number; readonly pair?: KeyPair } | undefined;
  readonly #remembered = new Map<string, { readonly value: string; readonly until: number }>();
  readonly #signing = randomBytes(32);
  readonly #now: () => number;
  readonly #remembersMs: number;

  constructor(id: string, pair: KeyPair, now: () => number, remembersMs: number) {
    this.#remembersMs = remembersMs;
    this.#user = { id, since: now(), pair };
    this.#now = now;
  }

  /** Id of the user whose name the request comes in; `undefined` where nobody is let in by it. */
  whoIs(header: string | undefined): string | undefined {
    const [kind = '', given = ''] = (header ?? '').split(' ');
    if (kind === 'Basic') {
      const [accessKeyId = '', ...rest] = Buffer.from(given, 'base64').toString('utf8').split(':');
      return this.#ofPair({ accessKeyId, secretAccessKey: rest.join(':') });
    }
    return kind === 'Bearer' ? this.#ofSession(given) : undefined;
  }

  login(pair: KeyPair): { token: string; token_expiration: number } {
    const id = this.#ofPair(pair);
    if (id === undefined) throw new ModelError(401, 'error authenticating request');
    const expires = Math.floor(this.#now() / 1000) + SESSION_SECONDS;
    const body = Buffer.from(JSON.stringify({ sub: id, exp: expires })).toString('base64url');
    return { token: `${body}.${this.#sign(body)}`, token_expiration: expires };
  }

  wire(id: string): object {
    return { creation_date: Math.floor((this.#user?.since ?? 0) / 1000), email: '', friendly_name: '', id };
  }

  get(id: string): object {
    if (this.#user?.id !== id) throw new ModelError(404, 'user not found');
    return this.wire(id);
  }

  list(): object[] {
    return this.#user === undefined ? [] : [this.wire(this.#user.id)];
  }

  create(id: string): object {
    if (id === '') throw new ModelError(400, 'empty name: validation error');
    if (this.#user !== undefined) throw new ModelError(409, 'Already exists');
    this.#user = { id, since: this.#now() };
    return this.wire(id);
  }

  delete(id: string): void {
    // A server that still remembers the user says that it deleted it (seen on 1.84).
    if (this.#user?.id !== id && this.#recall(`user ${id}`) === undefined) throw new ModelError(404, 'user not found');
    if (this.#user?.id === id) this.#user = undefined;
  }

  createPair(id: string): object {
    if (this.#user?.id !== id) throw new ModelError(404, 'not found');
    if (this.#user.pair !== undefined)
      throw new ModelError(400, 'exceeded number of allowed credentials: invalid request');
    const pair = {
      accessKeyId: `AKIAJ${randomBytes(8).toString('hex').toUpperCase().slice(0, 14)}Q`,
      secretAccessKey: randomBytes(30).toString('base64'),
    };
    this.#user = { ...this.#user, pair };
    return {
      access_key_id: pair.accessKeyId,
      creation_date: Math.floor(this.#now() / 1000),
      secret_access_key: pair.secretAccessKey,
    };
  }

  #ofPair({ accessKeyId, secretAccessKey }: KeyPair): string | undefined {
    const stored = this.#user?.pair;
    const key = `pair ${accessKeyId}`;
    const secret = stored?.accessKeyId === accessKeyId ? stored.secretAccessKey : this.#recall(key);
    if (secret === undefined || !isSame(secretAccessKey, secret)) return undefined;
    const id = this.#user?.id;
    if (stored?.accessKeyId === accessKeyId) this.#remember(key, secret);
    if (id !== undefined) this.#remember(`user ${id}`, id);
    return (
      id ??
      [...this.#remembered].find(([name, { until }]) => name.startsWith('user ') && until > this.#now())?.[1].value
    );
  }

  #ofSession(token: string): string | undefined {
    const [body = '', signature = ''] = token.split('.');
    if (!isSame(signature, this.#sign(body))) return undefined;
    const { sub, exp } = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as { sub: string; exp: number };
    if (exp * 1000 <= this.#now()) return undefined;
    if (this.#user?.id === sub) {
      this.#remember(`user ${sub}`, sub);
      return sub;
    }
    return this.#recall(`user ${sub}`);
  }

  #sign(body: string): string {
    return createHmac('sha256', this.#signing).update(body).digest('base64url');
  }

  /** From the first look on, not from the last one. */
  #remember(key: string, value: string): void {
    if (this.#recall(key) === undefined) this.#remembered.set(key, { value, until: this.#now() + this.#remembersMs });
  }

  #recall(key: string): string | undefined {
    const known = this.#remembered.get(key);
    return known !== undefined && known.until > this.#now() ? known.value : undefined;
  }
}

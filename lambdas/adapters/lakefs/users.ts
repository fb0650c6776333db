/** The users of lakeFS over HTTP, each call in the name that it is given: a key pair, or the session of a login. */
import { type BranchlineError, isBranchlineError } from '../../domain/errors.ts';
import type { KeyPair, LakefsUsers } from '../../rotation-ports.ts';
import { Calls, type Identity, type LakefsOptions } from './calls.ts';
import { errorOf } from './failures.ts';

const read = (what: string) => ({ what, repeatable: true });
/** Each of a repeat's answers means what the first one's did, or is looked at by the caller: see usecases/rotate-credentials.ts. */
const write = (what: string) => ({ what, repeatable: true });
const SESSION_MS = 60 * 60_000;

const unlessRefused = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await call();
  } catch (error) {
    // Not found: a pair that the server remembers of a user that it has not any more (seen on 1.84).
    if (isBranchlineError(error, 'BL3002', 'BL3004')) return undefined;
    throw error;
  }
};

export const createLakefsUsers = (options: Omit<LakefsOptions, 'credentials'>): LakefsUsers => {
  const as = (identity: Identity): Calls => new Calls({ ...options, credentials: { get: async () => identity } });
  const fail = (what: string, refusal: { status: number; message: string }): BranchlineError =>
    errorOf({ kind: 'answer', ...refusal }, what, options.endpoint);

  return {
    async accessControl() {
      // Open to anybody; the header is not looked at.
      const { login_config } = await as({ token: 'none' }).must(read('state of the server'), (api, signal) =>
        api.GET('/setup_lakefs', { signal }),
      );
      return login_config?.RBAC ?? 'unknown';
    },

    login: (pair) =>
      unlessRefused(async () => {
        const body = { access_key_id: pair.accessKeyId, secret_access_key: pair.secretAccessKey };
        const { token, token_expiration } = await as(pair).must(read('login'), (api, signal) =>
          api.POST('/auth/login', { body, signal }),
        );
        const now = (options.now ?? Date.now)();
        return { token, expiresAt: token_expiration === undefined ? now + SESSION_MS : token_expiration * 1000 };
      }),

    userOf: (identity) =>
      unlessRefused(async () => {
        const { user } = await as(identity).must(read('who that is'), (api, signal) => api.GET('/user', { signal }));
        return user.id;
      }),

    async deleteUser(session, user) {
      const what = `deletion of user ${user}`;
      const result = await as(session).ask(write(what), (api, signal) =>
        api.DELETE('/auth/users/{userId}', { params: { path: { userId: user } }, signal }),
      );
      if (result.ok) return 'deleted';
      if (result.refusal.status === 404) return 'absent';
      throw fail(what, result.refusal);
    },

    async createUser(session, user) {
      const what = `creation of user ${user}`;
      const result = await as(session).ask(write(what), (api, signal) =>
        api.POST('/auth/users', { body: { id: user }, signal }),
      );
      if (result.ok) return 'created';
      if (result.refusal.status === 409) return 'exists';
      throw fail(what, result.refusal);
    },

    async createKeyPair(session, user): Promise<KeyPair | 'has-one'> {
      const what = `a key pair for user ${user}`;
      const result = await as(session).ask(write(what), (api, signal) =>
        api.POST('/auth/users/{userId}/credentials', { params: { path: { userId: user } }, signal }),
      );
      if (result.ok) {
        return { accessKeyId: result.data.access_key_id, secretAccessKey: result.data.secret_access_key };
      }
      const { status, message } = result.refusal;
      if (status === 400 && /exceeded number of allowed credentials/i.test(message)) return 'has-one';
      throw fail(what, result.refusal);
    },
  };
};

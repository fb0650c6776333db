/** Users, key pairs, logins. */
import { ModelError } from '../model/types.ts';
import { requiredText } from '../request.ts';
import type { Route } from '../route.ts';

export const USER_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/setup_lakefs',
    handle: async () => ({
      status: 200,
      body: { comm_prefs_missing: true, login_config: { RBAC: 'none', login_url: '' }, state: 'initialized' },
    }),
  },
  {
    method: 'POST',
    path: '/setup_lakefs',
    handle: async () => {
      throw new ModelError(409, 'lakeFS already initialized');
    },
  },
  {
    method: 'POST',
    path: '/auth/login',
    handle: async ({ users, json }) => {
      const body = json() as Record<string, unknown>;
      const pair = {
        accessKeyId: requiredText(body['access_key_id'], 'access_key_id'),
        secretAccessKey: requiredText(body['secret_access_key'], 'secret_access_key'),
      };
      return { status: 200, body: users.login(pair) };
    },
  },
  {
    method: 'GET',
    path: '/user',
    handle: async ({ users, user }) => ({ status: 200, body: { user: users.wire(user) } }),
  },
  {
    method: 'GET',
    path: '/auth/users',
    handle: async ({ users }) => {
      const results = users.list();
      const pagination = { has_more: false, max_per_page: 0, next_offset: '', results: results.length };
      return { status: 200, body: { pagination, results } };
    },
  },
  {
    method: 'POST',
    path: '/auth/users',
    handle: async ({ users, json }) => ({
      status: 201,
      body: users.create(requiredText((json() as Record<string, unknown>)['id'], 'id')),
    }),
  },
  {
    method: 'GET',
    path: '/auth/users/:user',
    handle: async ({ users, params }) => ({ status: 200, body: users.get(params['user'] ?? '') }),
  },
  {
    method: 'DELETE',
    path: '/auth/users/:user',
    handle: async ({ users, params }) => {
      users.delete(params['user'] ?? '');
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: '/auth/users/:user/credentials',
    handle: async () => {
      throw new ModelError(501, 'Not Implemented');
    },
  },
  {
    method: 'POST',
    path: '/auth/users/:user/credentials',
    handle: async ({ users, params }) => ({ status: 201, body: users.createPair(params['user'] ?? '') }),
  },
];

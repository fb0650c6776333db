/** What a server says about itself. */
import { LAKEFS_VERSION } from '../../../lambdas/contract.ts';
import type { Route } from '../route.ts';

const VERSION = `${LAKEFS_VERSION}-emulator`;

const storage = (type: string) => ({
  blockstore_type: type,
  blockstore_description: '',
  blockstore_id: '',
  blockstore_namespace_example: `${type}://example-bucket/`,
  blockstore_namespace_ValidityRegex: `^${type}://`,
  default_namespace_prefix: '',
  import_support: false,
  import_validity_regex: `^${type}://`,
  pre_sign_support: true,
  pre_sign_support_ui: false,
  pre_sign_multipart_upload: false,
});

export const SERVER_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/healthcheck', handle: async () => ({ status: 204 }) },
  {
    method: 'GET',
    path: '/config/version',
    handle: async () => ({ status: 200, body: { version: VERSION, version_context: 'lakeFS' } }),
  },
  {
    method: 'GET',
    path: '/config/storage',
    handle: async ({ blockstoreType }) => ({ status: 200, body: storage(blockstoreType) }),
  },
  {
    method: 'GET',
    path: '/config',
    handle: async ({ blockstoreType }) => ({
      status: 200,
      body: {
        version_config: { version: VERSION, version_context: 'lakeFS' },
        storage_config: storage(blockstoreType),
        storage_config_list: [],
        ui_config: {},
        capabilities_config: {},
      },
    }),
  },
];

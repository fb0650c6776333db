/** The API's operations: method and path → what the model does → status and body. */
import type { Route } from './route.ts';
import { COMMIT_ROUTES } from './routes/commits.ts';
import { DIFF_ROUTES } from './routes/diffs.ts';
import { OBJECT_ROUTES } from './routes/objects.ts';
import { REF_ROUTES } from './routes/refs.ts';
import { REPOSITORY_ROUTES } from './routes/repositories.ts';
import { SERVER_ROUTES } from './routes/server.ts';
import { STAGING_ROUTES } from './routes/staging.ts';
import { USER_ROUTES } from './routes/users.ts';

export const ROUTES: readonly Route[] = [
  ...SERVER_ROUTES,
  ...REPOSITORY_ROUTES,
  ...REF_ROUTES,
  ...COMMIT_ROUTES,
  ...DIFF_ROUTES,
  ...OBJECT_ROUTES,
  ...STAGING_ROUTES,
  ...USER_ROUTES,
];

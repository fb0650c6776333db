/**
 * The admin is made before the server accepts its first request: by a container of the same task that has to succeed before the
 * one of the server starts. A fresh lakeFS on PostgreSQL or DynamoDB belongs to whoever calls its set-up first.
 *
 * Tried on lakeFS 1.84: set-up that was done before ends with code 1 and says so, which is success here, also for the one of two
 * first tasks that comes second and after a restore. Without a key pair lakeFS would make one of its own and succeed: refused
 * before. Killed while it makes the user, it cannot be completed by anybody: the task fails, and the runbook says what to do. What
 * set-up prints holds the key pair and is thrown away; of a failure only the line is told that names its cause.
 */

/** What the container of the set-up is given beside the settings of the server. Not `LAKEFS_…`: no setting of lakeFS. */
export const SETUP_ENV = { accessKeyId: 'SETUP_ACCESS_KEY_ID', secretAccessKey: 'SETUP_SECRET_ACCESS_KEY' } as const;

export const ADMIN = 'admin';

const TRIES = 10;
const PAUSE_SECONDS = 5;

/** For a POSIX shell; the image brings `lakefs` in /app. */
export const FIRST_START = `
set -eu
PATH="$PATH:/app"
: "\${${SETUP_ENV.accessKeyId}:?is empty}" "\${${SETUP_ENV.secretAccessKey}:?is empty}" "\${LAKEFS_AUTH_ENCRYPT_SECRET_KEY:?is empty}"
try=1
while :; do
  if said=$(lakefs setup --user-name ${ADMIN} --access-key-id "$${SETUP_ENV.accessKeyId}" --secret-access-key "$${SETUP_ENV.secretAccessKey}" 2>&1); then
    echo 'first start: the admin is made'
    exit 0
  fi
  case $said in
    *'Setup is already complete.'*)
      echo 'first start: the admin was there'
      exit 0 ;;
    *"$${SETUP_ENV.secretAccessKey}"* | *"\${PGPASSWORD:-no password is used}"* | *secret_access_key:*)
      cause='the cause holds a secret and is withheld' ;;
    *)
      cause=$(printf '%s\\n' "$said" | grep -v '^{' | tail -n 1) ;;
  esac
  echo "first start: try $try of ${String(TRIES)} failed: $cause" >&2
  [ "$try" -lt ${String(TRIES)} ] || exit 1
  try=$((try + 1))
  sleep \${SETUP_PAUSE_SECONDS:-${String(PAUSE_SECONDS)}}
done
`.trim();

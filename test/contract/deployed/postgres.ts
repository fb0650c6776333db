/** A PostgreSQL as the stack makes it: TLS or nothing, one user with a password. From the packages of the system. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../local/guarded.ts';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
const folders = [
  ...(existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : []),
  ...(process.env['PATH'] ?? '').split(':'),
];
/** Folder of the programs of PostgreSQL; `undefined` where they are not installed. */
export const POSTGRES = folders.find((folder) => existsSync(join(folder, 'initdb')));

/** PostgreSQL refuses to run as root, and as somebody whom the system does not know: `nobody`. */
export const UNPRIVILEGED: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Gives a path to who runs what a test starts. */
export const giveAway = (path: string): void => {
  const { uid, gid } = UNPRIVILEGED;
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
};

export interface Postgres {
  readonly port: number;
  createDatabase(name: string): Promise<void>;
  /** Another database with the content of the first: what a snapshot gives. */
  copyDatabase(from: string, to: string): Promise<void>;
  close(): Promise<void>;
}

export const startPostgres = async (user: string, password: string): Promise<Postgres> => {
  if (POSTGRES === undefined) throw new Error('PostgreSQL is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'branchline-postgres-'));
  giveAway(folder);
  const data = join(folder, 'data');
  const program = (name: string): string => join(POSTGRES, name);
  execFileSync(program('initdb'), ['-D', data, '-U', user, '--auth=trust', '-E', 'UTF8'], {
    ...UNPRIVILEGED,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  const [key, certificate] = [join(folder, 'server.key'), join(folder, 'server.crt')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  chmodSync(key, 0o600);
  for (const path of [key, certificate]) giveAway(path);
  const port = await freePort();
  writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n');
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    ssl: 'on',
    ssl_key_file: key,
    ssl_cert_file: certificate,
    fsync: 'off',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(program('postgres'), ['-D', data, ...options], { ...UNPRIVILEGED, stdio: 'ignore' });
  const sql = (text: string): Promise<unknown> =>
    run(program('psql'), ['-h', folder, '-p', String(port), '-U', user, '-qc', text, 'postgres']);
  const until = Date.now() + 30_000;
  const setPassword = async (): Promise<void> => {
    try {
      await sql(`alter user ${user} password '${password}'`);
    } catch (error) {
      if (Date.now() > until || server.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
      await setPassword();
    }
  };
  await setPassword();
  return {
    port,
    createDatabase: async (name) => void (await sql(`create database ${name}`)),
    copyDatabase: async (from, to) => void (await sql(`create database ${to} template ${from}`)),
    async close() {
      if (server.exitCode === null) {
        server.kill('SIGQUIT');
        await once(server, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

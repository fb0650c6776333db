/** The Python of the local environment: `.local/venv` with the pinned packages of `requirements.txt`. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOCAL, VENV } from './paths.ts';
import type { Progress } from './progress.ts';

const run = promisify(execFile);
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
/** Tells which requirements the folder holds, so that a change of them installs again. */
const STAMP = join(VENV, 'branchline-requirements.sha256');
const OLDEST = [3, 10] as const;
const CANDIDATES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'] as const;

interface Found {
  readonly command: string;
  readonly version: string;
}

const versionOf = async (command: string): Promise<string | undefined> => {
  const answer = await run(command, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])']).catch(
    () => undefined,
  );
  return answer?.stdout.trim();
};

const newEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
};

/** @throws where no Python of at least 3.10 is found; the message says which were seen and what to do. */
const findPython = async (): Promise<Found> => {
  const chosen = process.env.BRANCHLINE_PYTHON;
  const seen: string[] = [];
  for (const command of chosen === undefined ? CANDIDATES : [chosen]) {
    const version = await versionOf(command);
    if (version !== undefined && newEnough(version)) return { command, version };
    seen.push(version === undefined ? `${command}: not found or does not run` : `${command}: ${version}`);
  }
  throw new Error(
    `The local AWS is a Python program and needs Python ${OLDEST.join('.')} or newer. Seen: ${seen.join('; ')}. ` +
      'Install Python (Debian: apt-get install python3 python3-venv), or name one in BRANCHLINE_PYTHON.',
  );
};

const complaint = (error: unknown): string => {
  const { stderr, stdout, message } = error as { stderr?: string; stdout?: string; message: string };
  const text = `${stdout ?? ''}\n${stderr ?? ''}`.trim();
  return (text === '' ? message : text).split('\n').slice(-12).join('\n');
};

/**
 * Path of the venv's `bin` folder, installed first where it is missing or holds other versions.
 * @throws with what pip or venv said.
 */
export const ensurePython = async (progress: Progress): Promise<string> => {
  const bin = join(VENV, 'bin');
  const wanted = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex');
  const installed = await readFile(STAMP, 'utf8').catch(() => undefined);
  if (installed === wanted && (await versionOf(join(bin, 'python3'))) !== undefined) return bin;

  const python = await findPython();
  progress.step(`installing the local AWS into .local/venv (Python ${python.version}, once)`);
  await rm(VENV, { recursive: true, force: true });
  await mkdir(LOCAL, { recursive: true });
  await run(python.command, ['-m', 'venv', VENV]).catch((error: unknown) => {
    throw new Error(
      `\`${python.command} -m venv\` failed (on Debian the package python3-venv brings it):\n${complaint(error)}`,
    );
  });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  await run(join(bin, 'python3'), pip, { maxBuffer: 16 * 1024 * 1024 }).catch((error: unknown) => {
    throw new Error(`pip could not install ${REQUIREMENTS}; is a package index reachable?\n${complaint(error)}`);
  });
  await writeFile(STAMP, wanted);
  progress.done('installed the local AWS');
  return bin;
};

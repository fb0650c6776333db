/** Where the local environment keeps what it makes. Everything lies below `.local/`, which git ignores. */
import { join } from 'node:path';

export const PROJECT = join(import.meta.dirname, '..');
export const LOCAL = join(PROJECT, '.local');

/** Machine-readable description of the environment that runs; see `state.ts`. */
export const STATE_FILE = join(LOCAL, 'state.json');
/** Python with the local AWS and what the jobs import. */
export const VENV = join(LOCAL, 'venv');
/** Logs of the last environment of each kind (`up`, `demo`, `test` and `test-2`). */
export const logDirectory = (label: string): string => join(LOCAL, 'logs', label);
/** Scratch folder of one environment: deleted when it ends. */
export const scratchDirectory = (label: string): string => join(LOCAL, `scratch-${label}-${String(process.pid)}`);

export const NODE_BIN = join(PROJECT, 'node_modules', '.bin');

#!/usr/bin/env node
/**
 * The CLI for whatever Node is at hand: plain JavaScript, which each can read. TypeScript wants Node 22.18 or newer; an older
 * one hands over to the Node that `npm ci` brought.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const brought = here('../node_modules/node/bin/node');

if (process.features.typescript) {
  await import('./branchline.ts');
} else if (existsSync(brought)) {
  const { status, signal } = spawnSync(brought, [here('./branchline.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  if (signal !== null) process.kill(process.pid, signal);
  process.exitCode = status ?? 1;
} else {
  console.error(
    `branchline: this is Node ${process.version}; it takes 22.18 or newer. \`npm ci\` brings one, and \`npx branchline\` uses it.`,
  );
  process.exitCode = 1;
}

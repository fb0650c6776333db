import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../docs/generate/files.ts';
import { FUNCTION } from '../../../lambdas/contract.ts';
import { ALLOWED } from '../../../lambdas/domain/transitions.ts';

const page = readFileSync(join(PROJECT, 'docs', 'architecture.md'), 'utf8');

test('the picture of the states shows every change that is allowed, and no other', () => {
  const [, diagram = ''] = /```mermaid\n([\s\S]*?)```/.exec(page) ?? [];
  const drawn = [...diagram.matchAll(/^ {2}([A-Z_]+) --> ([A-Z_]+)/gm)].map(([, from, to]) => `${from} ${to}`);
  const allowed = Object.entries(ALLOWED).flatMap(([from, all]) => all.map((to) => `${from} ${to}`));
  expect(drawn.toSorted()).toEqual(allowed.toSorted());
});

test('every function is in the page', () => {
  for (const name of Object.values(FUNCTION)) expect(page).toContain(name);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../docs/generate/files.ts';
import { FUNCTION } from '../../../lambdas/contract.ts';
import { ACCESS } from '../../../lib/stacks/access.ts';

const ACTION = {
  job: 'GetJob',
  run: 'GetJobRun',
  runs: 'GetJobRuns',
  start: 'StartJobRun',
  rewind: 'ResetJobBookmark',
} as const;

test('the table of rights says what the stack gives', () => {
  const page = readFileSync(join(PROJECT, 'docs', 'threat-model.md'), 'utf8');
  const [, table = ''] = /## What each function may do([\s\S]*?)\n## /.exec(page) ?? [];
  const told = new Map(
    [...table.matchAll(/^\|([a-z, -]+)\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm)].flatMap(
      ([, names = '', ledger = '', glue = '', besides = '']) =>
        names.split(', ').map((name) => [name.trim(), { ledger, glue, besides }] as const),
    ),
  );
  for (const name of Object.values(FUNCTION)) {
    const { ledger, glue, wakes, gauges } = ACCESS[name];
    const row = told.get(name);
    if (name !== 'publish-events') expect(row?.ledger.trim(), name).toBe(ledger.join(', '));
    expect(row?.glue.trim(), name).toBe(glue.map((kind) => ACTION[kind]).join(', '));
    expect(row?.besides.includes('sending wake-ups'), name).toBe(wakes);
    expect(row?.besides.includes('counting what lies in the queues'), name).toBe(gauges);
  }
});

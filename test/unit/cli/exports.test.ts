/** What a person reads of exports. */
import { describe, expect, test } from 'vitest';
import { exportTable } from '../../../cli/views/export-table.ts';
import type { ExportRun } from '../../../lambdas/domain/export.ts';
import type { ExportStatus } from '../../../lambdas/usecases/look-at-export.ts';

const plain = { columns: 200, styleOut: (_: unknown, text: string) => text } as never;
const status = (run: Partial<ExportRun>): ExportStatus => ({
  ...{ name: 'whole', repository: 'lake', ref: 'main', destination: 's3://out/lake', trigger: 'manual' },
  state: 'running',
  record: {
    ...{ schemaVersion: 1, version: 3, name: 'whole', sequence: 1, updatedAt: 0 },
    run: {
      ...{ id: '000001-abc', digest: 'd', mode: 'compare', to: 'abc', startedAt: 0, phase: 'map' },
      ...{ parts: 4, copied: 12, removed: 0, kept: 0, bytes: 5 },
      ...run,
    },
  },
});

describe('an export that many workers copy', () => {
  test.each<[Partial<ExportRun>, string]>([
    [{ execution: { name: 'n', startedAt: 0 } }, 'map: 12 copied'],
    [{ execution: { name: 'n', startedAt: 0, engine: 'spark' } }, 'spark: 12 copied'],
    [{ phase: 'plan', execution: { name: 'n', startedAt: 0, engine: 'spark' } }, 'plan: 12 copied'],
  ])('says who does: %j', (run, note) => {
    expect(exportTable(plain, [status(run)])).toContain(note);
  });
});

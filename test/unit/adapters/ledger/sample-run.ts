/** A run for tests of the ledger. */
import type { Run } from '../../../../lambdas/domain/run.ts';

export const sampleRun = (changes: Partial<Run> = {}): Run => ({
  schemaVersion: 1,
  version: 1,
  state: 'OPEN',
  runId: 'r1x',
  attempt: 0,
  job: 'nightly',
  pipeline: 'sales',
  repository: 'lake',
  target: 'main',
  branch: 'run-nightly-r1x',
  baseCommit: 'b'.repeat(64),
  openedAt: Date.parse('2026-11-24T15:04:05.678Z'),
  updatedAt: Date.parse('2026-11-24T15:04:05.678Z'),
  rerunNumber: 0,
  branchDeleted: false,
  steps: [],
  ...changes,
});

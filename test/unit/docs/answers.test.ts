/** The schemas of answers are the types of answers: this file does not compile where they part. */
import { expect, test } from 'vitest';
import type * as z from 'zod/mini';
import type { ANSWERS } from '../../../docs/generate/schemas.ts';
import type { Commit } from '../../../lambdas/domain/lakefs.ts';
import type { Rollback } from '../../../lambdas/domain/rollback.ts';
import type { Run } from '../../../lambdas/domain/run.ts';
import type { Snapshot } from '../../../lambdas/domain/snapshot.ts';
import type { Target } from '../../../lambdas/domain/target.ts';
import type { Check, ClaimRunAnswer } from '../../../lambdas/payloads.ts';
import type { CatalogAnswer } from '../../../lambdas/usecases/catalog.ts';
import type { CollectGarbageAnswer } from '../../../lambdas/usecases/collect-garbage.ts';
import type { DrillAnswer } from '../../../lambdas/usecases/drill.ts';
import type { EraseAnswer } from '../../../lambdas/usecases/erase.ts';
import type { ExportAnswer } from '../../../lambdas/usecases/export.ts';
import type { InspectAnswer, RunDetails } from '../../../lambdas/usecases/inspect.ts';
import type { ReplicationAnswer } from '../../../lambdas/usecases/replication.ts';
import type { ResolveAnswer } from '../../../lambdas/usecases/resolve-run.ts';
import type { RestoreAnswer } from '../../../lambdas/usecases/restore.ts';
import type { RollbackAnswer } from '../../../lambdas/usecases/rollback.ts';
import type { RollbackEffect } from '../../../lambdas/usecases/rollback-effect.ts';
import type { RotationAnswer } from '../../../lambdas/usecases/rotation-command.ts';
import type { SnapshotAnswer } from '../../../lambdas/usecases/snapshot.ts';
import type { StartAnswer } from '../../../lambdas/usecases/start-run.ts';

/** Each fits the other, and none has a field that the other lacks, be it an optional one. */
type Same<A, B> = [A, B, keyof A, keyof B] extends [B, A, keyof B, keyof A] ? true : false;
type Answer<Name extends keyof typeof ANSWERS> = z.infer<(typeof ANSWERS)[Name]>;
type Of<Key extends PropertyKey> = Extract<Answer<'inspect'>, Record<Key, unknown>>;
type Details = Of<'attempts'>['attempts'][number];

test('every answer, and what it is made of', () => {
  const same = {
    run: true satisfies Same<Details['run'], Run>,
    steps: true satisfies Same<Details['run']['steps'][number], Run['steps'][number]>,
    clashes: true satisfies Same<NonNullable<Details['run']['clashes']>[number], NonNullable<Run['clashes']>[number]>,
    commit: true satisfies Same<Details['commits'][number], Commit>,
    details: true satisfies Same<Details, RunDetails>,
    target: true satisfies Same<Of<'targets'>['targets'][number], Target>,
    check: true satisfies Same<Of<'checks'>['checks'][number], Check>,
    inspect: true satisfies Same<Answer<'inspect'>, InspectAnswer>,
    startRun: true satisfies Same<Answer<'start-run'>, StartAnswer>,
    claimRun: true satisfies Same<Answer<'claim-run'>, ClaimRunAnswer>,
    catalog: true satisfies Same<Answer<'catalog'>, CatalogAnswer>,
    restore: true satisfies Same<Answer<'restore'>, RestoreAnswer>,
    collectGarbage: true satisfies Same<Answer<'collect-garbage'>, CollectGarbageAnswer>,
    drill: true satisfies Same<Answer<'drill'>, DrillAnswer>,
    erase: true satisfies Same<Answer<'erase'>, EraseAnswer>,
    replication: true satisfies Same<Answer<'replication'>, ReplicationAnswer>,
    export: true satisfies Same<Answer<'export'>, ExportAnswer>,
    rotation: true satisfies Same<Answer<'rotate-credentials'>, RotationAnswer>,
    rollback: true satisfies Same<Answer<'rollback'>['rollback'], Rollback>,
    effect: true satisfies Same<NonNullable<Answer<'rollback'>['effect']>, RollbackEffect>,
    rollbackAnswer: true satisfies Same<Answer<'rollback'>, RollbackAnswer>,
    snapshot: true satisfies Same<Answer<'snapshot'>, SnapshotAnswer>,
    snapshotEntry: true satisfies Same<Extract<Answer<'snapshot'>, { outcome: 'created' }>['snapshot'], Snapshot>,
    resolveRun: true satisfies Same<Answer<'resolve-run'>, ResolveAnswer>,
  };
  expect(Object.values(same)).not.toContain(false);
});

/** The functions that operators use, by what they do. Requests and answers as in docs/functions.md. */
import { FUNCTION, type FunctionName } from '../lambdas/contract.ts';
import { askingOf, type RequestRecord } from '../lambdas/domain/request.ts';
import type { RestoreRecord } from '../lambdas/domain/restore.ts';
import type { Rollback } from '../lambdas/domain/rollback.ts';
import type { Run, RunState } from '../lambdas/domain/run.ts';
import type { Target } from '../lambdas/domain/target.ts';
import type {
  CatalogRequest,
  Check,
  CollectGarbageRequest,
  DrillRequest,
  EraseRequest,
  InspectRequest,
  ReplicationRequest,
  ResolveRunRequest,
  RestoreRequest,
  RollbackRequest,
  RotateCredentialsRequest,
  SnapshotRequest,
  StartRunRequest,
} from '../lambdas/payloads.ts';
import type {
  PreviewsAnswer,
  RepairAnswer,
  StatusAnswer,
  VerifyAnswer,
  WakeAnswer,
} from '../lambdas/usecases/catalog.ts';
import type { AtAnswer } from '../lambdas/usecases/catalog-at.ts';
import type { SwitchAnswer } from '../lambdas/usecases/catalog-switch.ts';
import type { TableChoice } from '../lambdas/usecases/catalog-tables.ts';
import type { CollectGarbageAnswerTo } from '../lambdas/usecases/collect-garbage.ts';
import type { DrillAnswerTo } from '../lambdas/usecases/drill.ts';
import type { DropAnswer } from '../lambdas/usecases/drop-preview.ts';
import type { EraseAnswerTo } from '../lambdas/usecases/erase.ts';
import type { RunDetails } from '../lambdas/usecases/inspect.ts';
import type {
  ExportStatus,
  VerifyAnswer as ExportVerification,
  PlanAnswer,
} from '../lambdas/usecases/look-at-export.ts';
import type { PreviewAnswer } from '../lambdas/usecases/make-preview.ts';
import type { ReplicationAnswerTo } from '../lambdas/usecases/replication.ts';
import type { ResolveAnswer } from '../lambdas/usecases/resolve-run.ts';
import type { RestoreAnswer } from '../lambdas/usecases/restore.ts';
import type { RollbackAnswer } from '../lambdas/usecases/rollback.ts';
import type { RotationAnswer } from '../lambdas/usecases/rotation-command.ts';
import type { RunExportAnswer } from '../lambdas/usecases/run-export.ts';
import type { SnapshotAnswerTo } from '../lambdas/usecases/snapshot.ts';
import type { StartAnswer } from '../lambdas/usecases/start-run.ts';
import type { Connection } from './connection.ts';
import { Failure } from './failure.ts';

export interface RunQuery {
  readonly states?: readonly RunState[];
  readonly job?: string;
  readonly repository?: string;
  readonly target?: string;
  readonly limit?: number;
}

type CatalogOf<A extends CatalogRequest['action']> = Extract<CatalogRequest, { action: A }>;
export interface RollbackQuery {
  readonly repository?: string;
  readonly target?: string;
  readonly unfinished?: boolean;
  readonly limit?: number;
}

export interface ExportChoice {
  readonly export: string;
  readonly compare?: boolean;
  readonly adopt?: boolean;
}

export interface Deployment {
  runs(query: RunQuery): Promise<{ readonly runs: readonly Run[] }>;
  /** @throws Failure BL1004 where there is no such run or attempt. */
  run(runId: string, attempt?: number): Promise<{ readonly attempts: readonly RunDetails[] }>;
  targets(): Promise<{ readonly targets: readonly Target[] }>;
  doctor(options: { readonly readOnly: boolean }): Promise<{ readonly checks: readonly Check[] }>;
  start(request: StartRunRequest): Promise<StartAnswer>;
  resolve(request: ResolveRunRequest): Promise<ResolveAnswer>;
  snapshot<Request extends SnapshotRequest>(request: Request): Promise<SnapshotAnswerTo<Request['action']>>;
  collectGarbage<Request extends CollectGarbageRequest>(
    request: Request,
  ): Promise<CollectGarbageAnswerTo<Request['action']>>;
  drill<Request extends DrillRequest>(request: Request): Promise<DrillAnswerTo<Request['action']>>;
  erase<Request extends EraseRequest>(request: Request): Promise<EraseAnswerTo<Request['action']>>;
  replication<Request extends Exclude<ReplicationRequest, { action: 'tend' }>>(
    request: Request,
  ): Promise<ReplicationAnswerTo<Request['action']>>;
  readonly exports: {
    list(): Promise<{ readonly exports: readonly ExportStatus[] }>;
    run(choice: ExportChoice): Promise<RunExportAnswer>;
    plan(choice: ExportChoice): Promise<PlanAnswer>;
    verify(choice: Pick<ExportChoice, 'export'>): Promise<ExportVerification>;
  };
  readonly catalog: {
    status(tables: TableChoice): Promise<StatusAnswer>;
    refresh(tables: TableChoice & { readonly dryRun?: boolean }): Promise<WakeAnswer>;
    verify(tables: TableChoice): Promise<VerifyAnswer>;
    repair(tables: TableChoice & { readonly dryRun?: boolean }): Promise<RepairAnswer>;
    preview(request: Omit<CatalogOf<'preview'>, 'action'>): Promise<PreviewAnswer>;
    at(request: Omit<CatalogOf<'at'>, 'action'>): Promise<AtAnswer>;
    switch(request: Omit<CatalogOf<'switch'>, 'action'>): Promise<SwitchAnswer>;
    previews(): Promise<PreviewsAnswer>;
    dropPreview(request: Omit<CatalogOf<'drop-preview'>, 'action'>): Promise<DropAnswer>;
  };
  rotate(request: RotateCredentialsRequest): Promise<RotationAnswer>;
  restore(request: RestoreRequest): Promise<RestoreAnswer>;
  rollBack(request: RollbackRequest): Promise<RollbackAnswer>;
  rollbacks(query: RollbackQuery): Promise<{ readonly rollbacks: readonly Rollback[] }>;
  restores(query: {
    readonly repository?: string;
    readonly limit?: number;
  }): Promise<{ readonly restores: readonly RestoreRecord[] }>;
  requests(query: {
    readonly repository?: string;
    readonly target?: string;
    readonly limit?: number;
  }): Promise<{ readonly requests: readonly RequestRecord[] }>;
  /** By its id or the beginning of it. @throws Failure BL8408 where there is none. */
  restored(id: string): Promise<{ readonly restore: RestoreRecord }>;
  /** @throws Failure BL1007 where there is none. */
  rollback(id: string): Promise<{ readonly rollback: Rollback }>;
}

/** @param asker whoever asks; called only for what is written down. */
export const deploymentOf = (connection: Connection, asker: () => Promise<string>): Deployment => {
  /** @param key what every answer to this request holds: another version may answer otherwise. */
  const ask = async <T extends object>(name: FunctionName, request: unknown, key: keyof T & string): Promise<T> => {
    const answer = await connection.invoke(name, request);
    if (typeof answer === 'object' && answer !== null && key in answer) return answer as T;
    throw new Failure(
      'BL5001',
      `${name} answered without "${key}": ${JSON.stringify(answer)?.slice(0, 200) ?? 'nothing'}`,
      {
        remedy: 'Deployment and command line are of different versions: see `branchline doctor`.',
      },
    );
  };
  /** The functions that write down who asked. */
  const askAsSomebody = async <T extends object>(
    name: FunctionName,
    request: { readonly action: string; readonly requestedBy?: string | undefined; readonly [key: string]: unknown },
    key: keyof T & string,
  ): Promise<T> => {
    const isTold = askingOf(name, request) === undefined || request.requestedBy !== undefined;
    return ask(name, isTold ? request : { ...request, requestedBy: await asker() }, key);
  };
  const inspect = <T extends object>(request: InspectRequest, key: keyof T & string): Promise<T> =>
    ask<T>(FUNCTION.inspect, request, key);
  const askCatalog = <T extends object>(request: CatalogRequest, key: keyof T & string): Promise<T> =>
    askAsSomebody<T>(FUNCTION.catalog, request, key);

  return {
    runs: ({ states, ...query }) =>
      inspect({ query: 'runs', ...query, ...(states === undefined ? {} : { states: [...states] }) }, 'runs'),
    run: async (runId, attempt) => {
      const answer = await inspect<{ attempts: readonly RunDetails[] }>(
        { query: 'run', runId, ...(attempt === undefined ? {} : { attempt }) },
        'attempts',
      );
      if (answer.attempts.length > 0) return answer;
      const which = attempt === undefined ? '' : `, attempt ${String(attempt)}`;
      throw new Failure('BL1004', `the ledger knows no run "${runId}"${which}`, { data: { runId, attempt } });
    },
    targets: () => inspect({ query: 'targets' }, 'targets'),
    doctor: ({ readOnly }) => inspect({ query: 'doctor', ...(readOnly ? { readOnly } : {}) }, 'checks'),
    start: (request) => ask(FUNCTION.startRun, request, 'run'),
    resolve: (request) => askAsSomebody(FUNCTION.resolveRun, request, 'outcome'),
    snapshot: (request) => askAsSomebody(FUNCTION.snapshot, request, 'outcome'),
    collectGarbage: (request) => askAsSomebody(FUNCTION.collectGarbage, request, 'outcome'),
    drill: (request) => askAsSomebody(FUNCTION.drill, request, 'outcome'),
    erase: (request) => askAsSomebody(FUNCTION.erase, request, 'outcome'),
    replication: (request) => askAsSomebody(FUNCTION.replication, request, 'outcome'),
    exports: {
      list: () => ask(FUNCTION.export, { action: 'list' }, 'exports'),
      run: (choice) => askAsSomebody(FUNCTION.export, { action: 'run', ...choice }, 'outcome'),
      plan: (choice) => askAsSomebody(FUNCTION.export, { action: 'run', dryRun: true, ...choice }, 'outcome'),
      verify: (choice) => ask(FUNCTION.export, { action: 'verify', ...choice }, 'outcome'),
    },
    catalog: {
      status: (tables) => askCatalog({ action: 'status', ...tables }, 'tables'),
      refresh: (tables) => askCatalog({ action: 'refresh', ...tables }, 'outcome'),
      verify: (tables) => askCatalog({ action: 'verify', ...tables }, 'verified'),
      repair: (tables) => askCatalog({ action: 'repair', ...tables }, 'askedAt'),
      preview: (request) => askCatalog({ action: 'preview', ...request }, 'preview'),
      at: (request) => askCatalog({ action: 'at', ...request }, 'at'),
      switch: (request) => askCatalog({ action: 'switch', ...request }, 'switches'),
      previews: () => askCatalog({ action: 'previews' }, 'previews'),
      dropPreview: (request) => askCatalog({ action: 'drop-preview', ...request }, 'preview'),
    },
    // These two keep entries of their own about who asked.
    restore: async (request) => ask(FUNCTION.restore, { ...request, requestedBy: await asker() }, 'outcome'),
    rotate: async (request) =>
      ask(
        FUNCTION.rotateCredentials,
        request.action === 'rotate' ? { ...request, by: await asker() } : request,
        'outcome',
      ),
    rollBack: (request) => ask(FUNCTION.rollback, request, 'rollback'),
    rollbacks: (query) => inspect({ query: 'rollbacks', ...query }, 'rollbacks'),
    restores: (query) => inspect({ query: 'restores', ...query }, 'restores'),
    requests: (query) => inspect({ query: 'requests', ...query }, 'requests'),
    restored: (id) => inspect({ query: 'restore', restore: id }, 'restore'),
    rollback: (id) => inspect({ query: 'rollback', rollback: id }, 'rollback'),
  };
};

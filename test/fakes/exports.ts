/** Destinations, the ledger's entries about exports and their queue in memory. */
import type { CompiledConfig, ExportConfig } from '../../lambdas/contract.ts';
import { BranchlineError } from '../../lambdas/domain/errors.ts';
import { type ExportRecord, keyOf, OWN_PREFIX } from '../../lambdas/domain/export.ts';
import type {
  CopySource,
  Destination,
  DestinationObject,
  ExecutionRef,
  ExportEngine,
  ExportPorts,
  ExportQueue,
  Exports,
  MapOrder,
  MapState,
  Place,
  SparkOrder,
} from '../../lambdas/export-ports.ts';
import { type CatalogWorld, makeCatalogWorld } from './catalog.ts';

interface Stored {
  readonly content: string;
  readonly checksum?: string;
}

export class FakeDestination implements Destination {
  /** By `bucket/key`. */
  readonly objects = new Map<string, Stored>();
  readonly calls: string[] = [];
  /** Addresses whose object is gone. */
  readonly gone = new Set<string>();
  readonly #contentAt: (address: string) => string;
  constructor(contentAt: (address: string) => string) {
    this.#contentAt = contentAt;
  }
  async copy(source: CopySource, { bucket }: Place, key: string): Promise<{ etag: string }> {
    this.calls.push('copy');
    if (this.gone.has(source.address)) throw new BranchlineError('BL9003', `${source.address} is not there`);
    this.objects.set(`${bucket}/${key}`, { content: this.#contentAt(source.address), checksum: source.checksum });
    return { etag: 'opaque' };
  }
  async put({ bucket }: Place, key: string, content: string): Promise<void> {
    this.calls.push('put');
    this.objects.set(`${bucket}/${key}`, { content });
  }
  async get({ bucket }: Place, key: string): Promise<string | undefined> {
    this.calls.push('get');
    return this.objects.get(`${bucket}/${key}`)?.content;
  }
  async *list({ bucket }: Place, prefix: string, after?: string): AsyncIterable<DestinationObject> {
    this.calls.push('list');
    const found = [...this.objects]
      .filter(([at]) => at.startsWith(`${bucket}/${prefix}`))
      .map(([at, { content }]) => ({ key: at.slice(bucket.length + 1), sizeBytes: content.length, etag: 'opaque' }))
      .filter(({ key }) => after === undefined || key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    yield* found;
  }
  async checksumOf({ bucket }: Place, key: string): Promise<string | undefined> {
    this.calls.push('head');
    return this.objects.get(`${bucket}/${key}`)?.checksum;
  }
  async remove({ bucket }: Place, keys: readonly string[]): Promise<void> {
    this.calls.push('remove');
    if (keys.length > 1000) throw new Error(`${String(keys.length)} keys in one call`);
    for (const key of keys) this.objects.delete(`${bucket}/${key}`);
  }
}

export class FakeExports implements Exports {
  readonly entries = new Map<string, ExportRecord>();
  async get(name: string): Promise<ExportRecord | undefined> {
    return structuredClone(this.entries.get(name));
  }
  async put(
    next: ExportRecord,
  ): Promise<{ outcome: 'written' } | { outcome: 'stale'; record: ExportRecord | undefined }> {
    const stored = this.entries.get(next.name);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', record: structuredClone(stored) };
    this.entries.set(next.name, structuredClone(next));
    return { outcome: 'written' };
  }
}

export class FakeExportQueue implements ExportQueue {
  readonly woken: string[] = [];
  async wake(name: string): Promise<void> {
    this.woken.push(name);
  }
  async wakeTarget({ repository, branch }: { repository: string; branch: string }): Promise<void> {
    this.woken.push(`${repository}/${branch}`);
  }
}

class FakeEngine<Order> implements ExportEngine<Order> {
  readonly executions = new Map<string, { readonly order: Order; state: MapState }>();
  async start({ name }: ExecutionRef, order: Order): Promise<'started' | 'taken'> {
    const found = this.executions.get(name);
    if (found !== undefined) return found.state.state === 'running' ? 'started' : 'taken';
    this.executions.set(name, { order, state: { state: 'running' } });
    return 'started';
  }
  async look({ name }: ExecutionRef): Promise<MapState | undefined> {
    return this.executions.get(name)?.state;
  }
  async stop({ name }: ExecutionRef): Promise<void> {
    this.end(name, 0, 'ABORTED');
  }
  end(name: string, endedAt: number, said: string): void {
    const found = this.executions.get(name);
    if (found?.state.state === 'running') found.state = { state: 'ended', endedAt, said };
  }
}
export class FakeExportMaps extends FakeEngine<MapOrder> {}
export class FakeExportJobs extends FakeEngine<SparkOrder> {}

export const EXPORT: ExportConfig = {
  ...{ name: 'plain', repository: 'lake', target: 'main', bucket: 'out', prefix: 'lake/' },
  ...{ scopes: [{ path: '', to: '' }], trigger: 'promotion', delete: true },
};

export interface ExportWorld extends Omit<CatalogWorld, keyof ExportPorts>, ExportPorts {
  readonly lakefs: CatalogWorld['lakefs'];
  readonly clock: CatalogWorld['clock'];
  readonly ledger: CatalogWorld['ledger'];
  readonly destination: FakeDestination;
  readonly exports: FakeExports;
  readonly exportQueue: FakeExportQueue;
  readonly exportMaps: FakeExportMaps;
  readonly exportJobs: FakeExportJobs;
  /** May be changed, as by a deployment. */
  exportConfigs: readonly ExportConfig[];
}

export const makeExportWorld = async (...exportConfigs: ExportConfig[]): Promise<ExportWorld> => {
  const base = await makeCatalogWorld();
  const config = await base.config.load();
  const contentAt = (address: string): string => {
    for (const repo of base.lakefs.repositories.values()) {
      for (const tree of repo.trees.values()) {
        for (const entry of tree.values()) {
          if (entry.address.replace('mem://', 's3://lake/data/') === address) return entry.content;
        }
      }
    }
    throw new Error(`nothing at ${address}`);
  };
  const world: ExportWorld = {
    ...base,
    destination: new FakeDestination(contentAt),
    exports: new FakeExports(),
    exportQueue: new FakeExportQueue(),
    exportMaps: new FakeExportMaps(),
    exportJobs: new FakeExportJobs(),
    pause: async () => undefined,
    exportConfigs,
    config: { load: async (): Promise<CompiledConfig> => ({ ...config, exports: world.exportConfigs }) },
  };
  return world;
};

/** What a consumer finds below the prefixes that the export writes to: content by key, without what is ours. */
export const contentOf = (
  world: ExportWorld,
  { bucket, prefix, scopes }: ExportConfig,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...world.destination.objects]
      .filter(([at]) => scopes.some(({ to }) => at.startsWith(`${bucket}/${prefix}${to}`)))
      .filter(([at]) => !at.startsWith(`${bucket}/${prefix}${OWN_PREFIX}`))
      .map(([at, { content }]) => [at.slice(bucket.length + 1 + prefix.length), content] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** What the commit holds of it, read directly. */
export const expectedOf = (
  world: ExportWorld,
  { repository, scopes }: ExportConfig,
  commit: string,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...world.lakefs.tree(repository, commit)]
      .flatMap(([path, { content }]) =>
        scopes.flatMap((scope) => {
          const key = keyOf(scope, { path, sizeBytes: content.length, isPrefix: false });
          return key === undefined ? [] : [[key, content] as const];
        }),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

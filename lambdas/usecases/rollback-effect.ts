/** What a rollback would change, without doing it: tables, partitions, files and runs. Costs what the change costs. */
import { findMerge } from '../domain/history.ts';
import type { Change } from '../domain/lakefs.ts';
import { partitionOf } from '../domain/partitions.ts';
import { tablesOf } from '../domain/pipelines.ts';
import type { Rollback, RollbackPlan } from '../domain/rollback.ts';
import { formatRunKey, parseRunKey } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { requireRun } from './change.ts';
import { headOf } from './claim.ts';
import { objectChanges, overlapOf } from './rollback-changes.ts';
import { runsAffected } from './rollback-runs.ts';

/** Lists are cut there, counts are not: an answer has to fit into 6 MB. */
const MAX_LISTED = 1000;

export interface TableEffect {
  /** Absent for what lies outside every table. */
  readonly table?: string;
  readonly partitions: number;
  /** Files that come back, that change, that go. */
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export interface RollbackEffect {
  readonly plan: RollbackPlan;
  readonly head: string;
  readonly isNothing: boolean;
  readonly tables: readonly TableEffect[];
  readonly partitions: readonly string[];
  /** Each with `+`, `~` or `-`: comes back, changes, goes. */
  readonly files: readonly string[];
  readonly fileCount: number;
  readonly undone: readonly string[];
  readonly restored: readonly string[];
  /** Runs that stay, but lose a part of what they changed. */
  readonly touched: readonly string[];
  /** Runs that are open or wait, and began from what would be undone: they will be CONFLICTED, and run again by policy. */
  readonly based: readonly string[];
  /** How many bookmarks would be put back, or their windows run again. */
  readonly rewinds: number;
  /** Partitions of the run that changed since: without `restorePartitions` the undoing is refused. */
  readonly overlap?: readonly string[];
}

export const effectOf = async (ports: Ports, rollback: Rollback): Promise<RollbackEffect> => {
  const { repository, target } = rollback;
  const head = await headOf(ports, repository, target);
  const planned = rollback.plan;
  if (planned === undefined) throw new Error(`rollback ${rollback.id} has no plan`);
  const overlap = planned.kind === 'run' ? await overlapOf(ports, repository, planned, head) : undefined;
  const plan = overlap === undefined || overlap.length === 0 ? planned : { ...planned, prefixes: overlap };
  const isInForce = plan.kind === 'state' || (await isStillIn(ports, plan));
  const tally = new Tally(tablesOf(await ports.config.load(), repository));
  if (isInForce) for await (const change of changesOf(ports, repository, plan, head)) tally.add(change);
  const { undone, restored, touched, since, rewinds } = await runsAffected(ports, { repository, target, plan, head });
  const gone = new Set(since.map(({ id }) => id));
  const based: string[] = [];
  const moving = ['OPEN', 'COMMITTED', 'PROMOTING', 'AUDITING', 'AWAITING_APPROVAL'] as const;
  for await (const run of ports.ledger.listRuns({ states: moving, repository, target })) {
    const isMerged = run.runCommit !== undefined && findMerge(since, run.runCommit) !== undefined;
    if (!isMerged && gone.has(run.promotionBase ?? run.baseCommit)) based.push(formatRunKey(run));
  }
  return {
    ...{ plan, head, isNothing: !isInForce || tally.fileCount === 0 },
    ...tally.result(),
    ...{ undone, restored, touched, based, rewinds },
    ...(overlap === undefined || overlap.length === 0 ? {} : { overlap }),
  };
};

const isStillIn = async (ports: Ports, plan: Extract<RollbackPlan, { kind: 'run' }>): Promise<boolean> =>
  (await requireRun(ports, parseRunKey(plan.run))).state === 'PROMOTED';

async function* changesOf(
  ports: Ports,
  repository: string,
  plan: RollbackPlan,
  head: string,
): AsyncIterable<Pick<Change, 'type' | 'path'>> {
  if (plan.kind === 'state') {
    for (const prefix of plan.prefixes ?? [''])
      yield* ports.lakefs.diff(repository, head, plan.to, { type: 'two_dot', prefix });
    return;
  }
  const { copy, remove } = await objectChanges(ports, repository, plan, head, true);
  const there = new Set<string>();
  for await (const { type, path } of ports.lakefs.diff(repository, head, plan.to, { type: 'two_dot' }))
    if (type === 'changed') there.add(path);
  for (const path of copy) yield { type: there.has(path) ? 'changed' : 'added', path };
  for (const path of remove) yield { type: 'removed', path };
}

const SIGN: Partial<Record<Change['type'], string>> = { added: '+', changed: '~', removed: '-' };

class Tally {
  readonly #tables = new Map<
    string | undefined,
    { added: number; changed: number; removed: number; parts: Set<string> }
  >();
  readonly #config: ReturnType<typeof tablesOf>;
  readonly #files: string[] = [];
  fileCount = 0;

  constructor(config: ReturnType<typeof tablesOf>) {
    this.#config = config;
  }

  add({ type, path }: Pick<Change, 'type' | 'path'>): void {
    const name = this.#config.find((table) => path.startsWith(table.path))?.name;
    const of = this.#tables.get(name) ?? { added: 0, changed: 0, removed: 0, parts: new Set() };
    this.#tables.set(name, of);
    if (type === 'added' || type === 'changed' || type === 'removed') of[type] += 1;
    const partition = partitionOf(path, this.#config);
    if (partition !== undefined) of.parts.add(partition);
    this.fileCount += 1;
    if (this.#files.length < MAX_LISTED) this.#files.push(`${SIGN[type] ?? '~'} ${path}`);
  }

  result(): Pick<RollbackEffect, 'tables' | 'partitions' | 'files' | 'fileCount'> {
    const tables = [...this.#tables].map(([table, { parts, ...counts }]) => ({
      ...(table === undefined ? {} : { table }),
      ...{ partitions: parts.size, ...counts },
    }));
    const partitions = [...this.#tables.values()].flatMap(({ parts }) => [...parts]).sort();
    return { tables, partitions: partitions.slice(0, MAX_LISTED), files: this.#files, fileCount: this.fileCount };
  }
}

/** One table on its way from the commit that readers see to another. */
import type {
  CatalogPorts,
  PartitionCounts,
  Prepared,
  Publisher,
  PublishOutcome,
  SourcePartition,
} from '../catalog-ports.ts';
import { placeOf } from '../domain/catalog/hive.ts';
import { keyOfValues } from '../domain/catalog/plan.ts';
import {
  misfitsNow,
  type Publication,
  type PublishedTable,
  type TableStep,
  type Wanted,
} from '../domain/catalog/publication.ts';
import { digestOfTable, type TableDescriptor } from '../domain/catalog/table.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import type { Notes } from './noted.ts';
import type { PublicationWriter } from './publication-writer.ts';
import { columnsFor, type ShownTable } from './table-columns.ts';
import { type Looked, misfitsOfGiven } from './table-misfits.ts';
import { changedPrefixes, partitionsAt, wholeTable } from './table-source.ts';

export interface Work extends Wanted {
  readonly ports: CatalogPorts;
  readonly writer: PublicationWriter;
  readonly publisher: Publisher;
  /** No step is begun after that. */
  readonly until: EpochMs;
  /** Of tables that have been refreshed here. */
  readonly notes: Notes;
  /** When the newest commit was found that nobody of ours made. */
  readonly byHandAt?: EpochMs | undefined;
}

export const putTable = (entry: Publication, name: string, table: PublishedTable): Publication => ({
  ...entry,
  tables: { ...entry.tables, [name]: table },
});

/** Written down before Glue is touched, so that whoever goes on knows which two commits the partitions are of. */
const begin = async (writer: PublicationWriter, table: TableDescriptor, to: string): Promise<void> => {
  if (writer.entry.tables[table.name]?.towards === to) return;
  await writer.save((entry) =>
    putTable(entry, table.name, {
      ...(entry.tables[table.name] ?? { descriptor: digestOfTable(table) }),
      ...(table.spark === undefined ? {} : { spark: true as const }),
      towards: to,
    }),
  );
};

/** A table whose next state is written: several are shown together. */
export interface HeldBack {
  readonly table: TableDescriptor;
  readonly show: Prepared['show'];
  /** Writes down what came of it. `again` where it has to be done anew, compared in full. */
  done(outcome: PublishOutcome): Promise<'done' | 'unfinished' | 'again'>;
}

export interface Options {
  readonly verified: string;
  /** Where it can be: only prepare it. */
  readonly holdsBack?: boolean;
  /** It is to become of the configured kind. */
  readonly switches?: boolean;
}

export const refreshTable = async (
  of: Work,
  table: TableDescriptor,
  step: Exclude<TableStep, { step: 'none' }>,
  { verified, holdsBack = false, switches = false }: Options,
): Promise<'done' | 'unfinished' | HeldBack> => {
  const startedAt = of.ports.clock.now();
  const before = of.writer.entry.tables[table.name];
  try {
    const shown = await columnsFor(of.ports, of.writer, table, step.to);
    const looked = await lookedAt(of, shown, step.to, verified);
    const noted = step.step === 'follow' ? of.notes.get(table, step) : undefined;
    if (noted?.isSame === true && before !== undefined && before.towards === undefined && !shown.isNew) {
      await of.writer.save((entry) => {
        return putTable(entry, table.name, { ...(entry.tables[table.name] ?? before), commit: step.to });
      });
      return 'done';
    }
    const followed = step.step === 'follow' && !shown.isNew ? await follow(of, shown, step, holdsBack) : undefined;
    const compared = followed === undefined || 'drift' in followed;
    const drift = followed !== undefined && 'drift' in followed ? followed.drift : undefined;
    const outcome = compared ? await compareWhole(of, shown, step.to, { holdsBack, switches }) : followed;
    if (before?.towards === undefined) of.notes.note(table, outcome, compared ? { to: step.to } : step);
    const written: Step = { to: step.to, compared, startedAt, drift, looked };
    if (outcome.outcome !== 'prepared') return await record(of, shown, written, outcome);
    return {
      ...{ table, show: outcome.show },
      async done(shownAs) {
        if (shownAs.outcome === 'drifted') return 'again';
        const answer = await record(of, shown, written, shownAs);
        if (answer === 'done') await outcome.tidy();
        return answer;
      },
    };
  } catch (error) {
    if (!isBranchlineError(error, 'BL3004') || step.to === verified) throw error;
    of.ports.log.warn('the commit of an interrupted refresh is gone', { table: table.name, commit: step.to });
    const shown = await columnsFor(of.ports, of.writer, table, verified);
    const outcome = await compareWhole(of, shown, verified, { switches });
    return record(of, shown, { to: verified, compared: true, startedAt }, outcome);
  }
};

/** A commit on the way to the verified one is not looked at for what was merged by hand: that may have come later. */
const lookedAt = async (
  { ports, writer, byHandAt }: Work,
  { table, misfits }: ShownTable,
  to: string,
  verified: string,
): Promise<Looked | undefined> => {
  if (misfits !== undefined) return { misfits };
  const known = writer.entry.tables[table.name];
  const at = to === verified ? byHandAt : known?.handSeen;
  return misfitsOfGiven(ports, table, known, { to, byHandAt: at });
};

async function* each(partitions: readonly SourcePartition[]): AsyncIterable<SourcePartition> {
  yield* partitions;
}

/** Only what differs; `undefined` where that is not enough to go by. */
const follow = async (
  { ports, publisher, writer, until, notes }: Work,
  { table }: ShownTable,
  step: Extract<TableStep, { step: 'follow' }>,
  holdsBack: boolean,
): Promise<PublishOutcome | Prepared | { readonly drift: string } | undefined> => {
  const known = notes.get(table, step)?.partitions;
  // While lakeFS compares.
  const looking = table.spark === undefined ? ports.catalog.getTable(table.database, table.tableName) : undefined;
  looking?.catch(() => undefined);
  const found = known === undefined ? await changedPartitions(ports, table, step) : each(known);
  if (found === undefined) return undefined;
  const { towards, snapshot } = writer.entry.tables[table.name] ?? {};
  // Who died under way may have shown the next one.
  const follows = towards === undefined ? snapshot : undefined;
  await begin(writer, table, step.to);
  const partitions = notes.noting(found);
  const work = { table, commit: step.to, partitions, isWhole: false, until, holdsBack, follows, looking };
  const outcome = await publisher(ports, work);
  if (outcome.outcome !== 'drifted') return outcome;
  ports.log.warn('table drifted; it is compared in full', { table: table.name, what: outcome.what });
  return { drift: outcome.what };
};

/** `undefined` where the changes alone do not tell. */
const changedPartitions = async (
  ports: CatalogPorts,
  table: TableDescriptor,
  step: { readonly from: string; readonly to: string },
): Promise<AsyncIterable<SourcePartition> | undefined> => {
  const prefixes = await changedPrefixes(ports, table, step.from, step.to).catch((error: unknown) => {
    if (isBranchlineError(error, 'BL3004')) return undefined;
    throw error;
  });
  if (prefixes === undefined) return undefined;
  // Two of them spell the same values: the rows of one partition move between directories, and have to do so in one step.
  const values = new Set(prefixes.map((prefix) => keyOfValues(placeOf(table, prefix)?.values ?? [])));
  return values.size < prefixes.length ? undefined : partitionsAt(ports, table, step.to, prefixes);
};

const compareWhole = async (
  { ports, publisher, writer, until, notes }: Work,
  { table }: ShownTable,
  commit: string,
  { holdsBack = false, switches = false }: Omit<Options, 'verified'> = {},
): Promise<PublishOutcome | Prepared> => {
  await begin(writer, table, commit);
  // No file has told any columns yet, and a table without columns is none to readers.
  if (table.columns.length === 0) return { outcome: 'published', added: 0, changed: 0, removed: 0, restored: 0 };
  const known = notes.get(table, { to: commit })?.partitions;
  const partitions = notes.noting(known === undefined ? wholeTable(ports, table, commit) : each(known));
  return publisher(ports, { table, commit, partitions, isWhole: true, until, holdsBack, switches });
};

interface Step {
  readonly to: string;
  readonly compared: boolean;
  readonly startedAt: EpochMs;
  readonly drift?: string | undefined;
  /** What was found of files that do not fit; what is known stays where nobody looked. */
  readonly looked?: Looked | undefined;
}

/** What a comparison found although nothing had changed since the last refresh; `undefined` where that cannot be told. */
const driftOf = (old: PublishedTable | undefined, step: Step, outcome: Published): string | undefined => {
  if (step.drift !== undefined) return step.drift;
  const isSame = step.compared && old?.commit === step.to && old.towards === step.to;
  const { added, changed, removed, restored } = outcome;
  if (restored > 0) return `${String(restored)} manifests were gone`;
  if (!isSame || added + changed + removed === 0) return undefined;
  return `${String(added)} partitions were missing, ${String(changed)} different, ${String(removed)} foreign`;
};

type Published = Extract<PublishOutcome, { outcome: 'published' }>;

const record = async (
  { ports, writer }: Work,
  { table: shown, columns }: ShownTable,
  step: Step,
  outcome: PublishOutcome | Prepared,
): Promise<'done' | 'unfinished'> => {
  // Nobody who records holds back.
  if (outcome.outcome === 'drifted' || outcome.outcome === 'prepared') return 'unfinished';
  const { to, compared, startedAt } = step;
  const now = ports.clock.now();
  // Without the columns that were inferred: their name stands for them.
  const table = columns === undefined ? shown : { ...shown, columns: [] };
  const sumWith = (old: PublishedTable | undefined): PartitionCounts => ({
    added: outcome.added + (old?.soFar?.added ?? 0),
    changed: outcome.changed + (old?.soFar?.changed ?? 0),
    removed: outcome.removed + (old?.soFar?.removed ?? 0),
  });
  if (outcome.outcome === 'unfinished') {
    const done = outcome.added + outcome.changed + outcome.removed;
    if (done === 0) return 'unfinished';
    await writer.save((entry) => {
      const old = entry.tables[table.name] ?? { descriptor: digestOfTable(table, columns), towards: to };
      return putTable(entry, table.name, { ...old, soFar: sumWith(old) });
    });
    return 'unfinished';
  }
  await writer.save((entry) => {
    const old = entry.tables[table.name];
    const { added, changed, removed } = sumWith(old);
    const isChange = added + changed + removed > 0 || old?.commit === undefined;
    const refresh = {
      ...(old?.commit === undefined ? {} : { from: old.commit }),
      ...{ to, added, changed, removed, compared, endedAt: now, durationMs: now - startedAt },
    };
    const what = old?.descriptor === digestOfTable(table, columns) ? driftOf(old, step, outcome) : undefined;
    const drift = what === undefined ? old?.drift : { at: now, what };
    const comparedAt = compared ? startedAt : old?.comparedAt;
    const isAsked = (old?.compareAskedAt ?? 0) > (comparedAt ?? 0);
    const last = isChange ? refresh : old?.refresh;
    const followed = old?.partitions === undefined ? undefined : old.partitions + added - removed;
    const partitions = compared ? outcome.partitions : followed;
    const foreign = outcome.foreign === undefined ? old?.foreign : { at: now, snapshot: outcome.foreign };
    const { looked } = step;
    const misfits = looked === undefined ? old?.misfits : misfitsNow(old?.misfits, looked.misfits, now);
    const handSeen = looked?.handSeen ?? old?.handSeen;
    return putTable(entry, table.name, {
      commit: to,
      descriptor: digestOfTable(table, columns),
      ...(columns === undefined ? {} : { columns }),
      ...(comparedAt === undefined ? {} : { comparedAt }),
      ...(isAsked && old?.compareAskedAt !== undefined ? { compareAskedAt: old.compareAskedAt } : {}),
      ...(partitions === undefined ? {} : { partitions }),
      ...(outcome.snapshot === undefined ? {} : { snapshot: outcome.snapshot }),
      ...(outcome.keeps === undefined ? {} : { keeps: outcome.keeps }),
      // Asked for while this was under way: it is still owed.
      ...(outcome.keeps === undefined || old?.switchAskedAt === undefined ? {} : { switchAskedAt: old.switchAskedAt }),
      ...(foreign === undefined ? {} : { foreign }),
      ...(drift === undefined ? {} : { drift }),
      ...(last === undefined ? {} : { refresh: last }),
      ...(misfits === undefined ? {} : { misfits }),
      ...(handSeen === undefined ? {} : { handSeen }),
      ...(table.spark === undefined ? {} : { spark: true as const }),
      path: table.path,
      shownAs: [...new Set([...(old?.shownAs ?? []), `${table.database}.${table.tableName}`])],
      ...(old?.unnamed === undefined ? {} : { unnamed: old.unnamed }),
    });
  });
  return 'done';
};

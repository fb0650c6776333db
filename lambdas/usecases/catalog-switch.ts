/**
 * Tables of Glue that are to become what the configuration says: Iceberg tables that are symlink tables, and the other way round. Asked
 * for here, done by refresh-catalog; asked for again it comes to the same.
 */
import type { CatalogPorts, CatalogReader } from '../catalog-ports.ts';
import { configuredKind, type Kind, symlinkTableBeside, type TableDescriptor } from '../domain/catalog/table.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { type ChosenTarget, chosenTargets, type TableChoice } from './catalog-tables.ts';
import { askSwitch } from './catalog-wake.ts';
import { presentKind } from './publisher.ts';

export interface SwitchRequest extends TableChoice {
  /** What the person takes it for that the configuration says. */
  readonly to?: Kind | 'both' | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface TableSwitching {
  readonly repository: string;
  readonly target: string;
  readonly table: string;
  readonly database: string;
  readonly tableName: string;
  readonly from: Kind;
  readonly to: Kind;
  /** The symlink table that is shown first, in the same database. */
  readonly beside?: string;
}

export interface SwitchAnswer {
  readonly outcome: 'asked' | 'would-switch' | 'nothing-to-switch';
  /** A table is switched when its `switchAskedAt` is gone. */
  readonly askedAt: EpochMs;
  readonly switches: readonly TableSwitching[];
}

type SwitchPorts = Omit<CatalogPorts, 'catalog' | 'manifests' | 'iceberg' | 'pause'> & {
  readonly catalog: Pick<CatalogReader, 'getTable'>;
};

/** @throws BL7023 where the configuration says something else. */
export const switchTables = async (ports: SwitchPorts, request: SwitchRequest): Promise<SwitchAnswer> => {
  const chosen = await chosenTargets(ports, request);
  const found: { readonly of: ChosenTarget; readonly table: TableDescriptor; readonly one: TableSwitching }[] = [];
  for (const of of chosen) {
    const tables = await tablesOfTarget(ports, of);
    for (const table of of.tables) {
      requireConfigured(tables, table, request.to);
      const one = await switchingOf(ports, of, tables, table);
      if (one !== undefined) found.push({ of, table, one });
    }
  }
  const asked: EpochMs[] = [ports.clock.now()];
  const isAsked = request.dryRun !== true && found.length > 0;
  if (isAsked) {
    for (const [of, some] of Map.groupBy(found, (each) => each.of))
      asked.push(await askSwitch(ports, { ...of, tables: some.map(({ table }) => table) }));
  }
  const outcome = isAsked ? 'asked' : found.length > 0 ? 'would-switch' : 'nothing-to-switch';
  return { outcome, askedAt: Math.min(...asked), switches: found.map(({ one }) => one) };
};

const tablesOfTarget = async (ports: SwitchPorts, of: ChosenTarget): Promise<readonly TableDescriptor[]> => {
  const [whole] = await chosenTargets(ports, { repository: of.repository, target: of.branch });
  return whole?.tables ?? of.tables;
};

const requireConfigured = (
  tables: readonly TableDescriptor[],
  table: TableDescriptor,
  to: SwitchRequest['to'],
): void => {
  const says = symlinkTableBeside(tables, table) === undefined ? configuredKind(table) : 'both';
  if (to === undefined || to === says) return;
  throw new BranchlineError('BL7023', `the configuration says publish: ${says} for table "${table.name}", not ${to}`);
};

/** Nothing of one that is not there, or not ours: a refresh makes it, or says why not. */
const switchingOf = async (
  ports: SwitchPorts,
  { repository, branch }: ChosenTarget,
  tables: readonly TableDescriptor[],
  table: TableDescriptor,
): Promise<TableSwitching | undefined> => {
  if (table.spark !== undefined) return undefined;
  const { database, tableName, name } = table;
  const from = presentKind(table, await ports.catalog.getTable(database, tableName));
  const to = configuredKind(table);
  const beside = symlinkTableBeside(tables, table)?.tableName;
  if (from === undefined || from === to) return undefined;
  return {
    ...{ repository, target: branch, table: name, database, tableName, from, to },
    ...(beside === undefined ? {} : { beside }),
  };
};

/** What Glue is told of partitions: in batches within its limits, and whatever somebody else does to them meanwhile. */
import type { CatalogPorts } from '../catalog-ports.ts';
import {
  inBatches,
  keyOfValues,
  MAX_BATCH,
  type PartitionPlan,
  type PublishedPartition,
  type WantedPartition,
} from '../domain/catalog/plan.ts';
import type { TableSwitch } from './table-switch.ts';

/** Two of our writes may cross: created meanwhile, removed meanwhile. More than that is somebody else. */
const MAX_CROSSINGS = 4;

export interface Counts {
  added: number;
  changed: number;
  removed: number;
  restored: number;
}

/** What Glue holds by now, and what was done to it. */
export interface Told {
  readonly published: Map<string, PublishedPartition>;
  readonly counts: Counts;
}

/** What Glue is to be told, now that all that it will name is there. */
export interface Ready {
  readonly wanted: readonly WantedPartition[];
  readonly plan: PartitionPlan;
}

export const writePartitions = async (
  ports: CatalogPorts,
  glue: TableSwitch,
  { wanted, plan }: Ready,
  told: Told,
): Promise<void> => {
  if (plan.create.length + plan.update.length + plan.remove.length === 0) return;
  await glue.open();
  await put(ports, glue, plan);
  for (const partition of wanted) told.published.set(keyOfValues(partition.values), { ...partition, isInForm: true });
  told.counts.added += plan.create.length;
  told.counts.changed += plan.update.length;
  for (const batch of inBatches(plan.remove, MAX_BATCH.remove)) await removePartitions(ports, glue, batch, told);
};

/** What was made or removed since it was looked at goes the other way, and comes to the same. */
const put = async (
  ports: CatalogPorts,
  glue: TableSwitch,
  { create, update }: Pick<PartitionPlan, 'create' | 'update'>,
): Promise<void> => {
  let [missing, there] = [create, update];
  for (let crossing = 0; missing.length + there.length > 0; crossing += 1) {
    if (crossing === MAX_CROSSINGS) throw glue.isContended();
    const [exist, absent]: [WantedPartition[], WantedPartition[]] = [[], []];
    for (const batch of inBatches(missing, MAX_BATCH.create)) {
      exist.push(...(await ports.catalog.createPartitions(glue.table, batch)));
    }
    for (const batch of inBatches(there, MAX_BATCH.update)) {
      absent.push(...(await ports.catalog.updatePartitions(glue.table, batch)));
    }
    [missing, there] = [absent, exist];
  }
};

/** At most `MAX_BATCH.remove` of them. */
export const removePartitions = async (
  ports: CatalogPorts,
  { table }: TableSwitch,
  values: readonly (readonly string[])[],
  { published, counts }: Told,
): Promise<void> => {
  await ports.catalog.removePartitions(table.database, table.name, values);
  for (const each of values) published.delete(keyOfValues(each));
  counts.removed += values.length;
};

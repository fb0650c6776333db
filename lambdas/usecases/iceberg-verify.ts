/** Compares an Iceberg table with the commit that it should show; changes nothing. */
import type { CatalogReader, IcebergReader, IcebergStore, StoredTable } from '../catalog-ports.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import type { Finding } from '../domain/catalog/verification.ts';
import { SUMMARY } from '../domain/iceberg/snapshot.ts';
import type { LakePorts } from '../ports.ts';
import { planForm, readBase } from './iceberg-base.ts';
import { findChanges, openGroups } from './iceberg-groups.ts';
import { lostSnapshots } from './iceberg-lost.ts';
import { ICEBERG_PARAMETER, icebergFolder, isInForm, openIceberg } from './iceberg-table.ts';
import { wholeTable } from './table-source.ts';

export const verifyIceberg = async (
  ports: LakePorts & { readonly catalog: CatalogReader; readonly iceberg: IcebergReader & Pick<IcebergStore, 'list'> },
  table: TableDescriptor,
  commit: string,
  stored: StoredTable,
): Promise<{ readonly partitions: number; readonly findings: readonly Finding[] }> => {
  const open = await openIceberg(ports, table, { table: stored });
  const base = await readBase(ports, open);
  const findings: Finding[] = [];
  if (!isInForm(ports, table, open)) findings.push({ kind: 'table-edited', what: 'Glue describes it otherwise' });
  if (open.metadata === undefined) {
    const at = stored.parameters[ICEBERG_PARAMETER.metadata] ?? 'nothing';
    findings.push({ kind: 'snapshot-foreign', what: `it names ${at}, which is gone or does not lie with the tables` });
  } else {
    const { 'current-snapshot-id': current } = open.metadata;
    if (base.drift !== undefined) findings.push({ kind: 'snapshot-foreign', what: base.drift });
    for (const { snapshot, what } of await lostSnapshots(ports.iceberg, icebergFolder(table), open.metadata, current)) {
      const of = snapshot.summary[SUMMARY.commit] ?? 'no commit';
      findings.push({ kind: 'snapshot-lost', what: `${String(snapshot['snapshot-id'])} of ${of}: ${what} is gone` });
    }
  }
  const { form, isOther, isSameSpec } = planForm({ table }, open.metadata, base);
  if (isOther)
    findings.push({ kind: 'table-edited', what: 'its columns or partitions are not those of the configuration' });
  const groups = openGroups(ports, form.partitions, isSameSpec ? base.manifests : [], isSameSpec ? base.starts : ['']);
  let partitions = 0;
  const counted = async function* () {
    for await (const partition of wholeTable(ports, table, commit)) {
      if (partition.files.length > 0) partitions += 1;
      yield partition;
    }
  };
  const { changes } = await findChanges(
    ports,
    { table, partitions: counted(), isWhole: true },
    groups,
    form.partitions,
  );
  for (const { key, was, addresses } of changes.values()) {
    const partition = key.replace(/\/$/, '');
    if (addresses.size === 0) findings.push({ kind: 'partition-foreign', partition });
    else if (!was) findings.push({ kind: 'partition-missing', partition });
    else findings.push({ kind: 'partition-different', partition, what: 'its files are not those of the commit' });
  }
  for (const index of groups.lost) {
    const what = groups.manifests[index]?.manifest_path ?? '';
    findings.push({ kind: 'manifest-missing', partition: '', what });
  }
  return { partitions, findings };
};

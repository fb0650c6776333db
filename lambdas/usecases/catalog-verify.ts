/**
 * A full comparison that changes nothing: what the commit that readers should see holds, against what Glue names and the manifests
 * that are there. Told is what a repair would put right.
 */
import type {
  CatalogReader,
  IcebergReader,
  IcebergStore,
  Manifests,
  Publications,
  SourcePartition,
} from '../catalog-ports.ts';
import { digestOfKey, manifestFolder, manifestOf, manifestPrefix } from '../domain/catalog/manifest.ts';
import { keyOfValues, type PublishedPartition, type WantedPartition } from '../domain/catalog/plan.ts';
import type { Publication } from '../domain/catalog/publication.ts';
import { sparkPartition } from '../domain/catalog/spark.ts';
import { FILES_PARAMETER, isOwnTable, sameForm, storageOf, TABLE_PARAMETER } from '../domain/catalog/storage.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import {
  editsOfTable,
  type Finding,
  type FindingKind,
  findingsOfPartition,
  nameOfPartition,
} from '../domain/catalog/verification.ts';
import type { EpochMs } from '../domain/run.ts';
import type { LakePorts } from '../ports.ts';
import type { ChosenTarget } from './catalog-tables.ts';
import { verifyIceberg } from './iceberg-verify.ts';
import { presentKind } from './publisher.ts';
import { wholeTable } from './table-source.ts';
import { folderOf } from './table-switch.ts';

export interface VerifyPorts extends LakePorts {
  readonly catalog: CatalogReader;
  readonly manifests: Pick<Manifests, 'uri' | 'list'>;
  readonly iceberg: IcebergReader & Pick<IcebergStore, 'list'>;
  readonly publications: Publications;
}

export interface TableVerification {
  readonly repository: string;
  readonly target: string;
  readonly table: string;
  readonly outcome:
    | 'right'
    | 'different'
    /** A refresh is under way, or came in between: to be asked again. */
    | 'busy'
    /** Not shown yet: there is nothing to compare. */
    | 'unpublished'
    /** The time was up. */
    | 'unfinished';
  /** That which was compared. */
  readonly commit?: string;
  /** Partitions that the commit holds. */
  readonly partitions: number;
  readonly counts: Readonly<Partial<Record<FindingKind, number>>>;
  /** The first of them. */
  readonly findings: readonly Finding[];
}

/** An answer of Lambda takes 6 MB. */
const MAX_FINDINGS = 200;

class Findings {
  readonly first: Finding[] = [];
  readonly counts: Partial<Record<FindingKind, number>> = {};
  add(...findings: readonly Finding[]): void {
    for (const finding of findings) {
      this.counts[finding.kind] = (this.counts[finding.kind] ?? 0) + 1;
      if (this.first.length < MAX_FINDINGS) this.first.push(finding);
    }
  }
}

export const verifyTables = async (
  ports: VerifyPorts,
  chosen: ChosenTarget,
  until: EpochMs,
): Promise<readonly TableVerification[]> => {
  const { repository, branch } = chosen;
  const verified: TableVerification[] = [];
  for (const table of chosen.tables) {
    const id = { repository, target: branch, table: table.name };
    const before = await ports.publications.get(repository, branch);
    const none = { partitions: 0, counts: {}, findings: [] };
    const { commit, towards, columns } = before?.tables[table.name] ?? {};
    const shown = await withColumns(ports, table, columns);
    if (commit === undefined || shown === undefined) {
      verified.push({ ...id, outcome: 'unpublished', ...none });
    } else if (isAtWork(before, ports.clock.now()) || towards !== undefined) {
      verified.push({ ...id, outcome: 'busy', ...none });
    } else {
      const found = await verifyTable(ports, shown, commit, until);
      const after = await ports.publications.get(repository, branch);
      // What was read before and after a refresh does not fit together.
      const crossed = after?.tables[table.name]?.commit !== commit || isAtWork(after, ports.clock.now());
      verified.push(crossed ? { ...id, outcome: 'busy', ...none } : { ...id, ...found, commit });
    }
  }
  return verified;
};

/** With the columns that were read off its files; `undefined` before any file told some. */
const withColumns = async (
  ports: VerifyPorts,
  table: TableDescriptor,
  columns: string | undefined,
): Promise<TableDescriptor | undefined> => {
  if (table.infers !== true) return table;
  const known = columns === undefined ? undefined : await ports.publications.getColumns(table, columns);
  return known === undefined || known.columns.length === 0 ? undefined : { ...table, columns: known.columns };
};

const isAtWork = (publication: Publication | undefined, now: EpochMs): boolean =>
  publication?.lease !== undefined && publication.lease.expiresAt > now;

const verifyTable = async (
  ports: VerifyPorts,
  table: TableDescriptor,
  commit: string,
  until: EpochMs,
): Promise<Pick<TableVerification, 'outcome' | 'partitions' | 'counts' | 'findings'>> => {
  const findings = new Findings();
  let partitions = 0;
  const answer = (outcome: TableVerification['outcome']) => ({
    ...{ outcome, partitions, counts: findings.counts, findings: findings.first },
  });
  const stored = await ports.catalog.getTable(table.database, table.tableName);
  const isOurs = stored !== undefined && isOwnTable(table, stored.parameters);
  if (!isOurs) {
    findings.add({ kind: stored === undefined ? 'table-missing' : 'table-foreign' });
    return answer('different');
  }
  if (presentKind(table, stored) === 'iceberg') {
    const found = await verifyIceberg(ports, table, commit, stored);
    findings.add(...found.findings);
    partitions = found.partitions;
    return answer(findings.first.length === 0 ? 'right' : 'different');
  }
  const isPartitioned = table.partitionColumns.length > 0;
  // A table that lies at a commit may lie at an earlier one than is shown: nothing of it differs.
  const folder = folderOf(ports, table, stored.parameters[TABLE_PARAMETER.commit]);
  findings.add(...editsOfTable(table, stored, isPartitioned ? folder : undefined));
  const published = new Map<string, PublishedPartition>();
  const note = (partition: PublishedPartition): void => {
    published.set(keyOfValues(partition.values), partition);
  };
  const files = stored.parameters[FILES_PARAMETER];
  const noted = files === undefined ? {} : { files };
  if (!isPartitioned)
    note({ values: [], location: stored.storage.location, prefix: table.path, isInForm: true, ...noted });
  else {
    for await (const { storage, ...each } of ports.catalog.listPartitions(table.database, table.tableName)) {
      note({ ...each, isInForm: sameForm(storage, storageOf(table, storage.location)) });
    }
  }
  const expect = await expectations(ports, table, commit);
  for await (const partition of wholeTable(ports, table, commit)) {
    if (ports.clock.now() >= until) return answer('unfinished');
    if (partition.files.length === 0 && isPartitioned) continue;
    partitions += 1;
    const key = keyOfValues(partition.values);
    const before = published.get(key);
    const { wanted, isThere } = expect(partition, before);
    findings.add(...findingsOfPartition(table, wanted, before, isThere));
    published.delete(key);
  }
  for (const { values } of published.values()) {
    findings.add({ kind: 'partition-foreign', partition: nameOfPartition(table, values) });
  }
  return answer(findings.first.length === 0 ? 'right' : 'different');
};

interface Expected {
  readonly wanted: WantedPartition;
  /** Whether its manifest is as it should be. */
  readonly isThere: boolean;
}
type Expect = (partition: SourcePartition, before: PublishedPartition | undefined) => Expected;

const expectations = async (ports: VerifyPorts, table: TableDescriptor, commit: string): Promise<Expect> => {
  if (table.spark !== undefined) {
    return (partition, before) => ({ wanted: sparkPartition(table, commit, partition, before), isThere: true });
  }
  const present = new Map<string, number>();
  for await (const { key, sizeBytes } of ports.manifests.list(manifestFolder(table))) {
    const digest = digestOfKey(table, key);
    if (digest !== undefined) present.set(digest, sizeBytes);
  }
  return ({ values, prefix, files }) => {
    const { content, digest } = manifestOf(files.map(({ address }) => address));
    const wanted = { values, prefix, location: ports.manifests.uri(manifestPrefix(table, digest)) };
    return { wanted, isThere: present.get(digest) === Buffer.byteLength(content, 'utf8') };
  };
};

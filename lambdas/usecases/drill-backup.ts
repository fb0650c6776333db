/**
 * The newest backup of the lake itself, restored into a scratch repository: what a restore would use tomorrow is read today. lakeFS would
 * take a bare repository on the lake's own storage (tried on 1.84), and then one that is removed would lie where the lake lies: so its own
 * files are copied to the place of the drill. No row of the lake is read or copied, and the lake's repository is not touched.
 */
import { atOnce } from '../domain/at-once.ts';
import { type Drill, lakeBackName, type TriedBackup } from '../domain/drill.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { isSameContent, NO_CONTENT, withObject } from '../domain/snapshot-content.ts';
import type { DrillPorts } from '../drill-ports.ts';
import { bringBackRefs, differencesFrom } from './bring-back.ts';
import { findBackup, type GoodBackup } from './find-backup.ts';

const AT_ONCE = 16;
/** A copy costs as much as a write: 0.005 US dollars for a thousand. */
const MOST_FILES = 20_000;
/** What the target shows is counted up to so many. */
const MOST_OBJECTS = 100_000;

export interface BackupFindings {
  /** Absent where there is none. */
  readonly backup?: TriedBackup;
  readonly differences: readonly string[];
}

/** Ranges, meta-ranges and dumps lie directly in the folder. */
const filesOf = async (ports: DrillPorts, namespace: string): Promise<readonly string[]> => {
  const below = `${namespace.replace(/\/+$/, '')}/_lakefs/`;
  const names: string[] = [];
  for await (const { address } of ports.lakeFiles.list(below)) {
    const name = address.slice(below.length);
    if (!name.includes('/') && name !== 'dummy') names.push(name);
    if (names.length > MOST_FILES) break;
  }
  return names;
};

const contentDifference = async (
  { lakefs }: DrillPorts,
  name: string,
  { manifest: { target, content } }: GoodBackup,
): Promise<string[]> => {
  let found = NO_CONTENT;
  for await (const object of lakefs.listObjects(name, target.commit, {})) found = withObject(found, object);
  if (isSameContent(found, content)) return [];
  return [`${target.branch} lists ${String(found.objects)} objects and not those ${String(content.objects)} that were`];
};

export const drillBackup = async (ports: DrillPorts, drill: Drill, until: EpochMs): Promise<BackupFindings> => {
  const { good, looked } = await findBackup({ backups: ports.lakeBackups }, drill.repository);
  if (good === undefined) {
    const faults = looked.map(({ snapshot, fault = '' }) => `${snapshot}: ${fault}`);
    return {
      differences: faults.length === 0 ? [] : [`no backup of ${drill.repository} is whole: ${faults.join('; ')}`],
    };
  }
  const { manifest } = good;
  const snapshot = manifest.snapshot.id;
  const { storageNamespace: from, defaultBranch } = manifest.repository;
  const files = await filesOf(ports, from);
  if (files.length > MOST_FILES)
    return { backup: { snapshot, left: `more than ${String(MOST_FILES)} files of lakeFS's own` }, differences: [] };
  try {
    await atOnce(AT_ONCE, files, (name) =>
      ports.lakeFiles.copy(`${from.replace(/\/+$/, '')}/_lakefs/${name}`, `${drill.storageNamespace}/_lakefs/${name}`),
    );
  } catch (error) {
    // What may not be copied says nothing about the backup.
    if (!isBranchlineError(error, 'BL4002')) throw error;
    return { backup: { snapshot, left: error.message }, differences: [] };
  }
  const name = lakeBackName(drill.id);
  const begun = ports.clock.now();
  await bringBackRefs(ports, { name, storageNamespace: drill.storageNamespace, defaultBranch }, good, until);
  const seconds = (ports.clock.now() - begun) / 1000;
  const isCounted = manifest.content.objects <= MOST_OBJECTS;
  const differences = [
    ...(await differencesFrom(ports, name, good)),
    ...(isCounted ? await contentDifference(ports, name, good) : []),
  ];
  const refs = good.refs.branches.length + good.refs.tags.length;
  return {
    backup: { snapshot, seconds, refs, ...(isCounted ? { objects: manifest.content.objects } : {}) },
    differences: differences.map((each) => `backup ${snapshot}: ${each}`),
  };
};

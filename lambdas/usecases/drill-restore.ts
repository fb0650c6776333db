/**
 * A restore of a deleted repository, rehearsed by the steps that make the real ones: a snapshot with its backup; the repository deleted;
 * a bare one on the same storage with the refs of the dump; compared ref by ref, object by object, byte by byte.
 *
 * What is brought back has another name than what was dumped: a server goes on telling commits of a repository that is gone by their whole
 * ids (seen on 1.84), and would answer from its memory what it should read from the storage.
 */
import { broughtBackName } from '../domain/drill.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { DrillPorts } from '../drill-ports.ts';
import { bringBackRefs, bringBackSettings, differencesFrom } from './bring-back.ts';
import { createSnapshot } from './create-snapshot.ts';
import { drillBackup } from './drill-backup.ts';
import { differencesOf, fillScratch, type Listing, listingOf } from './drill-history.ts';
import type { DrillFindings, DrillWork } from './drill-work.ts';
import { findBackup } from './find-backup.ts';
import { scratchPorts } from './scratch-ledger.ts';

const TARGET = 'main';

interface Shown {
  readonly name: string;
  readonly commit: string;
  readonly objects: Listing;
  /** Ids of its whole first-parent history. */
  readonly history: readonly string[];
}

const allShown = async ({ lakefs }: DrillPorts, repository: string): Promise<readonly Shown[]> => {
  const refs = [
    ...(await Array.fromAsync(lakefs.listBranches(repository, ''))),
    ...(await Array.fromAsync(lakefs.listTags(repository, ''))),
  ];
  const shown: Shown[] = [];
  for (const { id, commitId } of refs) {
    const objects = await listingOf(lakefs, repository, id);
    const history = (await Array.fromAsync(lakefs.log(repository, id, {}))).map((commit) => commit.id);
    shown.push({ name: id, commit: commitId, objects, history });
  }
  return shown;
};

const differencesBetween = (expected: readonly Shown[], actual: readonly Shown[]): string[] => {
  const found = new Map(actual.map((each) => [each.name, each]));
  const known = new Set(expected.map(({ name }) => name));
  return [
    ...actual.filter(({ name }) => !known.has(name)).map(({ name }) => `${name} was not there before`),
    ...expected.flatMap((before) => {
      const after = found.get(before.name);
      if (after === undefined) return [`${before.name} is not there`];
      if (after.commit !== before.commit) return [`${before.name} shows ${after.commit}, not ${before.commit}`];
      const history = after.history.join() === before.history.join() ? [] : [`${before.name} has another history`];
      return [...history, ...differencesOf(before.name, before.objects, after.objects)];
    }),
  ];
};

const contentsOf = async ({ lakefs }: DrillPorts, repository: string, paths: Iterable<string>) => {
  const contents = new Map<string, string>();
  for (const path of paths) {
    const content = await lakefs.getObject(repository, TARGET, path);
    contents.set(path, content === undefined ? 'gone from the storage' : Buffer.from(content).toString('hex'));
  }
  return contents;
};

export const drillRestore = async (ports: DrillPorts, work: DrillWork): Promise<DrillFindings> => {
  const { drill, until } = work;
  const { id, requestedBy, storageNamespace } = drill;
  const { lakefs } = ports;
  await work.step('a scratch repository with a history');
  await fillScratch(ports, drill);

  await work.step('a snapshot with its backup');
  const inside = scratchPorts(ports, { name: id, storageNamespace });
  const asked = { repository: id, target: TARGET, kind: 'drill', requestedBy, until } as const;
  const made = await createSnapshot(inside, asked);
  if (made.outcome !== 'created') throw new BranchlineError('BL8805', `snapshot ${made.snapshot.id} is not complete`);
  const before = await allShown(ports, id);
  const paths = before.find(({ name }) => name === TARGET)?.objects.keys() ?? [];
  const contents = await contentsOf(ports, id, paths);

  await work.step('the repository is deleted');
  await ports.scratch.remove(drill, id);

  await work.step('it is brought back from the backup');
  const begun = ports.clock.now();
  const { good, looked } = await findBackup(ports, id);
  if (good === undefined) throw new BranchlineError('BL8401', looked.map(({ fault = '' }) => fault).join('; '));
  const name = broughtBackName(id);
  await bringBackRefs(ports, { name, storageNamespace, defaultBranch: TARGET }, good, until);
  const refs = await differencesFrom(ports, name, good);
  await bringBackSettings(ports, name, good);
  const seconds = (ports.clock.now() - begun) / 1000;

  await work.step('every ref, every object and every byte compared');
  const after = await allShown(ports, name);
  const differences = [...refs, ...differencesBetween(before, after)];
  const read = await contentsOf(ports, name, contents.keys());
  for (const [path, content] of contents) if (read.get(path) !== content) differences.push(`${path} has other bytes`);
  if (!(await lakefs.getProtectedBranches(name)).includes(TARGET)) differences.push(`${TARGET} is not protected`);
  const objects = before.reduce((sum, each) => sum + each.objects.size, 0);

  await work.step('the newest backup of the lake is restored beside it');
  // The place is free again: lakeFS takes one repository at a time.
  await ports.scratch.remove(drill, name);
  const tried = await drillBackup(ports, drill, until);
  return {
    ...{ seconds, compared: { refs: before.length, objects } },
    differences: [...differences, ...tried.differences],
    ...(tried.backup === undefined ? {} : { backup: tried.backup }),
  };
};

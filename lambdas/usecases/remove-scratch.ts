/**
 * Removes what drills made: their repositories in lakeFS, the objects of these, the files of their backups. By the record, and by name
 * and place together: a repository that is not a drill's cannot be removed by it.
 */
import { atOnce } from '../domain/at-once.ts';
import {
  advanceDrill,
  broughtBackName,
  DRILL_KINDS,
  type Drill,
  type DrillKind,
  drillOfName,
  isAlive,
  lakeBackName,
} from '../domain/drill.ts';
import type { DrillPorts } from '../drill-ports.ts';

const AT_ONCE = 8;
/** A repository that no record knows is left alone so long: its ledger may be another one's. */
const UNKNOWN_MS = 86_400_000;

type Place = Pick<Drill, 'id' | 'storageNamespace'>;

const remove = async (ports: DrillPorts, place: Place): Promise<void> => {
  for (const name of [place.id, broughtBackName(place.id), lakeBackName(place.id)])
    await ports.scratch.remove(place, name);
  const root = place.storageNamespace.slice(0, -place.id.length - 1);
  const keys = (await Array.fromAsync(ports.storage.list(root, `${place.id}/`))).map(({ key }) => key);
  await atOnce(AT_ONCE, keys, (key) => ports.storage.remove(root, key));
  for await (const { key } of ports.backups.list(`${place.id}/`)) await ports.backups.remove(key);
};

/** Safe to repeat; the entry says when nothing is left. */
export const removeScratch = async (ports: DrillPorts, drill: Drill): Promise<Drill> => {
  await remove(ports, drill);
  const next = advanceDrill(drill, ports.clock.now(), { isRemoved: true });
  const answer = await ports.drills.put(next);
  return answer.outcome === 'written' ? next : (answer.drill ?? drill);
};

/** Ends drills whose function died, and removes what is left of any. @returns the ids of those. */
export const removeLeftovers = async (
  ports: DrillPorts,
): Promise<{ readonly removed: readonly string[]; readonly faults: readonly string[] }> => {
  const removed: string[] = [];
  const faults: string[] = [];
  const known = new Set<string>();
  const attempt = async (id: string, act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
      removed.push(id);
    } catch (error) {
      faults.push(`${id}: ${String(error)}`);
      ports.log.error('what a drill left could not be removed', { drill: id, reason: String(error) });
    }
  };
  for (const drill of await allDrills(ports, DRILL_KINDS)) {
    known.add(drill.id);
    if (drill.isRemoved || isAlive(drill, ports.clock.now())) continue;
    await attempt(drill.id, async () => removeScratch(ports, await endDead(ports, drill)));
  }
  for await (const { name, storageNamespace } of ports.scratch.list()) {
    const found = drillOfName(name);
    if (found === undefined || known.has(found.id) || ports.clock.now() - found.startedAt < UNKNOWN_MS) continue;
    const place = { id: found.id, storageNamespace: storageNamespace.replace(/\/+$/, '') };
    // Only where this deployment drills: another's are another's.
    const roots = (await ports.config.load()).drills?.places.map(({ root }) => `${root}/${found.id}`) ?? [];
    if (roots.includes(place.storageNamespace)) await attempt(found.id, () => remove(ports, place));
  }
  return { removed, faults };
};

const allDrills = async (ports: DrillPorts, kinds: readonly DrillKind[]): Promise<Drill[]> =>
  (await Promise.all(kinds.map((kind) => Array.fromAsync(ports.drills.list(kind))))).flat();

const endDead = async (ports: DrillPorts, drill: Drill): Promise<Drill> => {
  if (drill.state !== 'RUNNING') return drill;
  const now = ports.clock.now();
  const last = drill.steps.at(-1)?.what ?? 'its beginning';
  const cause = { code: 'BL8805', message: `nothing was heard of it since: ${last}` };
  const ended = advanceDrill(drill, now, { state: 'FAILED', endedAt: now, cause });
  const answer = await ports.drills.put(ended);
  return answer.outcome === 'written' ? ended : (answer.drill ?? drill);
};

/**
 * One drill from its record to the removal of what it made. The record comes first, and says what is to be removed: whoever finds one that
 * died ends it and cleans up behind it.
 */
import { SCHEMA_VERSION } from '../contract.ts';
import {
  advanceDrill,
  DRILL_LEASE_MS,
  type Drill,
  type DrillKind,
  drillIdOf,
  MAX_DIFFERENCES,
  nextRepository,
} from '../domain/drill.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { Cause, EpochMs } from '../domain/run.ts';
import type { DrillPorts } from '../drill-ports.ts';
import { drillRestore } from './drill-restore.ts';
import { drillRollback } from './drill-rollback.ts';
import type { DrillFindings, DrillWork } from './drill-work.ts';
import { removeScratch } from './remove-scratch.ts';
import { waysBackUnderWay } from './ways-back-under-way.ts';

export interface DrillAsked {
  readonly kind: DrillKind;
  readonly repository?: string | undefined;
  readonly requestedBy: string;
  readonly reason?: string | undefined;
}

const DRILLS: Readonly<Record<DrillKind, (ports: DrillPorts, work: DrillWork) => Promise<DrillFindings>>> = {
  rollback: drillRollback,
  restore: drillRestore,
};

/** @throws BL8803 where there is no place for it; what goes wrong later is in the record. */
export const runDrill = async (ports: DrillPorts, asked: DrillAsked, until: EpochMs): Promise<Drill> => {
  let drill = await begin(ports, asked);
  const save = async (next: Drill): Promise<void> => {
    const answer = await ports.drills.put(next);
    if (answer.outcome === 'stale') throw new BranchlineError('BL4003', `somebody else has ended drill ${next.id}`);
    drill = next;
  };
  const work: DrillWork = {
    drill,
    until,
    async step(what) {
      await giveWay(ports);
      if (ports.clock.now() >= until) throw new BranchlineError('BL8805', `the time was up before: ${what}`);
      await save(advanceDrill(drill, ports.clock.now(), {}, what));
    },
  };
  const end = async (
    changes: Partial<Pick<Drill, 'state' | 'seconds' | 'compared' | 'backup' | 'differences' | 'cause'>>,
  ) => {
    const now = ports.clock.now();
    await save(advanceDrill(drill, now, { ...changes, endedAt: now }));
  };
  try {
    const { seconds, differences, compared, backup } = await DRILLS[asked.kind](ports, work);
    const found = { seconds, compared, ...(backup === undefined ? {} : { backup }) };
    if (differences.length === 0) await end({ ...found, state: 'PASSED' });
    else {
      const cause = causeOf(new BranchlineError('BL8801', differences.slice(0, 3).join('; ')));
      await end({ ...found, state: 'FAILED', cause, differences: differences.slice(0, MAX_DIFFERENCES) });
    }
  } catch (error) {
    ports.log.error('a drill did not get through', { drill: drill.id, reason: String(error) });
    await end({ state: isBranchlineError(error, 'BL8802') ? 'GAVE_WAY' : 'FAILED', cause: causeOf(error) });
  }
  return removeScratch(ports, drill).catch((error: unknown) => {
    // The result stands; the schedule removes what is left.
    ports.log.error('something of a drill is left', { drill: drill.id, reason: String(error) });
    return drill;
  });
};

const causeOf = (error: unknown): Cause =>
  isBranchlineError(error)
    ? { code: error.code, message: error.message }
    : { code: 'BL5001', message: error instanceof Error ? error.message : String(error) };

const begin = async (ports: DrillPorts, { kind, repository, requestedBy, reason }: DrillAsked): Promise<Drill> => {
  const places = (await ports.config.load()).drills?.places ?? [];
  const earlier = await Array.fromAsync(ports.drills.list(kind));
  const name =
    repository ??
    nextRepository(
      places.map((place) => place.repository),
      earlier,
    );
  const place = places.find((each) => each.repository === name);
  if (place === undefined) {
    const what = name === undefined ? 'no repository has a place for drills' : `repository "${name}" has no place`;
    throw new BranchlineError(
      'BL8803',
      `${what}; there is one for: ${places.map((each) => each.repository).join(', ') || 'none'}`,
    );
  }
  const now = ports.clock.now();
  const id = drillIdOf(kind, now, ports.ids.owner());
  const drill: Drill = {
    ...{ schemaVersion: SCHEMA_VERSION, version: 1, id, drillKind: kind, state: 'RUNNING' },
    ...{ repository: place.repository, storageNamespace: `${place.root}/${id}`, requestedBy },
    ...(reason === undefined ? {} : { reason }),
    ...{ startedAt: now, updatedAt: now, leaseUntil: now + DRILL_LEASE_MS, steps: [], isRemoved: false },
  };
  if ((await ports.drills.put(drill)).outcome === 'stale') throw new BranchlineError('BL4003', `drill ${id} is there`);
  return drill;
};

/** Of every repository: a server that is being mended is no server to rehearse on. @throws BL8802 */
const giveWay = async (ports: DrillPorts): Promise<void> => {
  const names = (await ports.config.load()).repositories.map(({ name }) => name);
  for (const name of [...names, '*']) {
    const [first] = await waysBackUnderWay(ports, name);
    if (first !== undefined) throw new BranchlineError('BL8802', first.message);
  }
};

/** What is asked of drills: run one, list them, and what the schedule does. */
import { ageOf, DRILL_KINDS, type Drill, type DrillKind, isDrillDue, lastFailed } from '../domain/drill.ts';
import type { EpochMs } from '../domain/run.ts';
import type { DrillPorts } from '../drill-ports.ts';
import type { DrillRequest } from '../payloads.ts';
import { removeLeftovers } from './remove-scratch.ts';
import { runDrill } from './run-drill.ts';

export interface DrillReport {
  readonly ran: readonly { readonly id: string; readonly state: Drill['state'] }[];
  /** Drills that had left something, which is gone now. */
  readonly removed: readonly string[];
  /** Kinds of which the newest drill failed. */
  readonly failed: readonly DrillKind[];
  readonly faults: readonly string[];
  /** Since the last good drill, of the kind where it lies furthest back. */
  readonly ageSeconds: number;
}

/** What each request is answered. */
export interface DrillAnswers {
  readonly run: { readonly outcome: 'passed' | 'failed' | 'gave-way'; readonly drill: Drill };
  readonly list: { readonly outcome: 'listed'; readonly drills: readonly Drill[] };
  readonly tend: { readonly outcome: 'tended'; readonly drills: readonly Drill[]; readonly report: DrillReport };
}
export type DrillAnswerTo<Action extends keyof DrillAnswers> = DrillAnswers[Action];
export type DrillAnswer = DrillAnswers[keyof DrillAnswers];

const MANY = 50;
export const SCHEDULE = 'schedule';

export const drill = async (ports: DrillPorts, request: DrillRequest, until: EpochMs): Promise<DrillAnswer> => {
  switch (request.action) {
    case 'run': {
      const { kind, repository, reason, requestedBy = 'unknown' } = request;
      const made = await runDrill(ports, { kind, repository, reason, requestedBy }, until);
      const outcome = made.state === 'PASSED' ? 'passed' : made.state === 'GAVE_WAY' ? 'gave-way' : 'failed';
      return { outcome, drill: made };
    }
    case 'list': {
      const kinds = request.kind === undefined ? DRILL_KINDS : [request.kind];
      const all = (await Promise.all(kinds.map((kind) => Array.fromAsync(ports.drills.list(kind))))).flat();
      const drills = all.toSorted((a, b) => b.startedAt - a.startedAt).slice(0, request.limit ?? MANY);
      return { outcome: 'listed', drills };
    }
    case 'tend':
      return tend(ports, until);
  }
};

/** Cleans up first: what died is ended, and then counts as a drill that failed. */
const tend = async (ports: DrillPorts, until: EpochMs): Promise<DrillAnswers['tend']> => {
  const everySeconds = (await ports.config.load()).drills?.everySeconds ?? 0;
  const { removed, faults } = await removeLeftovers(ports);
  const drills: Drill[] = [];
  const failed: DrillKind[] = [];
  const ages: number[] = [];
  const more: string[] = [];
  for (const kind of DRILL_KINDS) {
    if (everySeconds > 0 && isDrillDue(await listOf(ports, kind), everySeconds, ports.clock.now())) {
      try {
        drills.push(await runDrill(ports, { kind, requestedBy: SCHEDULE }, until));
      } catch (error) {
        more.push(`${kind}: ${String(error)}`);
        ports.log.error('a drill could not be run', { kind, reason: String(error) });
      }
    }
    const newestFirst = await listOf(ports, kind);
    if (lastFailed(newestFirst)) failed.push(kind);
    ages.push(ageOf(newestFirst, ports.clock.now()));
  }
  const ran = drills.map(({ id, state }) => ({ id, state }));
  const report = { ran, removed, failed, faults: [...faults, ...more], ageSeconds: Math.max(...ages) };
  return { outcome: 'tended', drills, report };
};

const listOf = (ports: DrillPorts, kind: DrillKind): Promise<Drill[]> => Array.fromAsync(ports.drills.list(kind));

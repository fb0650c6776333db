/** What a drill under way is given, and what it finds. */
import type { Drill, TriedBackup } from '../domain/drill.ts';
import type { EpochMs } from '../domain/run.ts';

export interface DrillWork {
  readonly drill: Drill;
  /** Nothing is begun after that. */
  readonly until: EpochMs;
  /** Writes down what comes next. @throws BL8802 where somebody needs the way now, BL8805 where the time is up. */
  step(what: string): Promise<void>;
}

export interface DrillFindings {
  /** Of the rollback or restore itself. */
  readonly seconds: number;
  /** Empty where everything is as it was. */
  readonly differences: readonly string[];
  readonly compared: { readonly refs: number; readonly objects: number };
  /** The newest backup of the lake, where it was tried. */
  readonly backup?: TriedBackup;
}

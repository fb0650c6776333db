/** What the promotions of one batch tell each other. */
import type { Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';

/** As long as the ledger's calls between look and merge may take anyway. */
const HANDED_ON_MS = 500;

/**
 * What the promotions of one batch tell each other: a head that one has just verified, so that the next need not read it again.
 * The look at the target's log is always a moment older than the merge; step 5 finds what came in between.
 */
export class Batch {
  readonly #heads = new Map<string, { readonly head: string; readonly until: number }>();

  handOn(ports: Ports, { repository, target }: Run, head: string): void {
    this.#heads.set(`${repository}/${target}`, { head, until: ports.clock.now() + HANDED_ON_MS });
  }

  /** Once: who takes it goes on to make a new one, or to look for itself. */
  take(ports: Ports, { repository, target }: Run): string | undefined {
    const handed = this.#heads.get(`${repository}/${target}`);
    this.#heads.delete(`${repository}/${target}`);
    return handed !== undefined && ports.clock.now() <= handed.until ? handed.head : undefined;
  }
}

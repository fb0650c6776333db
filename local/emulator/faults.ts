/** Faults on demand: what a network and a busy server do, at a moment that a test chooses. */

export type FaultAction =
  /** Answer so, without doing anything. */
  | { readonly kind: 'answer'; readonly status: number; readonly message: string }
  /** Do it, then hang up before the answer. */
  | { readonly kind: 'lose-answer' }
  /** Hang up before doing anything. */
  | { readonly kind: 'hang-up' }
  | { readonly kind: 'delay'; readonly ms: number };

export interface FaultRule {
  /** `METHOD /path` is tested against it, e.g. `^POST .*\/merge\/`. */
  readonly match: string;
  readonly action: FaultAction;
  /** Let so many matching calls pass first. */
  readonly skip?: number;
  /** Then strike so often; for good where it is missing. */
  readonly times?: number;
}

interface Armed {
  readonly rule: FaultRule;
  readonly pattern: RegExp;
  seen: number;
}

export class FaultInjector {
  #armed: Armed[] = [];

  add(rule: FaultRule): void {
    this.#armed.push({ rule, pattern: new RegExp(rule.match), seen: 0 });
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault that strikes this call, if any. */
  strike(method: string, path: string): FaultAction | undefined {
    for (const armed of this.#armed) {
      if (!armed.pattern.test(`${method} ${path}`)) continue;
      armed.seen += 1;
      const turn = armed.seen - (armed.rule.skip ?? 0);
      if (turn >= 1 && turn <= (armed.rule.times ?? Number.MAX_SAFE_INTEGER)) return armed.rule.action;
    }
    return undefined;
  }
}

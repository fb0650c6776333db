/** Faults on demand: what a network and a busy server do, at a moment that a test chooses. */
import * as z from 'zod';

const faultAction = z.discriminatedUnion('kind', [
  /** Answer so, without doing anything. */
  z.strictObject({ kind: z.literal('answer'), status: z.int().min(200).max(599), message: z.string() }),
  /** Do it, then hang up before the answer. */
  z.strictObject({ kind: z.literal('lose-answer') }),
  /** Hang up before doing anything. */
  z.strictObject({ kind: z.literal('hang-up') }),
  z.strictObject({ kind: z.literal('delay'), ms: z.number().nonnegative() }),
]);

export type FaultAction = z.infer<typeof faultAction>;

const isPattern = (text: string): boolean => {
  try {
    return new RegExp(text) !== undefined;
  } catch {
    return false;
  }
};

const faultRule = z.strictObject({
  /** `METHOD /path` is tested against it, e.g. `^POST .*\/merge\/`; the empty pattern stands for every call. */
  match: z.string().refine(isPattern, 'not a regular expression'),
  action: faultAction,
  /** Let so many matching calls pass first. */
  skip: z.int().nonnegative().exactOptional(),
  /** Then strike so often; until it is lifted where it is missing. */
  times: z.int().positive().exactOptional(),
});

export type FaultRule = z.infer<typeof faultRule>;

/** @returns the rule, or in words what is wrong with it. */
export const parseFaultRule = (text: string): FaultRule | string => {
  try {
    const read = faultRule.safeParse(JSON.parse(text));
    return read.success ? read.data : z.prettifyError(read.error);
  } catch (error) {
    return `not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
};

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

/**
 * The calls of the lakeFS port that one run made, told as a script that can be played again for another branch: the same calls in
 * the same order through the same client, with the commit ids that the new answers give in place of the old ones.
 */
import type { Lakefs } from '../../lambdas/ports.ts';

interface Recorded {
  readonly method: keyof Lakefs;
  /** JSON of the arguments, and of the answer: all that was listed, where the call is a listing. */
  readonly args: string;
  readonly answer: string;
}

const COMMIT_ID = /\b[0-9a-f]{64}\b/g;
const idsIn = (text: string): readonly string[] => text.match(COMMIT_ID) ?? [];

const isListing = (answer: unknown): answer is AsyncIterable<unknown> =>
  typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;

const invoke = (lakefs: Lakefs, method: keyof Lakefs, args: readonly unknown[]): unknown =>
  Reflect.apply(lakefs[method] as (...args: readonly unknown[]) => unknown, lakefs, args);

const outcomeOf = async (answer: unknown): Promise<unknown> => {
  if (!isListing(answer)) return answer;
  const items: unknown[] = [];
  for await (const item of answer) items.push(item);
  return items;
};

export class Recorder {
  readonly calls: Recorded[] = [];
  /** Off while time is taken: recording costs some. */
  recording = false;

  /** The same port; what is called on it while `recording` is written down. */
  around(lakefs: Lakefs): Lakefs {
    const methods = Object.keys(lakefs) as (keyof Lakefs)[];
    const wrapped = methods.map((method) => [
      method,
      (...args: readonly unknown[]) => {
        const answer = invoke(lakefs, method, args);
        if (!this.recording) return answer;
        return isListing(answer) ? this.#list(method, args, answer) : this.#once(method, args, answer);
      },
    ]);
    return Object.fromEntries(wrapped) as unknown as Lakefs;
  }

  async #once(method: keyof Lakefs, args: readonly unknown[], answer: unknown): Promise<unknown> {
    const outcome = await answer;
    this.#write(method, args, outcome);
    return outcome;
  }

  async *#list(method: keyof Lakefs, args: readonly unknown[], answer: unknown): AsyncIterable<unknown> {
    const items = (await outcomeOf(answer)) as readonly unknown[];
    this.#write(method, args, items);
    yield* items;
  }

  #write(method: keyof Lakefs, args: readonly unknown[], outcome: unknown): void {
    this.calls.push({ method, args: JSON.stringify(args), answer: JSON.stringify(outcome) ?? 'null' });
  }
}

/** Where a commit id comes from: the answer to a call of this run (0) or of the run before it (1). */
interface Origin {
  readonly runsAgo: 0 | 1;
  readonly call: number;
  readonly at: number;
}

export interface Names {
  readonly repository: string;
  readonly branch: string;
}

export interface Script {
  readonly names: Names;
  readonly steps: readonly { readonly recorded: Recorded; readonly origins: readonly (readonly [string, Origin])[] }[];
  /** Calls whose answers hold an id that a later call needs. The others are read and dropped. */
  readonly asked: ReadonlySet<number>;
}

const originOf = (id: string, run: readonly Recorded[], before: readonly Recorded[]): Origin | undefined => {
  for (const [runsAgo, calls] of [[0, run] as const, [1, before] as const]) {
    for (const [call, { answer }] of calls.entries()) {
      const at = idsIn(answer).indexOf(id);
      if (at >= 0) return { runsAgo, call, at };
    }
  }
  return undefined;
};

/** @param before the calls of the run before it: what was learnt there may be used here. */
export const scriptOf = (run: readonly Recorded[], before: readonly Recorded[], names: Names): Script => {
  const steps = run.map((recorded, i) => {
    const origins = [...new Set(idsIn(recorded.args))].flatMap((id) => {
      const origin = originOf(id, run.slice(0, i), before);
      return origin === undefined ? [] : [[id, origin] as const];
    });
    return { recorded, origins };
  });
  return { names, steps, asked: new Set(steps.flatMap(({ origins }) => origins.map(([, { call }]) => call))) };
};

/** Ids that the answers of one playing gave, by the number of the call. */
export type Played = Map<number, readonly string[]>;

/** Plays the calls `from` up to (not including) `to`, one after the other. */
export const play = async (
  script: Script,
  lakefs: Lakefs,
  names: Names,
  played: { readonly now: Played; readonly before: Played | undefined },
  [from, to]: readonly [number, number],
): Promise<void> => {
  for (const [call, { recorded, origins }] of script.steps.entries()) {
    if (call < from || call >= to) continue;
    let args = recorded.args
      .replaceAll(script.names.branch, names.branch)
      .replaceAll(script.names.repository, names.repository);
    for (const [id, { runsAgo, call: asked, at }] of origins) {
      // The first playing has none before it; its own answers name a commit that serves as well.
      const ids = (runsAgo === 0 ? played.now : (played.before ?? played.now)).get(asked);
      args = args.replaceAll(id, ids?.[at] ?? ids?.[0] ?? id);
    }
    const outcome = await outcomeOf(await invoke(lakefs, recorded.method, JSON.parse(args) as unknown[]));
    if (script.asked.has(call)) played.now.set(call, idsIn(JSON.stringify(outcome)));
  }
};

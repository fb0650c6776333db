/** Ports whose calls are counted, may die before or after they took effect, and wait for their turn. */
export class Died extends Error {}

export interface Fault {
  /** Number of the call, from 0. */
  readonly at: number;
  /** Whether the call takes effect before its answer is lost. */
  readonly after: boolean;
}

const isListing = (name: string): boolean => /^(list|diff|log)/.test(name);

async function* later(call: () => Promise<unknown[]>): AsyncIterable<unknown> {
  yield* await call();
}

/** @param names the ports of which every method is a call; after the fault all of them are dead. */
export const dying = <P extends object>(
  ports: P,
  names: readonly (keyof P)[],
  turn: () => Promise<void> = async () => undefined,
  fault?: Fault,
): P => {
  let calls = 0;
  let isDead = false;
  const once = async (act: () => Promise<unknown>): Promise<unknown> => {
    await turn();
    const dies = isDead || calls === fault?.at;
    calls += 1;
    if (dies) isDead = true;
    if (dies && fault?.after !== true) throw new Died();
    const answer = await act();
    if (dies) throw new Died();
    return answer;
  };
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        // Names of places are no calls.
        if (typeof method !== 'function') return method;
        if (name === 'uri' || name === 'keyOf') return method.bind(target) as unknown;
        return (...args: unknown[]) => {
          const act = (): unknown => Reflect.apply(method, target, args);
          return isListing(String(name))
            ? later(() => once(() => Array.fromAsync(act() as AsyncIterable<unknown>)) as Promise<unknown[]>)
            : once(async () => act());
        };
      },
    });
  return { ...ports, ...Object.fromEntries(names.map((name) => [name, wrap(ports[name] as object)])) };
};

/** Two or more at once, call by call, in the order that the dice say. */
export const interleaved = async (
  count: number,
  dice: readonly number[],
  begin: (turn: () => Promise<void>) => Promise<unknown>,
): Promise<void> => {
  const waiting: (() => void)[] = [];
  let left = count;
  const faults: unknown[] = [];
  const turn = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  for (let i = 0; i < count; i += 1) {
    void begin(turn)
      .catch((error: unknown) => faults.push(error))
      .finally(() => {
        left -= 1;
      });
  }
  for (let at = 0; left > 0; at += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    waiting.splice((dice[at % dice.length] ?? 0) % Math.max(1, waiting.length), 1)[0]?.();
  }
  if (faults.length > 0) throw faults[0];
};

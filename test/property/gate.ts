/**
 * Puts every external call of the use cases under a test's control: in which order the calls of concurrent invocations
 * happen, and whether one of them crashes its invocation, before or after it took effect.
 */
import { BranchlineError } from '../../lambdas/domain/errors.ts';
import type { Ports } from '../../lambdas/ports.ts';

/** The invocation dies here: a function that ran out of time or memory. Nothing catches it on the way. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

export type Fault = 'crash-before' | 'crash-after' | 'unreachable-before' | 'unreachable-after';

/** lakeFS fails every call from this one on, so many of them. */
export interface Outage {
  readonly from: number;
  readonly calls: number;
  /** Unreachable, credentials refused, throttled, ailing. */
  readonly code: 'BL3001' | 'BL3002' | 'BL3003' | 'BL3005';
}

type Pending = () => void;

export class Gate {
  readonly #waiting: Pending[] = [];
  readonly #faults: ReadonlyMap<number, Fault>;
  #outage: Outage | undefined;
  calls = 0;

  /** @param faults by the number of the call, counted over all invocations in the order in which they happen. */
  constructor(faults: ReadonlyMap<number, Fault>, outage?: Outage) {
    this.#faults = faults;
    this.#outage = outage;
  }

  /** lakeFS is back. */
  endOutage(): void {
    this.#outage = undefined;
  }

  /** Ports whose every asynchronous call waits for its turn. */
  guard(ports: Ports): Ports {
    return {
      ...ports,
      lakefs: this.#wrap(ports.lakefs, true),
      ledger: this.#wrap(ports.ledger, false),
      glue: this.#wrap(ports.glue, false),
      promotions: this.#wrap(ports.promotions, false),
    };
  }

  /** One more port of the ledger's, whose every call waits for its turn. */
  guardOne<T extends object>(port: T): T {
    return this.#wrap(port, false);
  }

  /** Runs these invocations together; `choose(n)` picks which of n waiting calls happens next. */
  async run(invocations: readonly (() => Promise<void>)[], choose: (n: number) => number): Promise<void> {
    let left = invocations.length;
    for (const invocation of invocations) {
      invocation().finally(() => {
        left -= 1;
      });
    }
    while (left > 0) {
      await settled();
      const next = this.#waiting.splice(choose(this.#waiting.length), 1)[0];
      next?.();
      await settled();
    }
  }

  #wrap<T extends object>(port: T, isNetwork: boolean): T {
    const gate = this;
    return new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          const call = () => Reflect.apply(method, target, args) as unknown;
          // Listings are generators: their first page is the call.
          return isGenerator(method)
            ? gate.#list(call as () => AsyncIterable<unknown>, isNetwork)
            : gate.#once(call, isNetwork);
        };
      },
    });
  }

  async #once(call: () => unknown, isNetwork: boolean): Promise<unknown> {
    const fault = await this.#turn(isNetwork);
    this.#before(fault, isNetwork);
    const answer = await call();
    this.#after(fault, isNetwork);
    return answer;
  }

  async *#list(call: () => AsyncIterable<unknown>, isNetwork: boolean): AsyncIterable<unknown> {
    const fault = await this.#turn(isNetwork);
    this.#before(fault, isNetwork);
    const items: unknown[] = [];
    for await (const item of call()) items.push(item);
    this.#after(fault, isNetwork);
    yield* items;
  }

  async #turn(isNetwork: boolean): Promise<Fault | undefined> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const call = this.calls;
    this.calls += 1;
    const outage = this.#outage;
    if (isNetwork && outage !== undefined && call >= outage.from && call < outage.from + outage.calls) {
      throw new BranchlineError(outage.code, 'lakeFS is away');
    }
    return this.#faults.get(call);
  }

  #before(fault: Fault | undefined, isNetwork: boolean): void {
    if (fault === 'crash-before') throw new Crash();
    if (fault === 'unreachable-before') throw isNetwork ? new BranchlineError('BL3001', 'refused') : new Crash();
  }

  #after(fault: Fault | undefined, isNetwork: boolean): void {
    if (fault === 'crash-after') throw new Crash();
    if (fault === 'unreachable-after') throw isNetwork ? new BranchlineError('BL3001', 'answer lost') : new Crash();
  }
}

const isGenerator = (method: object): boolean =>
  Object.prototype.toString.call(method) === '[object AsyncGeneratorFunction]';

/** Everything that can go on without a further external call has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Some of many, evenly spread, without knowing how many there are. Pure. */
export class Spread<T> {
  readonly #most: number;
  #kept: T[] = [];
  #stride = 1;
  #seen = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(item: T): void {
    if (this.#seen % this.#stride === 0) {
      this.#kept.push(item);
      if (this.#kept.length > this.#most) {
        this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
        this.#stride *= 2;
      }
    }
    this.#seen += 1;
  }

  /** How many there were. */
  get seen(): number {
    return this.#seen;
  }

  get kept(): readonly T[] {
    return this.#kept;
  }
}

/**
 * Very many addresses in little memory: eight bytes of a digest each, sorted once. Among ten million a false "it is in there" has a
 * chance of one in a million million; where it matters S3 is asked besides. Pure.
 */
import { createHash } from 'node:crypto';

const FIRST = 1024;

const fingerprint = (address: string): bigint => createHash('sha1').update(address, 'utf8').digest().readBigUInt64LE(0);

export class AddressSet {
  #values = new BigUint64Array(FIRST);
  #count = 0;
  #isSorted = true;

  add(address: string): void {
    if (this.#count === this.#values.length) {
      const larger = new BigUint64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count] = fingerprint(address);
    this.#count += 1;
    this.#isSorted = false;
  }

  has(address: string): boolean {
    if (!this.#isSorted) {
      this.#values.subarray(0, this.#count).sort();
      this.#isSorted = true;
    }
    const wanted = fingerprint(address);
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#values[middle] ?? 0n;
      if (found === wanted) return true;
      if (found < wanted) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  /** How many were added; twice the same counts twice. */
  get size(): number {
    return this.#count;
  }
}

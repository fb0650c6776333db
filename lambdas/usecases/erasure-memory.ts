/**
 * How far a look has come, in the backup bucket. A commit never changes: what of it was looked at is not looked at again, so that a look at
 * a large lake may take many invocations. Written where the time is up, and now and then against a death; a small lake never needs it.
 */
import { SCHEMA_VERSION } from '../contract.ts';
import { type ErasedObject, ErasedObjects } from '../domain/erasure.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';

/** An object that a commit shows. */
export interface ShownThere {
  readonly address: string;
  readonly path: string;
}

/** A commit that was listed up to a path. */
interface Part {
  readonly of: number;
  readonly after: string;
  readonly found: readonly ShownThere[];
}

/** A destination that was listed up to a key. */
export interface CopiesSoFar {
  /** What lies there may have changed with it. */
  readonly commit: string | undefined;
  readonly after: string;
  readonly found: readonly string[];
}

interface Stored {
  readonly schemaVersion: number;
  readonly objects: readonly ErasedObject[];
  readonly searched: readonly string[];
  /** By commit and prefix: of how many objects, and which of them. */
  readonly shown: readonly (readonly [string, number, readonly (readonly [string, string])[]])[];
  readonly parts: readonly (readonly [string, Part])[];
  readonly alike: readonly (readonly [string, string])[];
  readonly copies: readonly (readonly [string, CopiesSoFar])[];
}

const NOTHING = '{}';
const SAVE_EVERY_MS = 60_000;
/** What many commits show of many objects would be a file that no function can hold: of more, commits are looked at again. */
const MOST_SHOWN = 200_000;
/** Ids of commits are told apart by that. */
const ID = 24;
const keyOf = (commit: string, prefix: string): string => `${commit.slice(0, ID)} ${prefix}`;

export class ErasureMemory {
  readonly objects: ErasedObjects;
  /** Other objects of the same content, with a path. */
  readonly alike = new Map<string, string>();
  readonly #searched = new Set<string>();
  readonly #shown = new Map<string, { readonly of: number; readonly found: readonly ShownThere[] }>();
  readonly #parts = new Map<string, Part>();
  readonly #copies = new Map<string, CopiesSoFar>();
  readonly #ports: Pick<ErasurePorts, 'backups' | 'clock'>;
  readonly #key: string;
  #entries = 0;
  #savedAt: EpochMs;
  #isKept = false;

  constructor(ports: Pick<ErasurePorts, 'backups' | 'clock'>, key: string, objects = new ErasedObjects()) {
    this.#ports = ports;
    this.#key = key;
    this.objects = objects;
    this.#savedAt = ports.clock.now();
  }

  /** As the last invocation left it. */
  async load(): Promise<this> {
    const text = await this.#ports.backups.get(this.#key);
    if (text === undefined || text === NOTHING) return this;
    this.#isKept = true;
    const { objects, searched, shown, parts, alike, copies } = JSON.parse(text) as Stored;
    for (const object of objects) this.objects.restore(object);
    for (const id of searched) this.#searched.add(id);
    for (const [key, of, found] of shown)
      this.#keep(
        key,
        of,
        found.map(([address, path]) => ({ address, path })),
      );
    for (const [key, part] of parts) this.#parts.set(key, part);
    for (const [address, path] of alike) this.alike.set(address, path);
    for (const [name, so] of copies) this.#copies.set(name, so);
    return this;
  }

  isSearched(commit: string): boolean {
    return this.#searched.has(commit.slice(0, ID));
  }

  searched(commit: string): void {
    this.#searched.add(commit.slice(0, ID));
  }

  /** Of as many objects as are known now: a set that only grows is another one when it has grown. */
  shownBy(commit: string, prefix: string): readonly ShownThere[] | undefined {
    const known = this.#shown.get(keyOf(commit, prefix));
    return known?.of === this.objects.size ? known.found : undefined;
  }

  looked(commit: string, prefix: string, found: readonly ShownThere[]): void {
    const key = keyOf(commit, prefix);
    this.#parts.delete(key);
    this.#keep(key, this.objects.size, found);
  }

  partOf(commit: string, prefix: string): Omit<Part, 'of'> | undefined {
    const part = this.#parts.get(keyOf(commit, prefix));
    return part?.of === this.objects.size ? part : undefined;
  }

  part(commit: string, prefix: string, so: Omit<Part, 'of'>): void {
    this.#parts.set(keyOf(commit, prefix), { of: this.objects.size, ...so });
  }

  #keep(key: string, of: number, found: readonly ShownThere[]): void {
    if (this.#entries + found.length > MOST_SHOWN) return;
    this.#entries += found.length;
    this.#shown.set(key, { of, found });
  }

  copiesOf(name: string, commit: string | undefined): CopiesSoFar | undefined {
    const so = this.#copies.get(name);
    return so !== undefined && so.commit === commit ? so : undefined;
  }

  /** `undefined` where the destination was listed to its end. */
  copies(name: string, so: CopiesSoFar | undefined): void {
    if (so === undefined) this.#copies.delete(name);
    else this.#copies.set(name, so);
  }

  async save(): Promise<void> {
    this.#savedAt = this.#ports.clock.now();
    const stored: Stored = {
      ...{ schemaVersion: SCHEMA_VERSION, objects: this.objects.all, searched: [...this.#searched] },
      shown: [...this.#shown].map(([key, { of, found }]) => [
        ...([key, of] as const),
        found.map(({ address, path }) => [address, path] as const),
      ]),
      ...{ parts: [...this.#parts], alike: [...this.alike], copies: [...this.#copies] },
    };
    await this.#ports.backups.put(this.#key, JSON.stringify(stored));
    this.#isKept = true;
  }

  async saveIfDue(): Promise<void> {
    if (this.#ports.clock.now() - this.#savedAt >= SAVE_EVERY_MS) await this.save();
  }

  /** The look has ended. Whoever erases may delete nothing of what is kept: the file is emptied. */
  async forget(): Promise<void> {
    if (this.#isKept) await this.#ports.backups.put(this.#key, NOTHING);
    this.#isKept = false;
  }
}

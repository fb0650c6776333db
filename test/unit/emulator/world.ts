/** A model with one repository, and edits on its branches as plain data. */
import * as fc from 'fast-check';
import { LakefsModel } from '../../../local/emulator/model/model.ts';
import {
  type CommitRecord,
  type Entry,
  ModelError,
  type RepositoryRecord,
} from '../../../local/emulator/model/types.ts';

/** Path → new content, or `null` for a deletion. */
export type Edits = Readonly<Record<string, string | null>>;

const PATHS = ['a', 'b', 'p=1/x', 'p=1/y', 'p=1', 'p=10/x', 'q/é', 'q/z'] as const;
const CONTENTS = ['1', '22', '333'] as const;

export const someEdits = (paths: readonly string[] = PATHS): fc.Arbitrary<Edits> =>
  fc.dictionary(fc.constantFrom(...paths), fc.option(fc.constantFrom(...CONTENTS), { freq: 3 }), {
    maxKeys: paths.length,
    noNullPrototype: true,
  });

/** Edits that touch no path in common. */
export const disjointEdits: fc.Arbitrary<readonly [Edits, Edits]> = fc
  .integer({ min: 1, max: PATHS.length - 1 })
  .chain((at) => fc.tuple(someEdits(PATHS.slice(0, at)), someEdits(PATHS.slice(at))));

export class World {
  readonly model: LakefsModel;
  readonly repository: RepositoryRecord;
  #now = 1_790_000_000_000;
  #serial = 0;

  /** Main holds `base`. */
  constructor(base: Edits = {}) {
    this.model = new LakefsModel({ now: () => this.#now, protectionDelayMs: 1000, committer: 'tester' });
    this.repository = this.model.createRepository('lake', 'mem://lake', 'main');
    this.commit('main', base);
  }

  wait(ms: number): void {
    this.#now += ms;
  }

  stage(branch: string, edits: Edits): void {
    for (const [path, content] of Object.entries(edits)) {
      this.model.stage(this.repository, branch, path, content === null ? null : this.#entry(path, content));
    }
  }

  /** Commits even where nothing changed. */
  commit(branch: string, edits: Edits): CommitRecord {
    this.stage(branch, edits);
    this.wait(1000);
    return this.model.commit(this.repository, branch, { message: 'edit', allowEmpty: true });
  }

  branchWith(name: string, edits: Edits, source = 'main'): CommitRecord {
    this.model.createBranch(this.repository, name, source);
    return this.commit(name, edits);
  }

  /** Refused where nothing would change, so that tests of content need not care: then the head stays. */
  merge(source: string, destination = 'main', strategy?: 'source-wins' | 'dest-wins'): 'merged' | 'conflict' {
    this.wait(1000);
    try {
      const input = { message: '', allowEmpty: true, ...(strategy === undefined ? {} : { strategy }) };
      this.model.merge(this.repository, source, destination, input);
      return 'merged';
    } catch (error) {
      if (error instanceof ModelError && error.status === 409) return 'conflict';
      throw error;
    }
  }

  head(branch = 'main'): string {
    return this.model.branch(this.repository, branch).head;
  }

  /** Content by path; contents are told by their checksum. */
  files(ref = 'main'): Record<string, string> {
    return Object.fromEntries(
      [...this.model.view(this.repository, ref)].map(([path, { checksum }]) => [path, checksum] as const).sort(),
    );
  }

  /** No two paths have the same content: of such files a merge loses some, as a real server's does. */
  #entry(path: string, content: string): Entry {
    this.#serial += 1;
    return {
      physicalAddress: `mem://lake/data/${String(this.#serial)}`,
      checksum: `${path}: ${content}`,
      sizeBytes: content.length,
      mtime: Math.floor(this.#now / 1000),
      contentType: 'application/octet-stream',
      metadata: {},
    };
  }
}

export const refusal = (act: () => unknown): { status: number; message: string } => {
  try {
    act();
  } catch (error) {
    if (error instanceof ModelError) return { status: error.status, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
};

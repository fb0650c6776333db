/** What every file of the contract suite works with: each named server in turn, and a fresh repository for each test. */
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import type { Change, Commit } from '../../lambdas/domain/lakefs.ts';
import type { Lakefs } from '../../lambdas/ports.ts';
import { type Answered, freshRepository, SERVERS, type Server } from './server.ts';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (content: Uint8Array | undefined): string => new TextDecoder().decode(content);
export const request = (message: string, metadata: Record<string, string> = {}) => ({ message, metadata });
export const paths = async (changes: AsyncIterable<Change>): Promise<string[]> =>
  (await Array.fromAsync(changes)).map(({ type, path }) => `${type} ${path}`);

/** Results of a page, as `call` tells them. */
export interface Page {
  readonly pagination: {
    readonly has_more: boolean;
    readonly next_offset: string;
    readonly results: number;
    readonly max_per_page: number;
  };
  readonly results: readonly { readonly id: string; readonly path: string; readonly type: string }[];
}

export class Lake {
  #server: Server | undefined;
  #repository = '';

  get server(): Server {
    if (this.#server === undefined) throw new Error('the server is not started yet');
    return this.#server;
  }
  get repository(): string {
    return this.#repository;
  }
  get lakefs(): Lakefs {
    return this.server.lakefs;
  }
  get endpoint(): string {
    return this.server.endpoint;
  }

  async start(start: () => Promise<Server>): Promise<void> {
    this.#server = await start();
  }
  async renew(): Promise<void> {
    this.#repository = await freshRepository(this.server);
  }
  storageNamespace = (name: string): string => this.server.storageNamespace(name);

  /** Raw call for what the port does not have; `path` below the repository. */
  call = (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered> =>
    this.server.call(method, `/repositories/${this.repository}${path}`, body, headers);
  status = async (method: string, path: string, body?: unknown): Promise<number> =>
    (await this.call(method, path, body)).status;

  put = (branch: string, path: string, content = path) =>
    this.lakefs.putObject(this.repository, branch, path, bytes(content));
  headOf = async (branch = 'main'): Promise<string> =>
    (await this.lakefs.getBranch(this.repository, branch))?.commitId ?? '';

  /** `null` deletes. */
  commit = async (branch: string, files: Record<string, string | null>, message = 'c'): Promise<Commit> => {
    for (const [path, content] of Object.entries(files)) {
      if (content === null) await this.lakefs.deleteObjects(this.repository, branch, [path]);
      else await this.put(branch, path, content);
    }
    const answer = await this.lakefs.commit(this.repository, branch, request(message));
    if (answer.outcome !== 'committed') throw new Error('nothing committed');
    return answer.commit;
  };

  /** A branch from main's head with one commit. */
  branchWith = async (name: string, files: Record<string, string | null>): Promise<Commit> => {
    await this.lakefs.createBranch(this.repository, name, await this.headOf());
    return this.commit(name, files);
  };

  merge = (source: string, metadata: Record<string, string> = {}) =>
    this.lakefs.merge(this.repository, source, 'main', request('m', metadata));

  mergeCommit = async (source: string): Promise<string> => {
    const answer = await this.merge(source);
    if (answer.outcome !== 'merged') throw new Error(answer.outcome);
    return answer.commitId;
  };

  files = async (ref = 'main'): Promise<string[]> =>
    (await Array.fromAsync(this.lakefs.listObjects(this.repository, ref, {}))).map(({ path }) => path);
}

/** The same tests on every server. */
export const againstEveryServer = (tests: (lake: Lake) => void): void => {
  describe.each(SERVERS)('$name', ({ start }) => {
    const lake = new Lake();
    beforeAll(() => lake.start(start));
    afterAll(() => lake.server.close());
    beforeEach(() => lake.renew());
    tests(lake);
  });
};

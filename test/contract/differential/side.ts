/** One of the two servers that are told the same story: sends each operation, and tells its answer in neutral words. */
import { freshRepository, type Server } from '../server.ts';
import type { Operation, RefSpec } from './operations.ts';

export interface Told {
  readonly status: number;
  readonly body: unknown;
}

/** They differ between any two servers and any two moments. */
const OWN = new Set(['mtime', 'creation_date', 'physical_address', 'committer', 'cherry-pick-committer', 'storage_id']);
const IDENTIFIER = /\b[0-9a-f]{64}\b/g;

/** What the client reads out of a message; the rest of its wording nobody promises. */
const MEANINGS = [/no changes/i, /currently locked/i, /repository not found/i];
const hasMessage = (body: unknown): body is { message: string } =>
  typeof body === 'object' && body !== null && 'message' in body && !('id' in body);

const isRef = (value: unknown): value is RefSpec =>
  typeof value === 'object' && value !== null && ('commit' in value || 'steps' in value);

export class Side {
  readonly #server: Server;
  readonly #repository: string;
  /** Commits in the order in which they were made, and their meta-ranges. */
  readonly #commits: { readonly id: string; readonly metaRange: string }[] = [];
  /** Identifiers by the order in which they were first told. */
  readonly #aliases = new Map<string, string>();

  private constructor(server: Server, repository: string) {
    this.#server = server;
    this.#repository = repository;
  }

  static async begin(server: Server): Promise<Side> {
    const side = new Side(server, await freshRepository(server));
    await side.#noteHead('main');
    // So that there are branches to merge.
    for (const name of ['x', 'y'])
      await side.tell({ method: 'POST', path: ['branches'], json: { name, source: 'main' } });
    return side;
  }

  async tell(operation: Operation): Promise<Told> {
    const { method, json, content, headers, moves } = operation;
    const path = operation.path.map((part) => encodeURIComponent(typeof part === 'string' ? part : this.#ref(part)));
    const answer = await this.#server.call(
      method,
      `/repositories/${this.#repository}/${path.join('/')}${this.#query(operation)}`,
      content === undefined ? json && this.#body(json) : Buffer.from(content),
      content === undefined ? headers : { 'content-type': 'application/octet-stream', ...headers },
    );
    if (moves !== undefined && answer.status < 300) await this.#noteHead(moves);
    const body = answer.body ?? answer.text;
    return {
      status: answer.status,
      body: hasMessage(body)
        ? MEANINGS.filter((meaning) => meaning.test(body.message)).map(String)
        : this.#neutral(body),
    };
  }

  #query({ query = {} }: Operation): string {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (typeof value === 'string') given.append(name, value);
      else if (isRef(value)) given.append(name, this.#ref(value));
      else if ('metaRangeOf' in value) given.append(name, this.#at(value.metaRangeOf).metaRange);
      else for (const each of value) given.append(name, each);
    }
    return given.size === 0 ? '' : `?${given.toString()}`;
  }

  #body(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(json).map(([name, value]) => [name, isRef(value) ? this.#ref(value) : value]),
    );
  }

  #ref(ref: RefSpec): string {
    return 'commit' in ref ? this.#at(ref.commit).id : `${ref.name}${ref.steps}`;
  }

  #at(back: number): { id: string; metaRange: string } {
    return this.#commits.at(-1 - (back % this.#commits.length)) ?? { id: '', metaRange: '' };
  }

  async #noteHead(branch: string): Promise<void> {
    const { body } = await this.#server.call('GET', `/repositories/${this.#repository}/branches/${branch}`);
    const { commit_id: id } = (body ?? {}) as { commit_id?: string };
    if (id === undefined || this.#commits.some((known) => known.id === id)) return;
    const commit = await this.#server.call('GET', `/repositories/${this.#repository}/commits/${id}`);
    this.#commits.push({ id, metaRange: (commit.body as { meta_range_id: string }).meta_range_id });
  }

  #alias(id: string): string {
    const known = this.#aliases.get(id) ?? `id-${String(this.#aliases.size)}`;
    this.#aliases.set(id, known);
    return known;
  }

  #neutral(value: unknown): unknown {
    if (typeof value === 'string')
      return value.replaceAll(this.#repository, 'REPOSITORY').replaceAll(IDENTIFIER, (id) => this.#alias(id));
    if (Array.isArray(value)) return value.map((each) => this.#neutral(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !OWN.has(name))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, each]) => [name, this.#neutral(each)]),
    );
  }
}

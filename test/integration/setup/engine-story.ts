/**
 * What becomes of a table on the deployed stack, as engines that are not ours are asked about it: after each change exactly the rows that
 * the commit holds, by conditions on columns and on partitions too.
 */
import { GetTableCommand } from '@aws-sdk/client-glue';
import { expect } from 'vitest';
import { DATABASE } from '../../../local/config.ts';
import type { Harness } from '../../../local/harness.ts';
import { waitFor } from '../../../local/wait.ts';
import { branchline } from './cli.ts';
import { runTo, type Work } from './jobs.ts';
import { file, NULL_VALUE, readDirectly, row } from './judged-rows.ts';

/** A table as one engine reads it. */
export interface EngineTable {
  /** In Glue. */
  readonly name: string;
  /** As its SQL names it. */
  readonly table: string;
  /** Of which rows are made as text. */
  readonly columns: string;
  /** Rows as text, sorted. */
  ask(sql: string): Promise<readonly string[]>;
}

export interface ToldState {
  readonly commit: string;
  readonly rows: readonly string[];
  readonly hasNote: boolean;
}

export class EngineStory {
  readonly states: ToldState[] = [];
  hasNote = false;
  readonly #harness: Harness;
  readonly #job: string;
  readonly #prefix: string;
  readonly #tables: readonly EngineTable[];

  constructor(harness: Harness, job: string, prefix: string, tables: readonly EngineTable[]) {
    this.#harness = harness;
    this.#job = job;
    this.#prefix = prefix;
    this.#tables = tables;
  }

  at(dt: string, region: string, name: string): string {
    return `${this.#prefix}dt=${dt}/region=${region}/${name}.parquet`;
  }

  async promoted(work: Work): Promise<string> {
    return (await runTo(this.#harness, this.#job, work, 'PROMOTED')).mergeCommit ?? '';
  }

  /** All tables show the commit, and what they give equals its own files. */
  async shown(commit: string, count: number): Promise<void> {
    for (const { name } of this.#tables) await this.#isShown(name, commit);
    const rows = await readDirectly(this.#harness, this.#prefix, commit, this.hasNote);
    expect(rows).toHaveLength(count);
    for (const { name, table, columns, ask } of this.#tables) {
      const select = `SELECT ${columns}${this.hasNote ? ', note' : ''} FROM ${table}`;
      expect(await ask(select), name).toEqual(rows);
      // Counted from metadata alone, and by conditions on columns and on partitions, which leave files out.
      expect(await ask(`SELECT count(*) FROM ${table}`), name).toEqual([String(count)]);
      const some = rows.filter((each) => Number(each.split(' ')[2]) >= 3);
      expect(await ask(`${select} WHERE id >= 3`), name).toEqual(some);
      const first = rows.filter((each) => each.startsWith('2026-11-01 '));
      expect(await ask(`${select} WHERE dt = DATE '2026-11-01'`), name).toEqual(first);
      const nowhere = rows.filter((each) => each.split(' ')[1] === 'null');
      expect(await ask(`${select} WHERE region IS NULL`), name).toEqual(nowhere);
    }
    this.states.push({ commit, rows, hasNote: this.hasNote });
  }

  async #isShown(Name: string, commit: string): Promise<void> {
    const read = async (): Promise<true | undefined> => {
      const found = await this.#harness.aws.glue
        .send(new GetTableCommand({ DatabaseName: DATABASE, Name }))
        .catch(() => undefined);
      return found?.Table?.Parameters?.['branchline.commit'] === commit ? true : undefined;
    };
    await waitFor(read, { what: `${Name} shows ${commit}`, timeoutMs: 90_000, everyMs: 500 });
  }

  /** With files that are none of the table, and a partition without a value. */
  first(): Promise<string> {
    return this.promoted({
      binary: {
        [this.at('2026-11-01', 'north', 'a')]: file(row(1, 'one'), row(2, null, null)),
        [this.at('2026-11-01', NULL_VALUE, 'a')]: file(row(3, 'three')),
        [this.at('2026-11-02', 'south', 'a')]: file(row(4, 'four')),
        [`${this.#prefix}dt=2026-11-02/region=south/_SUCCESS`]: new Uint8Array(),
        [`${this.#prefix}_temporary/0/part.parquet`]: file(row(99, 'unfinished')),
      },
    });
  }

  /** Files and partitions that come, change and go. */
  second(): Promise<string> {
    return this.promoted({
      binary: {
        [this.at('2026-11-01', 'north', 'b')]: file(row(5, 'five')),
        [this.at('2026-11-01', NULL_VALUE, 'a')]: file(row(3, 'THREE'), row(6, 'six')),
        [this.at('2026-11-03', 'north', 'a')]: file(row(7, 'seven')),
      },
      removed: [this.at('2026-11-02', 'south', 'a')],
    });
  }

  async rolledBack(): Promise<void> {
    const name = `${this.#harness.repository}/main`;
    const [{ commit: to, rows } = { commit: '', rows: [] }] = this.states;
    const words = ['rollback', '--target', name, '--to', to, '--yes', '--wait', '--reason', 'no'];
    expect(await branchline([...words, '--who', 'anna', '--json'])).toMatchObject({ code: 0 });
    await this.shown(await this.#harness.head('main'), 4);
    expect(this.states.at(-1)?.rows).toEqual(rows);
  }

  /** A column comes; files before do not have it. */
  async withNote(): Promise<void> {
    this.hasNote = true;
    const binary = { [this.at('2026-11-04', 'north', 'a')]: file({ ...row(9, 'nine'), note: 'new' }, row(10, 'ten')) };
    await this.shown(await this.promoted({ binary }), 6);
    for (const { name, table, ask } of this.#tables)
      expect(await ask(`SELECT id FROM ${table} WHERE note IS NOT NULL`), name).toEqual(['9']);
  }
}

/** Laws that hold for any content: what the property tests of the life cycle rest on. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../../local/emulator/model/trees.ts';
import { disjointEdits, refusal, someEdits, World } from './world.ts';

const holds = <T extends readonly unknown[]>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  law: (...values: [...T]) => void,
): void =>
  fc.assert(
    fc.property(fc.tuple(...arbitraries), (values) => law(...(values as unknown as [...T]))),
    { numRuns: 300 },
  );

describe('merges', () => {
  it('of disjoint changes come to the same content in either order', () => {
    holds([someEdits(), disjointEdits], (base, [left, right]) => {
      const contents = [
        ['l', 'r'],
        ['r', 'l'],
      ].map((order) => {
        const world = new World(base);
        world.branchWith('l', left);
        world.branchWith('r', right);
        expect(order.map((name) => world.merge(name))).toEqual(['merged', 'merged']);
        return world.files();
      });
      expect(contents[0]).toEqual(contents[1]);
    });
  });

  it('conflict in either order or in none, and exactly where the three-dot diff says so', () => {
    holds([someEdits(), someEdits(), someEdits()], (base, left, right) => {
      const outcomes = [['l', 'r'] as const, ['r', 'l'] as const].map(([first, second]) => {
        const world = new World(base);
        world.branchWith('l', left);
        world.branchWith('r', right);
        world.merge(first);
        const before = world.files();
        const isForeseen = world.model
          .diff(world.repository, 'main', second, true)
          .some(({ type }) => type === 'conflict');
        const outcome = world.merge(second);
        expect(outcome).toBe(isForeseen ? 'conflict' : 'merged');
        if (outcome === 'conflict') expect(world.files()).toEqual(before);
        return outcome;
      });
      expect(outcomes[0]).toBe(outcomes[1]);
    });
  });

  it('under a strategy never conflict: the winner keeps what clashes, the rest is united', () => {
    holds([someEdits(), someEdits(), someEdits()], (base, left, right) => {
      const merged = (strategy: 'source-wins' | 'dest-wins') => {
        const world = new World(base);
        world.branchWith('l', left);
        world.branchWith('r', right);
        world.merge('l');
        const clashing = world.model
          .diff(world.repository, 'main', 'r', true)
          .flatMap(({ type, path }) => (type === 'conflict' ? [path] : []));
        const before = world.files();
        expect(world.merge('r', 'main', strategy)).toBe('merged');
        return { clashing, before, source: world.files('r'), after: world.files() };
      };
      const [bySource, byDestination] = [merged('source-wins'), merged('dest-wins')];
      for (const path of bySource.clashing) expect(bySource.after[path]).toBe(bySource.source[path]);
      for (const path of byDestination.clashing) expect(byDestination.after[path]).toBe(byDestination.before[path]);
      const without = (files: Record<string, string>) =>
        Object.entries(files).filter(([path]) => !bySource.clashing.includes(path));
      expect(without(bySource.after)).toEqual(without(byDestination.after));
    });
  });

  it('always make a commit with two parents, and a repeat says that there is nothing to do', () => {
    holds([someEdits(), someEdits()], (base, edits) => {
      const world = new World(base);
      const source = world.branchWith('run', edits);
      const before = world.head();
      fc.pre(world.model.diff(world.repository, before, source.id, false).length > 0);
      const merge = world.model.merge(world.repository, source.id, 'main', { message: '' });
      expect(merge.parents).toEqual([before, source.id]);
      expect(world.files()).toEqual(world.files(source.id));
      const again = refusal(() => world.model.merge(world.repository, source.id, 'main', { message: '' }));
      expect(again.status).toBe(400);
      expect(again.message).toContain('no changes');
      expect(world.head()).toBe(merge.id);
    });
  });
});

describe('ways back', () => {
  it('a revert of a merge restores what was, and keeps what came later elsewhere', () => {
    holds([someEdits(), disjointEdits], (base, [mine, later]) => {
      const world = new World(base);
      world.branchWith('run', mine);
      fc.pre(world.model.diff(world.repository, 'main', 'run', false).length > 0);
      world.merge('run');
      const merge = world.head();
      world.commit('main', later);
      world.model.revert(world.repository, 'main', merge, 1, {});
      const plain = new World(base);
      plain.commit('main', later);
      expect(world.files()).toEqual(plain.files());
    });
  });

  it('a commit of an old meta-range, merged, brings that state back and keeps every commit reachable', () => {
    holds([someEdits(), fc.array(someEdits(), { minLength: 1, maxLength: 4 })], (base, steps) => {
      const world = new World(base);
      const old = world.model.log(world.repository, 'main', true)[0];
      const commits = steps.map((edits) => world.commit('main', edits).id);
      world.model.createBranch(world.repository, 'back', 'main');
      const metaRange = old?.metaRangeId ?? '';
      world.model.commit(world.repository, 'back', { message: 'back', sourceMetaRange: metaRange });
      expect(world.merge('back')).toBe('merged');
      expect(world.model.diff(world.repository, old?.id ?? '', 'main', false)).toEqual([]);
      const reachable = world.model.log(world.repository, 'main', false).map(({ id }) => id);
      expect(reachable).toEqual(expect.arrayContaining(commits));
    });
  });

  it('a reset throws away exactly what is staged', () => {
    holds([someEdits(), someEdits()], (base, staged) => {
      const world = new World(base);
      const before = world.files();
      world.stage('main', staged);
      world.model.reset(world.repository, 'main', 'reset');
      expect(world.files()).toEqual(before);
      expect(world.model.uncommitted(world.repository, 'main')).toEqual([]);
    });
  });

  it('a dump, restored into a bare repository, has the same commits and the same content', () => {
    holds([someEdits(), someEdits(), someEdits()], (base, edits, staged) => {
      const world = new World(base);
      world.branchWith('run', edits);
      const [main, run] = [world.head(), world.head('run')];
      const files = world.files('run');
      world.stage('main', staged);
      const dump = world.model.dump(world.repository);
      world.model.deleteRepository('lake');
      const again = world.model.createRepository('again', 'mem://lake', 'main', true);
      world.model.restore(again, dump);
      expect([again.branches.get('main')?.head, again.branches.get('run')?.head]).toEqual([main, run]);
      expect(world.model.uncommitted(again, 'main')).toEqual([]);
      expect(world.model.diff(again, main, 'run', false)).toHaveLength(
        world.model.diff(world.repository, main, run, false).length,
      );
      expect(Object.keys(files)).toEqual([...world.model.view(again, 'run').keys()].sort());
    });
  });
});

describe('diffs', () => {
  it('of a ref with itself are empty', () => {
    holds([someEdits()], (base) => {
      const { model, repository } = new World(base);
      expect(model.diff(repository, 'main', 'main', false)).toEqual([]);
      expect(model.diff(repository, 'main', 'main', true)).toEqual([]);
    });
  });

  it('with two dots, laid on the left side, give the right side', () => {
    holds([someEdits(), someEdits(), someEdits()], (base, left, right) => {
      const world = new World(base);
      world.branchWith('l', left);
      world.branchWith('r', right);
      const [from, to] = [world.files('l'), world.files('r')];
      for (const { type, path } of world.model.diff(world.repository, 'l', 'r', false)) {
        expect(type).toBe(!(path in from) ? 'added' : path in to ? 'changed' : 'removed');
        if (type === 'removed') delete from[path];
        else from[path] = to[path] ?? '';
      }
      expect(from).toEqual(to);
    });
  });

  it('with three dots say what two dots say from the merge base, where the left side has not moved', () => {
    holds([someEdits(), someEdits()], (base, edits) => {
      const world = new World(base);
      world.branchWith('run', edits);
      const { model, repository } = world;
      expect(model.diff(repository, 'main', 'run', true)).toEqual(model.diff(repository, 'main', 'run', false));
    });
  });

  it('of staged changes are what a commit then contains', () => {
    holds([someEdits(), someEdits()], (base, edits) => {
      const world = new World(base);
      const before = world.head();
      world.stage('main', edits);
      const told = world.model.uncommitted(world.repository, 'main').map(({ type, path }) => [type, path]);
      const { id } = world.commit('main', {});
      const made = world.model.diff(world.repository, before, id, false).map(({ type, path }) => [type, path]);
      expect(made).toEqual(told);
    });
  });
});

describe('identifiers', () => {
  it('follow from content and time alone: the same story gives the same commits', () => {
    holds([someEdits(), someEdits(), fc.nat({ max: 5000 })], (base, edits, pause) => {
      const tell = () => {
        const world = new World(base);
        world.wait(pause);
        world.branchWith('run', edits);
        world.merge('run');
        return world.head();
      };
      expect(tell()).toBe(tell());
    });
  });

  it('of meta-ranges are equal where the trees are the same objects', () => {
    const world = new World({ a: '1' });
    const before = world.model.log(world.repository, 'main', true)[0];
    world.commit('main', { b: '1' });
    const after = world.commit('main', { b: null });
    expect(after.metaRangeId).toBe(before?.metaRangeId);
  });
});

describe('listings', () => {
  const page = { prefix: '', delimiter: '', after: '' };
  const asPrefix = (path: string) => ({ path });

  it('lose nothing between pages, whatever their size', () => {
    holds([someEdits(), fc.integer({ min: 1, max: 9 }), fc.constantFrom('', '/')], (base, amount, delimiter) => {
      const items = Object.keys(new World(base).files()).map((path) => ({ path }));
      items.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
      const whole = pageOf(items, { ...page, delimiter, amount: 1000 }, asPrefix).results;
      const pieces: { path: string }[] = [];
      for (let after = '', hasMore = true; hasMore; ) {
        const piece = pageOf(items, { ...page, delimiter, amount, after }, asPrefix);
        expect(piece.results.length).toBeLessThanOrEqual(amount);
        pieces.push(...piece.results);
        ({ hasMore, nextOffset: after } = piece);
      }
      expect(pieces).toEqual(whole);
    });
  });
});

import { describe, expect, it } from 'vitest';
import { againstEveryServer, type Page, paths, text } from './workbench.ts';

againstEveryServer((lake) => {
  const { put, headOf, commit, branchWith, mergeCommit, files } = lake;

  describe('diffs, logs and listings', () => {
    it('two dots: what differs', async () => {
      const left = await commit('main', { a: '1', b: '1', c: '1' });
      const right = await commit('main', { a: '2', b: null, d: '1' });
      expect(await paths(lake.lakefs.diff(lake.repository, left.id, right.id, { type: 'two_dot' }))).toEqual([
        'changed a',
        'removed b',
        'added d',
      ]);
    });

    it('three dots: what the right side changed since the base', async () => {
      const source = await branchWith('b', { x: '1' });
      await commit('main', { y: '1' });
      expect(await paths(lake.lakefs.diff(lake.repository, 'main', source.id, { type: 'three_dot' }))).toEqual([
        'added x',
      ]);
    });

    it('with prefix and delimiter: changed prefixes, at the cost of prefixes', async () => {
      const left = await commit('main', { 't/p=1/a': '1', 't/p=2/a': '1', 'u/x': '1' });
      const right = await commit('main', { 't/p=1/b': '1', 't/p=3/a': '1', 't/top': '1', 'u/x': '2' });
      const changes = await Array.fromAsync(
        lake.lakefs.diff(lake.repository, left.id, right.id, { type: 'two_dot', prefix: 't/', delimiter: '/' }),
      );
      expect(changes.map(({ path, isPrefix }) => [path, isPrefix])).toEqual([
        ['t/p=1/', true],
        ['t/p=3/', true],
        ['t/top', false],
      ]);
      expect(changes.slice(0, 2).every(({ type }) => type === 'prefix_changed')).toBe(true);
    });

    it('the log follows first parents, newest first, and stops at a commit, that one included', async () => {
      const base = await headOf();
      const [a, b] = [await branchWith('a', { x: '1' }), await branchWith('b', { y: '1' })];
      const [m1, m2] = [await mergeCommit(a.id), await mergeCommit(b.id)];
      const log = async (options: { stopAt?: string; limit?: number }) =>
        (await Array.fromAsync(lake.lakefs.log(lake.repository, 'main', options))).map(({ id }) => id);
      expect(await log({})).toEqual([m2, m1, base]);
      expect(await log({ stopAt: m1 })).toEqual([m2, m1]);
      expect(await log({ limit: 1 })).toEqual([m2]);
      await expect(log({ stopAt: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'BL3004' });
    });

    it('listings go by prefix, delimiter and after', async () => {
      await commit('main', { 'a/1': '', 'a/2': '', b: '', 'c/1': '' });
      const list = async (options: { prefix?: string; delimiter?: string; after?: string }) =>
        (await Array.fromAsync(lake.lakefs.listObjects(lake.repository, 'main', options))).map(
          ({ path, isPrefix }) => `${path}${isPrefix ? ' (prefix)' : ''}`,
        );
      expect(await list({ delimiter: '/' })).toEqual(['a/ (prefix)', 'b', 'c/ (prefix)']);
      expect(await list({ prefix: 'a/' })).toEqual(['a/1', 'a/2']);
      expect(await list({ after: 'a/2' })).toEqual(['b', 'c/1']);
    });

    it('a part of an object, by its range', async () => {
      const { id } = await commit('main', { file: '0123456789' });
      const part = async (from: number, to: number) =>
        text(await lake.lakefs.getObjectRange(lake.repository, id, 'file', { from, to }));
      expect(await part(0, 10)).toBe('0123456789');
      expect(await part(2, 4)).toBe('23');
      expect(await part(9, 10)).toBe('9');
      const missing = lake.lakefs.getObjectRange(lake.repository, id, 'other', { from: 0, to: 1 });
      expect(await missing).toBeUndefined();
    });

    it('pages: no more than asked for, no more than 1,000, nothing lost between', async () => {
      await commit(
        'main',
        Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`p${String(i % 4)}/f${String(i)}`, String(i)])),
      );
      const url = (after: string) => `/refs/main/objects/ls?amount=3&after=${encodeURIComponent(after)}`;
      const seen: string[] = [];
      let after = '';
      for (let page = 0; page < 3; page += 1) {
        const { body } = await lake.call('GET', url(after));
        const { pagination, results } = body as {
          pagination: { has_more: boolean; next_offset: string; max_per_page: number };
          results: { path: string }[];
        };
        seen.push(...results.map(({ path }) => path));
        expect(pagination.has_more).toBe(page < 2);
        expect(pagination.max_per_page).toBe(1000);
        after = pagination.next_offset;
      }
      expect(seen).toEqual(await files());
      const { status } = await lake.call('GET', `/refs/main/objects/ls?amount=1001`);
      expect(status).toBe(400);
    });

    it.each(['two_dot', 'three_dot'] as const)(
      'a diff with %s comes by the page, with prefix and offset',
      async (type) => {
        const left = await commit('main', { 'a/1': '1', 'b/1': '1' });
        const right = await commit('main', { 'a/2': '1', 'b/1': '2', 'b/2': '1', 'b/3': '1', 'c/1': '1' });
        const page = async (query: string) =>
          (await lake.call('GET', `/refs/${left.id}/diff/${right.id}?type=${type}&${query}`)).body as Page;
        const first = await page('prefix=b/&amount=2');
        expect(first.results.map(({ type: kind, path }) => `${kind} ${path}`)).toEqual(['changed b/1', 'added b/2']);
        expect(first.pagination).toMatchObject({ has_more: true, next_offset: 'b/2', max_per_page: 1000 });
        const second = await page(`prefix=b/&amount=2&after=${first.pagination.next_offset}`);
        expect(second.results.map(({ path }) => path)).toEqual(['b/3']);
        expect(second.pagination).toMatchObject({ has_more: false, next_offset: '' });
      },
    );

    it.each(['two_dot', 'three_dot'] as const)(
      'a diff with %s by prefixes comes by the page, none lost or twice',
      async (type) => {
        const left = await commit('main', { base: '1' });
        const made = Object.fromEntries(
          [1, 2, 3, 10, 11].flatMap((p) => ['x', 'y'].map((file) => [`t/p=${String(p)}/${file}`, '1'])),
        );
        const right = await commit('main', made);
        const seen: string[] = [];
        for (let after = '', more = true; more; ) {
          const query = `type=${type}&prefix=t/&delimiter=/&amount=2&after=${encodeURIComponent(after)}`;
          const { results, pagination } = (await lake.call('GET', `/refs/${left.id}/diff/${right.id}?${query}`))
            .body as Page;
          seen.push(...results.map(({ path }) => path));
          [after, more] = [pagination.next_offset, pagination.has_more];
        }
        expect(seen).toEqual(['t/p=1/', 't/p=10/', 't/p=11/', 't/p=2/', 't/p=3/']);
      },
    );

    it('a diff by prefixes that goes on after an object loses what begins like it, unless a character is put behind', async () => {
      const left = await commit('main', { base: '1' });
      const right = await commit('main', { 'p=1': '1', 'p=1/x': '1', 'p=10/x': '1', q: '1' });
      const goingOn = async (offset: string) => {
        const query = `type=two_dot&delimiter=/&after=${encodeURIComponent(offset)}`;
        const { body } = await lake.call('GET', `/refs/${left.id}/diff/${right.id}?${query}`);
        return (body as Page).results.map(({ path }) => path);
      };
      expect(await goingOn('p=1')).toEqual(['q']);
      expect(await goingOn('p=1\u0001')).toEqual(['p=1/', 'p=10/', 'q']);
    });

    it('three dots tell a deletion and a rewrite, not what both sides did alike', async () => {
      await commit('main', { gone: '1', both: '1', kept: '1' });
      await branchWith('b', { gone: null, both: '2', kept: '2' });
      await commit('main', { both: '2' });
      expect(await paths(lake.lakefs.diff(lake.repository, 'main', 'b', { type: 'three_dot' }))).toEqual([
        'removed gone',
        'changed kept',
      ]);
    });

    it('three dots are the default; other kinds, and refs that do not exist, are refused', async () => {
      const source = await branchWith('b', { x: '1' });
      await commit('main', { y: '1' });
      const { body } = await lake.call('GET', `/refs/main/diff/${source.id}`);
      expect((body as Page).results.map(({ path }) => path)).toEqual(['x']);
      expect(await lake.status('GET', `/refs/main/diff/${source.id}?type=four_dot`)).toBe(400);
      expect(await lake.status('GET', '/refs/main/diff/no-such-ref?type=two_dot')).toBe(404);
      expect(await lake.status('GET', '/refs/no-such-ref/diff/main?type=two_dot')).toBe(404);
    });

    it('what is staged comes by the page, with prefix and delimiter', async () => {
      for (const path of ['a/1', 'a/2', 'b/1']) await put('main', path);
      const { body } = await lake.call('GET', '/branches/main/diff?amount=2');
      expect((body as Page).pagination).toMatchObject({ has_more: true, next_offset: 'a/2' });
      const by = await lake.call('GET', '/branches/main/diff?delimiter=/');
      expect((by.body as Page).results.map(({ type, path }) => `${type} ${path}`)).toEqual([
        'prefix_changed a/',
        'prefix_changed b/',
      ]);
      const below = await lake.call('GET', '/branches/main/diff?prefix=a/&after=a/1');
      expect((below.body as Page).results.map(({ path }) => path)).toEqual(['a/2']);
    });

    it('a listing by prefixes comes by the page, none lost or twice', async () => {
      await commit('main', Object.fromEntries(['a', 'a/1', 'a/2', 'a0', 'b/1', 'c', 'd/1'].map((path) => [path, '1'])));
      const seen: string[] = [];
      for (let after = '', more = true; more; ) {
        const query = `delimiter=/&amount=2&after=${encodeURIComponent(after)}`;
        const { results, pagination } = (await lake.call('GET', `/refs/main/objects/ls?${query}`)).body as Page;
        seen.push(...results.map(({ path }) => path));
        [after, more] = [pagination.next_offset, pagination.has_more];
      }
      expect(seen).toEqual(['a', 'a/', 'a0', 'b/', 'c', 'd/']);
    });

    it('a listing goes in the order of bytes', async () => {
      const names = ['Z', 'a', 'a b', 'a/b', 'a0', 'é', '\u{1F600}', '～'];
      await commit('main', Object.fromEntries(names.map((path) => [path, '1'])));
      const inBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await files()).toEqual(inBytes);
    });

    it('a listing of a branch shows what is staged; of its name with "@" or its commit, it does not', async () => {
      await commit('main', { x: '1' });
      await put('main', 'staged');
      expect(await files('main')).toEqual(['staged', 'x']);
      expect(await files('main$')).toEqual(['staged', 'x']);
      expect(await files('main@')).toEqual(['x']);
    });

    it.each(['x', '1001', '-2', '1.5'])('an amount of %s is refused before anything is looked up', async (amount) => {
      expect(await lake.status('GET', `/refs/no-such-ref/objects/ls?amount=${amount}`)).toBe(400);
      expect(await lake.status('GET', `/refs/main/commits?amount=${amount}`)).toBe(400);
    });

    it('the log tells every commit, those of merged branches too, the youngest first, no parent before its child', async () => {
      const base = await headOf();
      const a = await branchWith('a', { x: '1' });
      const b = await commit('a', { x: '2' });
      const own = await commit('main', { y: '1' });
      const id = await mergeCommit(b.id);
      const { body } = await lake.call('GET', '/refs/main/commits');
      expect((body as Page).results.map((commit) => commit.id)).toEqual([id, own.id, b.id, a.id, base]);
    });

    it('the log comes by the page, goes on after a commit, and ends where it is limited', async () => {
      const made: string[] = [await headOf()];
      for (const x of ['1', '2', '3']) made.unshift((await commit('main', { x })).id);
      const page = async (query: string) =>
        (await lake.call('GET', `/refs/main/commits?first_parent=true&${query}`)).body as Page;
      const first = await page('amount=2');
      expect(first.results.map(({ id }) => id)).toEqual(made.slice(0, 2));
      expect(first.pagination).toMatchObject({ has_more: true, next_offset: made[1] });
      const second = await page(`amount=2&after=${first.pagination.next_offset}`);
      expect(second.results.map(({ id }) => id)).toEqual(made.slice(2));
      expect(second.pagination.has_more).toBe(false);
      expect((await page('amount=2&limit=true')).pagination.has_more).toBe(false);
    });

    it('the log stops at a branch or a tag as well, and at what it does not meet, it does not', async () => {
      const base = await headOf();
      const first = await commit('main', { x: '1' });
      await lake.call('POST', '/tags', { id: 't', ref: first.id });
      const second = await commit('main', { x: '2' });
      const aside = await branchWith('b', { y: '1' });
      const log = async (stopAt: string) =>
        (await Array.fromAsync(lake.lakefs.log(lake.repository, 'main', { stopAt }))).map(({ id }) => id);
      expect(await log('t')).toEqual([second.id, first.id]);
      expect(await log(aside.id)).toEqual([second.id, first.id, base]);
    });
  });
});

import { describe, expect, it } from 'vitest';
import { againstEveryServer, bytes, paths, text } from './workbench.ts';

againstEveryServer((lake) => {
  const { put, headOf, commit, branchWith, files } = lake;

  describe('staging', () => {
    it('shows on its branch only, and in no commit', async () => {
      await lake.lakefs.createBranch(lake.repository, 'b', await headOf());
      await put('b', 'x');
      expect(await files('b')).toEqual(['x']);
      expect(await files()).toEqual([]);
      expect(await files(await headOf('b'))).toEqual([]);
      expect(await paths(lake.lakefs.listStaged(lake.repository, 'b'))).toEqual(['added x']);
    });

    it('a conditional upload writes once', async () => {
      const write = () => lake.lakefs.putObject(lake.repository, 'main', 'claim', bytes('me'), { ifAbsent: true });
      expect(await write()).toBe('written');
      expect(await write()).toBe('exists');
      expect(new TextDecoder().decode(await lake.lakefs.getObject(lake.repository, 'main', 'claim'))).toBe('me');
      expect(await lake.lakefs.getObject(lake.repository, 'main', 'other')).toBeUndefined();
    });

    it('an upload by form is the same as a raw one', async () => {
      const form = Buffer.from(
        '--b\r\nContent-Disposition: form-data; name="content"; filename="x"\r\n\r\nhello\r\n--b--\r\n',
      );
      const answer = await lake.call('POST', `/branches/main/objects?path=x`, form, {
        'content-type': 'multipart/form-data; boundary=b',
      });
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ path: 'x', size_bytes: 5 });
      expect(new TextDecoder().decode(await lake.lakefs.getObject(lake.repository, 'main', 'x'))).toBe('hello');
    });

    it('is thrown away below a prefix, or as a whole', async () => {
      for (const path of ['a/_temporary/1', 'a/x', 'b/y']) await put('main', path);
      await lake.lakefs.resetStaged(lake.repository, 'main', 'a/_temporary/');
      expect(await files()).toEqual(['a/x', 'b/y']);
      await lake.lakefs.resetStaged(lake.repository, 'main', 'nothing/here/');
      await lake.lakefs.resetStaged(lake.repository, 'main');
      expect(await files()).toEqual([]);
    });

    it('a rewrite with the same content is no change', async () => {
      await commit('main', { x: 'same' });
      await put('main', 'x', 'same');
      expect(await paths(lake.lakefs.listStaged(lake.repository, 'main'))).toEqual([]);
    });

    it('deleting, also what is not there, is no error', async () => {
      await commit('main', { x: '1', y: '2' });
      await lake.lakefs.deleteObjects(lake.repository, 'main', ['x', 'never']);
      expect(await paths(lake.lakefs.listStaged(lake.repository, 'main'))).toEqual(['removed x']);
      expect(await files()).toEqual(['y']);
    });

    it('copies from another ref', async () => {
      const from = await branchWith('b', { x: 'content' });
      await lake.lakefs.copyObject(lake.repository, 'main', 'copy', { ref: from.id, path: 'x' });
      expect(new TextDecoder().decode(await lake.lakefs.getObject(lake.repository, 'main', 'copy'))).toBe('content');
    });

    it('stat answers address, checksum and size', async () => {
      await put('main', 'x', 'hello');
      const { status, body } = await lake.call('GET', `/refs/main/objects/stat?path=x`);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        path: 'x',
        path_type: 'object',
        size_bytes: 5,
        checksum: '5d41402abc4b2a76b9719d911017c592',
      });
      expect((await lake.call('GET', `/refs/main/objects/stat?path=y`)).status).toBe(404);
    });

    it('a write to a branch that is not there is refused; many deletions say nothing of it', async () => {
      await expect(put('no-such-branch', 'x')).rejects.toMatchObject({ code: 'BL3004' });
      expect(await lake.status('DELETE', '/branches/no-such-branch/objects?path=x')).toBe(404);
      const many = await lake.call('POST', '/branches/no-such-branch/objects/delete', { paths: ['x'] });
      expect(many.status).toBe(200);
      expect((many.body as { errors?: unknown[] | null }).errors ?? []).toEqual([]);
    });

    it('at most 1,000 objects are deleted by one call', async () => {
      const some = (count: number) => ({ paths: Array.from({ length: count }, (_, i) => `x/${String(i)}`) });
      expect(await lake.status('POST', '/branches/main/objects/delete', some(1000))).toBe(200);
      expect(await lake.status('POST', '/branches/main/objects/delete', some(1001))).toBe(400);
      await lake.lakefs.deleteObjects(lake.repository, 'main', some(1001).paths);
    });

    it('a path is required', async () => {
      expect(await lake.status('POST', '/branches/main/objects?path=', Buffer.from('x'))).toBe(400);
      expect(await lake.status('POST', '/branches/main/objects', Buffer.from('x'))).toBe(400);
      expect(await lake.status('GET', '/refs/main/objects?path=')).toBe(400);
    });

    it.each(['a b', 'ä/é', 'p=1/x+y', 'a%20b', 'q?#&', 'a//b', '/a', '日本'])('a path may be %s', async (path) => {
      await put('main', path, 'content');
      expect(text(await lake.lakefs.getObject(lake.repository, 'main', path))).toBe('content');
      expect(await files()).toEqual([path]);
    });

    it('a conditional upload takes only "*"', async () => {
      const answer = await lake.call('POST', '/branches/main/objects?path=x', Buffer.from('1'), {
        'content-type': 'application/octet-stream',
        'if-none-match': '"5d41402abc4b2a76b9719d911017c592"',
      });
      expect(answer.status).toBe(501);
    });

    it('a conditional upload sees what is committed, and is free again after a deletion', async () => {
      await commit('main', { claim: 'me' });
      const write = () => lake.lakefs.putObject(lake.repository, 'main', 'claim', bytes('you'), { ifAbsent: true });
      expect(await write()).toBe('exists');
      await lake.lakefs.deleteObjects(lake.repository, 'main', ['claim']);
      expect(await write()).toBe('written');
    });

    it('a rewrite with other content, and a deletion taken back, are what they come to', async () => {
      await commit('main', { x: '1', y: '1' });
      await put('main', 'x', '2');
      await lake.lakefs.deleteObjects(lake.repository, 'main', ['y']);
      expect(await paths(lake.lakefs.listStaged(lake.repository, 'main'))).toEqual(['changed x', 'removed y']);
      await put('main', 'y', '1');
      expect(await paths(lake.lakefs.listStaged(lake.repository, 'main'))).toEqual(['changed x']);
    });

    it('one object is thrown away by its path, which is required', async () => {
      for (const path of ['a', 'ab']) await put('main', path);
      expect(await lake.status('PUT', '/branches/main', { type: 'object', path: 'a' })).toBe(204);
      expect(await files()).toEqual(['ab']);
      expect(await lake.status('PUT', '/branches/main', { type: 'object' })).toBe(400);
      expect(await lake.status('PUT', '/branches/main', { type: 'nonsense' })).toBe(400);
    });

    it('what is thrown away may be a deletion', async () => {
      await commit('main', { x: '1' });
      await lake.lakefs.deleteObjects(lake.repository, 'main', ['x']);
      await lake.lakefs.resetStaged(lake.repository, 'main');
      expect(await files()).toEqual(['x']);
    });

    it('a copy keeps content, checksum and metadata, and does not follow its source', async () => {
      await lake.call('POST', '/branches/main/objects?path=x', Buffer.from('1'), {
        'content-type': 'application/octet-stream',
        'x-lakefs-meta-origin': 'here',
      });
      await lake.lakefs.copyObject(lake.repository, 'main', 'copy', { ref: 'main', path: 'x' });
      await put('main', 'x', '2');
      const [copy] = await Array.fromAsync(lake.lakefs.listObjects(lake.repository, 'main', { prefix: 'copy' }));
      expect(copy).toMatchObject({ sizeBytes: 1, checksum: 'c4ca4238a0b923820dcc509a6f75849b' });
      const { body } = await lake.call('GET', '/refs/main/objects/stat?path=copy');
      expect((body as { metadata: unknown }).metadata).toMatchObject({ origin: 'here' });
      expect(await lake.status('POST', '/branches/main/objects/copy?dest_path=z', { src_path: 'none' })).toBe(404);
    });

    it('a part of an object is read by its range, and its head without its content', async () => {
      await put('main', 'x', '0123456789');
      const part = await lake.call('GET', '/refs/main/objects?path=x', undefined, { range: 'bytes=2-4' });
      expect([part.status, part.text, part.headers.get('content-range')]).toEqual([206, '234', 'bytes 2-4/10']);
      const head = await lake.call('HEAD', '/refs/main/objects?path=x');
      expect([head.status, head.headers.get('content-length'), head.text]).toEqual([200, '10', '']);
      expect(head.headers.get('etag')).toBe('"781e5e245d69b566979b86e28d23f2c7"');
    });
  });
});

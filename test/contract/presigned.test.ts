/** Access to the bytes past the server: where its block store can do that, which the server says itself. */
import { describe, expect, it } from 'vitest';
import { againstEveryServer } from './workbench.ts';

interface Staged {
  readonly physical_address: string;
  readonly presigned_url: string | null;
}

againstEveryServer((lake) => {
  const { put } = lake;
  const isSupported = async (): Promise<boolean> => {
    const { body } = await lake.server.call('GET', '/config');
    return (body as { storage_config: { pre_sign_support: boolean } }).storage_config.pre_sign_support;
  };
  const stat = async (path: string, query = ''): Promise<{ physical_address: string }> =>
    (await lake.call('GET', `/refs/main/objects/stat?path=${path}${query}`)).body as { physical_address: string };

  describe('presigned', () => {
    it('reading: stat, listing and the object itself lead to its bytes', async ({ skip }) => {
      if (!(await isSupported())) return skip('the block store cannot presign');
      await put('main', 'x', 'hello');
      const listed = await lake.call('GET', '/refs/main/objects/ls?presign=true');
      const redirect = await lake.call('GET', '/refs/main/objects?path=x&presign=true');
      expect(redirect.status).toBe(302);
      const urls = [
        (await stat('x', '&presign=true')).physical_address,
        (listed.body as { results: { physical_address: string }[] }).results[0]?.physical_address ?? '',
        redirect.headers.get('location') ?? '',
      ];
      for (const url of urls) {
        expect(url).toMatch(/^https?:/);
        expect(await (await fetch(url)).text()).toBe('hello');
      }
      expect((await stat('x')).physical_address).not.toMatch(/^https?:/);
    });

    it('writing: the bytes go to the address that the server gave, then the object is put on the branch', async ({
      skip,
    }) => {
      if (!(await isSupported())) return skip('the block store cannot presign');
      const { body } = await lake.call('GET', '/branches/main/staging/backing?path=x&presign=true');
      const staging = body as Staged;
      const written = await fetch(staging.presigned_url ?? '', { method: 'PUT', body: 'hello' });
      expect(written.status).toBe(200);
      const link = { staging, checksum: '5d41402abc4b2a76b9719d911017c592', size_bytes: 5 };
      expect(await lake.status('PUT', '/branches/main/staging/backing?path=x', link)).toBe(200);
      expect((await lake.call('GET', '/refs/main/objects?path=x')).text).toBe('hello');
      expect(await lake.status('GET', '/branches/main/staging/backing?path=')).toBe(400);
    });

    it('writing: no other address is put on a branch, and none on a branch that is not there', async () => {
      const { body } = await lake.call('GET', '/branches/main/staging/backing?path=x');
      const staging = body as Staged;
      const about = { checksum: 'c', size_bytes: 1 };
      const foreign = {
        ...about,
        staging: { physical_address: `${lake.storageNamespace(lake.repository)}/data/other` },
      };
      expect(await lake.status('PUT', '/branches/main/staging/backing?path=x', foreign)).toBe(400);
      const url = '/branches/no-such-branch/staging/backing?path=x';
      // Some stores have the address signed for its branch: then it is that which is refused.
      expect([400, 404]).toContain(await lake.status('PUT', url, { ...about, staging }));
    });
  });
});

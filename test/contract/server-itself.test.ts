import { describe, expect, it } from 'vitest';
import { againstEveryServer } from './workbench.ts';

againstEveryServer((lake) => {
  describe('the server', () => {
    it('says that it is alive, to anybody', async () => {
      expect((await fetch(`${lake.endpoint}/_health`)).status).toBe(200);
      expect((await fetch(`${lake.endpoint}/api/v1/healthcheck`)).status).toBe(204);
    });

    it('tells version and storage to whoever has the keys', async () => {
      expect(await lake.lakefs.version()).toMatch(/\S/);
      const { status, body } = await lake.server.call('GET', '/config');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        version_config: { version: await lake.lakefs.version() },
        storage_config: { blockstore_type: expect.any(String), pre_sign_support: expect.any(Boolean) },
      });
      expect((await fetch(`${lake.endpoint}/api/v1/config`)).status).toBe(401);
    });

    it('gives every answer a request id', async () => {
      for (const path of ['/branches/main', '/branches/no-such-branch']) {
        expect((await lake.call('GET', path)).headers.get('x-request-id')).toMatch(/\S/);
      }
    });

    it('knows no other path', async () => {
      expect((await lake.server.call('GET', '/no-such-thing')).status).toBe(404);
      expect(await lake.status('GET', '/no-such-thing')).toBe(404);
    });
  });

  describe('a body', () => {
    it.each([
      ['that is no JSON', Buffer.from('{"message"'), 'application/json', 400],
      ['of another type', Buffer.from('message=m'), 'application/x-www-form-urlencoded', 400],
    ])('%s is refused', async (_, body, type, status) => {
      const answer = await lake.call('POST', '/branches/main/commits', body, { 'content-type': type });
      expect(answer.status).toBe(status);
    });

    it('may carry fields that nobody knows', async () => {
      const body = { name: 'b', source: 'main', from_the_future: true };
      expect(await lake.status('POST', '/branches', body)).toBe(201);
    });
  });
});

/** The only deletion of a repository that there is. */
import { describe, expect, it } from 'vitest';
import { createScratchRepositories } from '../../../../lambdas/adapters/lakefs/scratch.ts';
import { json, nothing, page, refusal } from './scripted.ts';

const ID = 'drill-restore-20261120t020000z-5f0c2a';
const PLACE = { id: ID, storageNamespace: `s3://lake/branchline-drills/${ID}` };
const repository = (id: string, storage_namespace: string) => ({ id, storage_namespace, default_branch: 'main' });

const scratch = (...answers: Response[]) => {
  const methods: string[] = [];
  const made = createScratchRepositories({
    endpoint: 'http://lakefs',
    credentials: { get: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }) },
    fetch: async (request: Request) => {
      methods.push(`${request.method} ${new URL(request.url).pathname}${new URL(request.url).search}`);
      return answers.shift() ?? nothing();
    },
  });
  return { made, methods };
};

describe('removing', () => {
  it.each([ID, `${ID}-back`])('%s, where it lies at the place of its drill', async (name) => {
    const { made, methods } = scratch(json(200, repository(name, `${PLACE.storageNamespace}/`)), nothing());
    expect(await made.remove(PLACE, name)).toBe('removed');
    expect(methods).toEqual([`GET /api/v1/repositories/${name}`, `DELETE /api/v1/repositories/${name}`]);
  });

  it('what is gone is said so, whoever was faster', async () => {
    expect(await scratch(refusal(404, 'repository not found')).made.remove(PLACE, ID)).toBe('absent');
    const faster = scratch(json(200, repository(ID, PLACE.storageNamespace)), refusal(404, 'repository not found'));
    expect(await faster.made.remove(PLACE, ID)).toBe('absent');
  });

  it.each([
    ['lies elsewhere', PLACE, repository(ID, 's3://lake/lake')],
    ['has another name', PLACE, repository('lake', PLACE.storageNamespace)],
    ['is of another drill', PLACE, repository('drill-restore-20261120t020000z-ffffff', PLACE.storageNamespace)],
    [
      'has a place that is no drill’s',
      { id: ID, storageNamespace: 's3://lake/lake' },
      repository(ID, 's3://lake/lake'),
    ],
  ])('never what %s', async (_, place, found) => {
    const { made, methods } = scratch(json(200, found));
    await expect(made.remove(place, found.id)).rejects.toMatchObject({ code: 'BL8804' });
    expect(methods.some((call) => call.startsWith('DELETE'))).toBe(false);
  });

  it('a refusal is told', async () => {
    const refused = scratch(json(200, repository(ID, PLACE.storageNamespace)), refusal(401, 'no'), refusal(401, 'no'));
    await expect(refused.made.remove(PLACE, ID)).rejects.toMatchObject({ code: 'BL3002' });
    await expect(scratch(refusal(401, 'no')).made.remove(PLACE, ID)).rejects.toMatchObject({ code: 'BL3002' });
  });
});

it('lists what has the name of a drill', async () => {
  const { made, methods } = scratch(page([repository(ID, 's3://x'), repository('drill-by-hand', 's3://y')]));
  expect((await Array.fromAsync(made.list())).map(({ name }) => name)).toEqual([ID]);
  expect(methods[0]).toContain('prefix=drill-');
});
